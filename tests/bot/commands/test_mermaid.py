"""The course of an incident as Mermaid: every decision is in it, also those not to act, and no word breaks out."""

import re
from pathlib import Path
from typing import Any

import pytest

from bot.commands.bundle import bundle
from bot.commands.bundle_markdown import markdown
from bot.commands.bundle_mermaid import mermaid
from incidents.diagnosis import Diagnosis, Reasoner, RetrainingVerdict
from incidents.investigation import Findings
from incidents.proposal import PlanDraft
from tests.bot.told_incident import store_in, told_incident
from tests.tools.incident_store.stage import Stage
from tools.incident_store.audit_reader import AuditReader

NODE = re.compile(r'    (\w+)\["([^"\[\]`<>]*(?:<br/>[^"\[\]`<>]*)*)"\](?::::(notdone|bad))?')
EDGE = re.compile(r'    (\w+) -->(?:\|"[^"|`<>\[\]]*"\|)? (\w+)')
STYLE = re.compile(r"    classDef (notdone|bad) [a-z-]+: [\w ]+")
HOSTILE = 'x"] --> evil["```\n<script>alert(1)</script> | end; click alerts "http://evil" #quot; %%{init}%%'


@pytest.fixture
def told(tmp_path: Path) -> dict[str, Any]:
    database = store_in(tmp_path / "data")
    incident_id = told_incident(Stage(database))
    made = bundle(AuditReader(database).rows(incident_id))
    database.close()
    return made


def parts(text: str) -> tuple[dict[str, tuple[str, str]], list[tuple[str, str]]]:
    """Nodes with words and style, and edges; every line is one of them, and every edge has both its ends."""
    lines = text.split("\n")
    assert (lines[0], lines[1], lines[-1]) == ("```mermaid", "flowchart TD", "```")
    nodes: dict[str, tuple[str, str]] = {}
    edges: list[tuple[str, str]] = []
    for line in lines[2:-1]:
        if node := NODE.fullmatch(line):
            nodes[node[1]] = (node[2], node[3] or "")
        elif edge := EDGE.fullmatch(line):
            edges.append((edge[1], edge[2]))
        else:
            assert STYLE.fullmatch(line), line
    assert {end for edge in edges for end in edge} == set(nodes)
    return nodes, edges


def test_the_whole_course_is_drawn_with_who_decided(told: dict[str, Any]) -> None:
    nodes, edges = parts(mermaid(told))
    assert "RollbackEndpoint" in nodes["step1"][0]
    assert nodes["step1end"][0].startswith("approved by U")
    assert "succeeded" in nodes["run1"][0]
    assert nodes["check1"][0].startswith("Verification: recovered")
    assert {("step1", "step1end"), ("step1", "run1"), ("run1", "check1"), ("check1", "now")} <= set(edges)


def test_what_was_refused_is_drawn_as_not_done(told: dict[str, Any]) -> None:
    nodes, _ = parts(mermaid(told))
    (refused,) = [words for words, style in nodes.values() if style == "notdone" and words.startswith("refused")]
    assert "USTRANGER" in refused or "not an approver" in refused


@pytest.mark.parametrize("state", ["denied", "expired", "superseded", "withdrawn"])
def test_a_decision_not_to_act_is_dashed_and_gives_its_reason(told: dict[str, Any], state: str) -> None:
    told["proposals"][0] |= {"state": state, "reason": "the campaign ends in an hour"}
    words, style = parts(mermaid(told))[0]["step1end"]
    assert style == "notdone"
    assert state in words and "the campaign ends in an hour" in words


def test_a_diagnosis_that_proposes_nothing_says_so(told: dict[str, Any]) -> None:
    diagnosis = Diagnosis.model_validate(
        {
            "root_cause": "benign",
            "culprit": {"kind": "none", "name": "nothing"},
            "confidence": "high",
            "summary": "A sale.",
            "claims": [],
            "hypotheses": [],
            "retraining": RetrainingVerdict(retrain=False, because="No harm was shown."),
            "advice": ["watch"],
            "reasoner": Reasoner(name="offline-rules", offline=True),
        }
    )
    findings = Findings(evidence=(), diagnosis=diagnosis, plan=PlanDraft(choices=(), explanation="To watch is enough."))
    shown = findings.model_dump(mode="json")
    one: dict[str, Any] = {
        "id": "i1",
        "state": "done",
        "evidence": [],
        "diagnosis": shown["diagnosis"],
        "plan": shown["plan"],
    }
    nodes, _ = parts(mermaid({**told, "investigations": [one], "proposals": [], "executions": [], "verifications": []}))
    assert nodes["look1none"] == ("Nothing proposed<br/>watch<br/>To watch is enough.", "notdone")
    assert nodes["look1retrain"] == ("Not retrained<br/>No harm was shown.", "notdone")


def test_words_from_outside_cannot_break_out_of_a_label(told: dict[str, Any]) -> None:
    told["alerts"][0]["labels"]["alertname"] = HOSTILE
    told["proposals"][0] |= {"reason": HOSTILE, "target": HOSTILE, "decided_by": HOSTILE, "decided_at": HOSTILE}
    told["refusals"] = [{"entry": number, "actor": HOSTILE, "kind": "refused", "text": HOSTILE} for number in range(30)]
    nodes, edges = parts(mermaid(told))
    assert "evil" not in nodes
    assert "18 more" in nodes["nomore"][0]
    assert len(edges) < 40


def test_it_stands_in_the_exported_report(told: dict[str, Any]) -> None:
    assert mermaid(told) in markdown(told)

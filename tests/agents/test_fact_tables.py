"""Facts that were told as tables are read back as they were, and told with less."""

import json
from typing import Any

import pytest

from agents.fact_tables import tabled, untabled
from agents.fencing import facts_fenced, facts_in, fences_in, readings_in
from agents.investigator import Investigator
from agents.llm_config import LlmConfig
from agents.readings.found import Found
from agents.readings.metrics import SignalReading
from incidents.alert import AlertKind
from incidents.evidence import Evidence, EvidenceKind
from sandbox.llm.wire import tool_use
from tests.agents.conftest import FEW, Server
from tests.agents.moments import NOW
from tests.agents.scenarios import SCENARIOS

Fact = dict[str, Any]


def fact(number: int, sentence: str, source: str = "Prometheus", **reading: Any) -> Fact:
    return {"id": f"E{number}", "source": source, "found": sentence, "reading": {"type": "signal", **reading}}


ROUND_TRIPS: list[list[Fact]] = [
    [],
    [fact(1, "Error rate is 2 %.", words="error rate", now=0.02)],
    [fact(1, "Error rate is 2 %.", words="error rate"), fact(2, "p99 latency is 1 s.", words="p99 latency")],
    [fact(1, "Error rate is 2 %.", words="error rate"), fact(2, "It is slow.", words="p99 latency")],
    [fact(1, "Do this.", quote="Do this."), fact(2, "Do that!", quote="Do that!")],
    [fact(1, "One", now=1.0, onset=None), fact(2, "two", now=None), fact(3, "three", onset="x", note={})],
    [fact(1, "a"), fact(2, "b", source="SageMaker"), fact(3, "c")],
    [fact(1, "a", id="INC-12", found="x", words=""), fact(2, "b", id="INC-13", words="")],
    [fact(1, "", words="error rate"), fact(2, "Error rate", words="error rate")],
]


@pytest.mark.parametrize("facts", ROUND_TRIPS)
def test_facts_are_read_back_as_they_were(facts: list[Fact]):
    assert untabled(json.loads(json.dumps(tabled(facts)))) == facts


NO_TABLES: list[dict[str, Any]] = [
    {},
    {"source": "x", "type": "signal", "columns": ["id", "found"]},
    {"source": "x", "type": "signal", "columns": ["id", "found"], "rows": [["E1"]]},
    {"source": "x", "type": "signal", "columns": ["id", "found"], "rows": [["E1", "a", {}, "more"]]},
    {"source": "x", "type": "signal", "columns": "id", "rows": "E1"},
]


@pytest.mark.parametrize("table", NO_TABLES)
def test_what_is_no_table_is_passed_over(table: dict[str, Any]):
    assert untabled([table]) == []


@pytest.mark.parametrize("scenario", FEW)
async def test_what_a_scenario_finds_is_told_in_two_thirds_of_the_words(scenario: str, server: Server):
    world = SCENARIOS[scenario]()
    investigator = Investigator(world.sources, server.config())
    await investigator.investigate(world.case)
    await investigator.close()
    task: str = server.api.bodies[1]["messages"][0]["content"][1]["text"]
    (told,) = [content for content in fences_in(task) if "evidence" in content]
    facts = facts_in(told)
    assert len(facts) > 30
    assert len(readings_in([told])) == len(facts)
    assert len(json.dumps(told)) < len(json.dumps(facts)) * 2 / 3


def test_facts_that_stand_above_are_named_alone():
    found = [_signal(number) for number in (1, 2, 3)]
    (content,) = fences_in(facts_fenced("prometheus", found, told={"E1", "E3"}))
    assert content["stand_above"] == ["E1", "E3"]
    assert [one["id"] for one in facts_in(content)] == ["E2"]


async def test_a_tool_does_not_tell_again_what_stands_in_the_prompt(server: Server):
    world = SCENARIOS["bad_deployment"]()
    note = tool_use("triage_note", {"case_kind": "latency", "look_first": [], "suspicion": ""})
    server.api.script(note, tool_use("all_signals", {}, call_id="toolu_all"))
    investigator = Investigator(world.sources, server.config())
    await investigator.investigate(world.case)
    await investigator.close()
    task: str = server.api.bodies[1]["messages"][0]["content"][1]["text"]
    (result,) = server.api.bodies[2]["messages"][-1]["content"]
    (content,) = fences_in(result["content"][0]["text"])
    assert facts_in(content) == []
    above = {one["id"] for told in fences_in(task) for one in facts_in(told)}
    assert len(content["stand_above"]) > 10 and set(content["stand_above"]) <= above


async def test_an_answer_to_a_person_is_told_whole_what_was_only_named_before(server: Server):
    """Of an earlier investigation the prompt has the sentences alone; a tool then tells what was read as well."""
    world = SCENARIOS["bad_deployment"]()
    investigator = Investigator(world.sources, LlmConfig())
    known = await investigator.investigate(world.case)
    await investigator.close()
    server.api.script(tool_use("all_signals", {}, call_id="toolu_all"))
    investigator = Investigator(world.sources, server.config())
    await investigator.answer("How slow is it?", world.case, known)
    await investigator.close()
    (result,) = server.api.bodies[1]["messages"][-1]["content"]
    (content,) = fences_in(result["content"][0]["text"])
    assert len(facts_in(content)) > 10 and "stand_above" not in content


def _signal(number: int) -> Found:
    evidence = Evidence(
        id=f"E{number}", kind=EvidenceKind.METRIC, source="Prometheus", asked="x", found=f"It is {number}.", read_at=NOW
    )
    reading = SignalReading(
        evidence=f"E{number}",
        signal="error_rate",
        kind=AlertKind.ERROR_RATE,
        words="it",
        unit="ratio",
        now=number,
        bound=9,
    )
    return Found(evidence, reading)

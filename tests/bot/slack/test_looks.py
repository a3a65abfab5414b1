"""A second look at an incident: what it adds to the first, and what it does not say twice."""

from collections.abc import Mapping
from typing import Any

import pytest

from bot.slack.blocks.diagnosis import diagnosis_message
from bot.slack.blocks.root import root_message
from bot.slack.looks import found_again
from bot.slack.rendered import Rendered
from bot.slack.renderer import Renderer
from incidents.diagnosis import Confidence, RootCause, RunbookCitation
from incidents.evidence import Figure
from incidents.incident import IncidentState
from incidents.ledger import IncidentFile, InvestigationView
from incidents.message import MessageKind
from tests.bot.slack import samples
from tests.bot.slack.reading import read
from tests.bot.slack.samples import minute
from tests.bot.slack.test_renderer import Groups, Shelf, row

JOINED = "EndpointErrorRateHigh fires (critical)"


def looked_twice(second: Mapping[str, Any] | None = None, **diagnosis: Any) -> IncidentFile:
    """The second look began after the card of the first, which still waits, was put up; newest first, as read."""
    file = samples.file(IncidentState.AWAITING_DECISION)
    (first,) = file.investigations
    again = first.model_copy(
        update={
            "id": "inv2",
            "findings": samples.findings(**diagnosis),
            "created_at": minute(3),
            "started_at": minute(3),
            "finished_at": minute(3.5),
            **(second or {}),
        }
    )
    entries = samples.chain(
        [
            (0.1, "alertmanager", "alert_fired", "EndpointLatencyP99High fires (critical)", {}),
            (2.9, "alertmanager", "alert_joined", JOINED, {}),
        ]
    )
    return file.model_copy(update={"investigations": (again, first), "timeline": entries})


def look(file: IncidentFile, id: str) -> InvestigationView:
    return next(one for one in file.investigations if one.id == id)


async def said(file: IncidentFile, kind: MessageKind, subject: str) -> str:
    shelf = Shelf(IncidentState.AWAITING_DECISION)
    shelf.shown = file
    render = Renderer(shelf, Groups(), lambda: samples.LINKS, lambda: minute(6))
    content = await render(row(kind, subject))
    assert isinstance(content, Rendered)
    return read(content)


async def test_a_look_that_finds_the_same_is_told_in_short_and_points_to_the_card_that_stands() -> None:
    told = await said(looked_twice(), MessageKind.DIAGNOSIS, "inv2")
    assert "*Looked again, the diagnosis stays:* Bad deployment" in told
    assert "*New since the last look:* error rate too high (critical)" in told
    assert "waits for approval on the card above" in told and "below" not in told
    assert "What the runbooks say" not in told


async def test_a_passage_that_no_look_before_it_cited_is_told() -> None:
    new = RunbookCitation(file="retraining.md", heading="When not to", quote="Not on broken data.", lines=(9, 9))
    known = samples.findings().diagnosis.citations
    told = await said(looked_twice(citations=(*known, new)), MessageKind.DIAGNOSIS, "inv2")
    assert "*Looked again, the diagnosis stays:* Bad deployment" in told
    assert "retraining.md" in told and "Not on broken data." in told
    assert known[0].quote not in told


async def test_its_evidence_is_told_without_what_stands_with_the_first() -> None:
    told = await said(looked_twice(), MessageKind.EVIDENCE, "inv2")
    assert "E1" in told and "Explanations, most likely first" not in told and "histogram_quantile" not in told


async def test_the_first_look_stays_told_in_full() -> None:
    told = await said(looked_twice(), MessageKind.DIAGNOSIS, "inv1")
    assert "*What:* Bad deployment" in told and "put up for approval below" in told
    assert "histogram_quantile" in await said(looked_twice(), MessageKind.EVIDENCE, "inv1")


@pytest.mark.parametrize(
    "changed", [{"root_cause": RootCause.TRAFFIC_ANOMALY}, {"confidence": Confidence.LOW}], ids=["cause", "confidence"]
)
async def test_a_look_that_finds_something_else_is_told_in_full(changed: dict[str, Any]) -> None:
    told = await said(looked_twice(**changed), MessageKind.DIAGNOSIS, "inv2")
    assert "*What:*" in told and "Looked again" not in told


@pytest.mark.parametrize("asked", [{"question": "Is it the database?"}, {"asked_by": "UONCALL"}])
def test_a_look_that_a_person_asked_for_is_told_in_full(asked: Mapping[str, Any]) -> None:
    file = looked_twice(asked)
    assert found_again(file, look(file, "inv2")) is None


def test_a_look_after_one_that_failed_has_nothing_before_it() -> None:
    file = looked_twice()
    newest, first = file.investigations
    file = file.model_copy(update={"investigations": (newest, first.model_copy(update={"state": "failed"}))})
    assert found_again(file, newest) is None


def test_what_joined_before_the_first_look_is_not_told_as_new() -> None:
    file = looked_twice()
    found = found_again(file, look(file, "inv2"))
    assert found is not None and found.joined == (JOINED,)


def test_the_first_post_says_how_bad_it_is_while_it_lasts() -> None:
    worse = (Figure(name="now", value=2.5, unit="s"), Figure(name="limit", value=1.0, unit="s"))
    said = "*How bad:* p99 is 12 times what it was before the deployment."
    assert said in read(root_message(_with_figures(IncidentState.AWAITING_DECISION, worse), samples.LINKS))
    assert said not in read(root_message(_with_figures(IncidentState.RESOLVED, worse), samples.LINKS))
    inside = (Figure(name="now", value=0.5, unit="s"), Figure(name="limit", value=1.0, unit="s"))
    assert "How bad" not in read(root_message(_with_figures(IncidentState.AWAITING_DECISION, inside), samples.LINKS))


def _with_figures(state: IncidentState, figures: tuple[Figure, ...]) -> IncidentFile:
    file = samples.file(state)
    (only,) = file.investigations
    findings = samples.findings()
    first, *others = findings.evidence
    evidence = (first.model_copy(update={"figures": figures}), *others)
    shown = only.model_copy(update={"findings": findings.model_copy(update={"evidence": evidence})})
    return file.model_copy(update={"investigations": (shown,)})


def test_without_a_card_a_look_says_what_is_advised() -> None:
    told = read(diagnosis_message(samples.findings(), samples.LINKS))
    assert "*What next:*" in told and "approval" not in told

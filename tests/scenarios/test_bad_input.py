"""What the bot makes of alerts it does not know, of hostile texts, and of partners that are away or talk nonsense."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest
import pytest_asyncio

from incidents.evidence import EvidenceKind
from incidents.ledger import IncidentFile
from tests.scenarios.rig import Rig, alert_of, buttons, payload_of, resolved, words

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

Json = dict[str, Any]

PING, LINK, BACKWARDS = "<!channel> <@UONCALL>", "<https://evil.example|your dashboard>", "\u202egnp.exe\u0007"
HOSTILE = f"{PING} {LINK} {BACKWARDS}"


@dataclass
class Case:
    """One incident as it was kept and as it was shown."""

    file: IncidentFile
    thread: list[Json]

    @property
    def read(self) -> str:
        return "\n".join(words(message) for message in self.thread)

    @property
    def gaps(self) -> str:
        assert self.file.findings is not None
        return " ".join(one.found for one in self.file.findings.evidence if one.kind is EvidenceKind.GAP)


@dataclass
class Story:
    """All cases by name."""

    cases: dict[str, Case] = field(default_factory=dict[str, Case])
    seen_while_slack_was_down: list[Json] = field(default_factory=list[Json])


async def _diagnosed(rig: Rig, model: str, *alerts: Json) -> str:
    """An incident from its alerts, or from those that the world sends by itself, until it is diagnosed."""
    if alerts:
        await rig.fire(*alerts)
    incident = await rig.incident(model)
    await rig.diagnosed(incident.id)
    return incident.id


async def _cases(rig: Rig, incidents: dict[str, str]) -> dict[str, Case]:
    """The incidents once everything about them is told."""
    await rig.settled()
    return {name: Case(await rig.file(id), await rig.thread_of(id)) for name, id in incidents.items()}


def _slow(model: str) -> Json:
    return alert_of("EndpointLatencyP99High", model=model, endpoint=f"{model}-prod")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def story(rig: Rig) -> Story:
    seen = Story()
    unknown = alert_of("ModelAccuracyLow", model="mystery", env="prod", endpoint="mystery-prod")
    long = {**_slow("churn-predictor"), "annotations": {"summary": f"{HOSTILE} {'long ' * 20_000}"}}
    long["labels"] = {**long["labels"], "alertname": f"High {PING}", "team": HOSTILE}
    await rig.fire(unknown, long)
    opened = {
        "unknown": await _diagnosed(rig, "mystery"),
        "hostile": await _diagnosed(rig, "churn-predictor"),
    }
    seen.cases |= await _cases(rig, opened)
    await rig.calm()

    await rig.fault("slack", "down")
    alert = _slow("fraud-detector")
    await rig.fire(alert)
    incident = await rig.incident("fraud-detector")
    await rig.diagnosed(incident.id)
    await rig.fire(resolved(alert))
    await rig.when(incident.id, lambda f: f.incident.resolved_at, "the end of the alert")
    seen.seen_while_slack_was_down = await rig.thread_of(incident.id)
    await rig.mend()
    await rig.settled()
    seen.cases["slack down"] = Case(await rig.file(incident.id), await rig.thread_of(incident.id))

    opened: dict[str, str] = {}
    for kind, model in (("down", "fraud-detector"), ("garbage", "churn-predictor"), ("slow", "product-recommender")):
        await rig.fault("prometheus", kind)
        opened[f"prometheus {kind}"] = await _diagnosed(rig, model, _slow(model))
        await rig.mend()
    seen.cases |= await _cases(rig, opened)
    await rig.calm()

    await rig.fault("aws", "denied")
    await rig.call("POST", "scenarios/bad_deployment")
    opened = {"aws denied": await _diagnosed(rig, "product-recommender")}
    await rig.mend()
    for kind, model in (("throttle", "churn-predictor"), ("down", "fraud-detector")):
        await rig.fault("aws", kind)
        opened[f"aws {kind}"] = await _diagnosed(rig, model, _slow(model))
        await rig.mend()
    seen.cases |= await _cases(rig, opened)
    return seen


async def test_an_unknown_model_gets_a_read_only_incident_that_says_what_to_add(story: Story) -> None:
    case = story.cases["unknown"]
    assert case.thread[0]["channel"] == "CINCIDENTS"
    assert "not in the catalogue, read-only" in case.read
    assert "manifests/models.yaml" in case.read and "mystery" in case.read
    assert case.file.proposals == ()


async def test_hostile_text_is_shown_escaped_and_pings_nobody(story: Story) -> None:
    case = story.cases["hostile"]
    assert "&lt;!channel&gt;" in case.read
    assert "\u202e" not in case.read and "\u0007" not in case.read
    for message in case.thread:
        for markup in _markup(message):
            assert "<!channel" not in markup and "<@UONCALL" not in markup and "<https://evil" not in markup
        assert not [one for one in _elements(message["blocks"]) if one["type"] in {"broadcast", "user", "usergroup"}]
        assert not [one for one in _elements(message["blocks"]) if "evil.example" in str(one.get("url", ""))]


def _elements(value: Any) -> Iterator[Json]:
    """Every typed object in blocks, whatever it is in."""
    if isinstance(value, list):
        items = cast("list[Any]", value)
        yield from (element for item in items for element in _elements(item))
    if isinstance(value, dict):
        given = cast("Json", value)
        if isinstance(given.get("type"), str):
            yield given
        yield from (element for item in given.values() for element in _elements(item))


def _markup(message: Json) -> list[str]:
    """The texts in which Slack looks for mentions and links; plain and rich text are shown as they are."""
    kinds = {"mrkdwn", "markdown"}
    return [message["text"], *(str(one["text"]) for one in _elements(message["blocks"]) if one["type"] in kinds)]


async def test_a_hundred_thousand_characters_are_cut_and_slack_takes_the_message(story: Story) -> None:
    for message in story.cases["hostile"].thread:
        assert message["blocks"], "blocks were refused and only the text was sent"
        assert len(words(message)) < 20_000


async def test_while_slack_is_down_the_work_goes_on_and_is_told_later_in_order_and_once(story: Story) -> None:
    assert story.seen_while_slack_was_down == []
    kinds = [message["metadata"]["event_payload"]["kind"] for message in story.cases["slack down"].thread]
    # No chart of the signals: by the time that it could be posted the alert was over. That of the course comes last.
    assert kinds == ["root", "progress", "diagnosis", "evidence", "advice", "report", "chart"]


@pytest.mark.parametrize("kind", ["down", "garbage", "slow"])
async def test_without_prometheus_the_diagnosis_says_so_and_nothing_is_proposed(story: Story, kind: str) -> None:
    case = story.cases[f"prometheus {kind}"]
    assert "Prometheus" in case.gaps
    assert "Prometheus" in case.read and "could not be read" in case.read
    assert case.file.findings is not None
    assert case.file.findings.diagnosis.confidence.value == "low"
    assert case.file.proposals == ()
    assert [one for message in case.thread for one in buttons(message)] == []


@pytest.mark.parametrize("kind", ["down", "denied", "throttle"])
async def test_without_aws_the_diagnosis_says_so_and_nothing_is_proposed(story: Story, kind: str) -> None:
    case = story.cases[f"aws {kind}"]
    assert "SageMaker" in case.gaps
    assert "SageMaker" in case.read and "could not be read" in case.read
    assert case.file.proposals == ()
    assert [one for message in case.thread for one in buttons(message)] == []


async def test_a_wrong_token_is_refused_and_nothing_is_stored(rig: Rig) -> None:
    before = rig.reader.count_incidents(live=False)
    status, _ = await rig.post(payload_of(_slow("fraud-detector")), token="not the token at all")
    assert status == 401
    assert rig.reader.count_incidents(live=False) == before


async def test_what_is_no_payload_is_refused_with_the_field_named(rig: Rig) -> None:
    good = payload_of(_slow("fraud-detector"))
    assert (await rig.post(b"no json"))[0] == 400
    assert (await rig.post({**good, "version": "5"}))[0] == 400
    status, answer = await rig.post({key: value for key, value in good.items() if key != "receiver"})
    assert (status, answer["field"]) == (422, "receiver")
    assert (await rig.post(b"[" + b" " * 10_000_000 + b"]"))[0] == 413


async def test_an_alert_sent_again_opens_no_second_incident(rig: Rig) -> None:
    alert = alert_of("InputVolumeAbnormal", model="twice", env="prod", since=datetime.now(UTC))
    await rig.fire(alert)
    await rig.fire(alert)
    first = await rig.incident("twice")
    await rig.diagnosed(first.id)
    assert [one.id for one in rig.reader.incidents(live=False, model="twice")] == [first.id]

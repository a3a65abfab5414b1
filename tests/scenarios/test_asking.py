"""What people ask: slash commands, a mention in a thread, the App Home; and what guests and strangers get."""

import time
from typing import Any

import pytest
import pytest_asyncio

from incidents.incident import Incident
from tests.scenarios.rig import Rig, alert_of, words

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

Json = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def incident(rig: Rig) -> Incident:
    """An open incident of the fraud detector, diagnosed and told."""
    await rig.fire(alert_of("EndpointLatencyP99High", model="fraud-detector", endpoint="fraud-detector-prod"))
    opened = await rig.incident("fraud-detector")
    await rig.diagnosed(opened.id)
    await rig.settled()
    return opened


async def test_status_answers_in_a_second_with_a_line_a_model(rig: Rig, incident: Incident) -> None:
    began = time.monotonic()
    read = words(await rig.command("UVIEWER", "/agentops status"))
    assert time.monotonic() - began < 1.0
    for model in ("fraud-detector", "churn-predictor", "product-recommender"):
        assert model in read
    assert incident.id in read and "product-recommender-v23" in read


async def test_status_of_one_model_is_of_that_model_alone(rig: Rig, incident: Incident) -> None:
    read = words(await rig.command("UVIEWER", "/agentops status churn-predictor"))
    assert "churn-predictor" in read and "fraud-detector" not in read


async def test_incidents_lists_the_open_ones(rig: Rig, incident: Incident) -> None:
    assert incident.id in words(await rig.command("UVIEWER", "/agentops incidents"))


async def test_help_names_every_command(rig: Rig) -> None:
    read = words(await rig.command("UVIEWER", "/agentops help"))
    for name in ("status", "incidents", "investigate", "runbooks"):
        assert f"/agentops {name}" in read


async def test_an_unknown_command_gets_help_for_the_nearest(rig: Rig) -> None:
    assert "Did you mean" in words(await rig.command("UVIEWER", "/agentops statsu"))


async def test_runbooks_are_quoted_with_file_and_heading(rig: Rig) -> None:
    read = words(await rig.command("UVIEWER", "/agentops runbooks how do I roll an endpoint back?"))
    assert "rollback.md" in read


async def test_a_model_misspelt_is_offered_right(rig: Rig) -> None:
    read = words(await rig.command("UVIEWER", "/agentops investigate fraud-detectr"))
    assert "Did you mean" in read and "fraud-detector" in read


async def test_an_investigation_asked_for_goes_to_the_open_incident(rig: Rig, incident: Incident) -> None:
    read = words(await rig.command("UVIEWER", "/agentops investigate fraud-detector is it still slow?"))
    assert incident.id in read
    again = await rig.when(incident.id, lambda f: len(f.investigations) == 2, "the second investigation")
    assert again.investigations[0].question == "is it still slow?"
    assert again.investigations[0].asked_by == "UVIEWER"
    await rig.when(incident.id, lambda f: all(one.finished_at for one in f.investigations), "its end")
    await rig.settled()


async def test_a_question_in_the_thread_is_answered_there(rig: Rig, incident: Incident) -> None:
    thread = await rig.thread_of(incident.id)
    asked = {"persona": "UVIEWER", "channel": thread[0]["channel"], "thread_ts": thread[0]["ts"]}
    question = "was anything deployed lately?"
    await rig.call("POST", "slack/messages", {**asked, "text": f"@agentops {question}"})

    async def answered() -> Json | None:
        found = await rig.thread_of(incident.id)
        return next((one for one in found if one["is_bot"] and question in words(one)), None)

    read = words(await rig.until(answered, "the answer", 20))
    assert "deployed" in read.replace(question, "") or "changed" in read
    assert "offline rules" in read.lower()


@pytest.mark.parametrize("persona", ["UGUEST", "USTRANGER"])
async def test_guests_and_strangers_are_told_nothing(rig: Rig, incident: Incident, persona: str) -> None:
    for command in ("/agentops status", "/agentops incidents", "/agentops runbooks rollback"):
        read = words(await rig.command(persona, command))
        assert "full members" in read
        assert incident.id not in read and "fraud-detector" not in read


async def _home(rig: Rig, persona: str) -> Json:
    await rig.call("POST", "slack/home", {"persona": persona})

    async def published() -> Json | None:
        return (await rig.call("GET", f"slack/home?persona={persona}"))["view"]

    return await rig.until(published, f"the App Home of {persona}", 15)


async def test_the_app_home_shows_members_health_and_open_incidents(rig: Rig, incident: Incident) -> None:
    view = await _home(rig, "UVIEWER")
    read = words({"text": "", "blocks": view["blocks"]})
    for model in ("fraud-detector", "churn-predictor", "product-recommender"):
        assert model in read
    assert incident.id in read


@pytest.mark.parametrize("persona", ["UGUEST", "USTRANGER"])
async def test_the_app_home_shows_guests_and_strangers_no_data(rig: Rig, incident: Incident, persona: str) -> None:
    view = await _home(rig, persona)
    read = words({"text": "", "blocks": view["blocks"]})
    assert incident.id not in read and "fraud-detector" not in read

"""`/agentops ...`, from what is typed to the desk and back, through the real Bolt over a real socket."""

import contextlib
from typing import Any

import pytest

from bot.slack import ids
from bot.slack.listing import Listing
from sandbox.slack.errors import ControlError
from tests.bot.slack.fakes import eventually
from tests.bot.slack.office import CHANNEL, Office


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("status", ("status", Listing())),
        ("STATUS fraud-detector", ("status", Listing(model="fraud-detector"))),
        ("incidents 2", ("incidents", Listing(page=2))),
        (
            "investigate fraud-detector why did <it> fall?",
            ("investigate", "fraud-detector", "why did <it> fall?", "UVIEWER"),
        ),
        ("runbooks how do I roll back?", ("runbooks", "how do I roll back?")),
        ("pause", ("pause", "", "UVIEWER")),
        ("pause fraud-detector", ("pause", "fraud-detector", "UVIEWER")),
        ("resume", ("resume", "", frozenset[str]())),
        ("ack INC-7", ("ack", "INC-7", "UVIEWER")),
        ("close INC-7 mended by hand", ("close", "INC-7", "mended by hand", "UVIEWER")),
        ("false-alarm INC-7", ("false_alarm", "INC-7", "UVIEWER")),
        ("ask-again p4f1c09", ("ask_again", "p4f1c09", "UVIEWER")),
        ("propose retrain fraud-detector 28", ("propose", "retrain fraud-detector 28", "UVIEWER", False)),
        ("propose --dry-run retrain fraud-detector", ("propose", "retrain fraud-detector", "UVIEWER", True)),
    ],
)
async def test_a_command_reaches_the_desk_and_is_answered(office: Office, text: str, call: tuple[Any, ...]) -> None:
    await office.command(text)
    await eventually(lambda: len(office.private("UVIEWER")) == 1)
    assert office.desk.calls == [call]


async def test_a_button_turns_the_page_in_place(office: Office) -> None:
    await office.command("status critical env=prod")
    await eventually(lambda: len(office.private("UVIEWER")) == 1)
    (shown,) = (
        one for one in office.slack.workspace.messages.top_level(CHANNEL, persona="UVIEWER") if one.is_ephemeral
    )
    await office.acts.click(
        "UVIEWER",
        {"channel": CHANNEL, "ts": shown.ts},
        {"action_id": ids.NEXT_PAGE, "value": "status critical env=prod page 2"},
    )
    await office.told("UVIEWER", "Page 2 of 3")
    assert len(office.private("UVIEWER")) == 1
    asked = Listing(severity="critical", environment="prod", page=2)
    assert office.desk.calls[-1] == ("status", asked)


async def test_a_guest_turns_no_page(office: Office) -> None:
    await office.command("incidents")
    await eventually(lambda: len(office.private("UVIEWER")) == 1)
    (shown,) = (
        one for one in office.slack.workspace.messages.top_level(CHANNEL, persona="UVIEWER") if one.is_ephemeral
    )
    with contextlib.suppress(ControlError):
        await office.acts.click(
            "UGUEST", {"channel": CHANNEL, "ts": shown.ts}, {"action_id": ids.NEXT_PAGE, "value": "incidents page 2"}
        )
    assert len(office.desk.named("incidents")) == 1


async def test_approve_by_command_needs_the_digest(office: Office) -> None:
    await office.command("approve p1", "UONCALL")
    await office.told("UONCALL", "digest of 8 characters")
    await office.command("approve p1 1A2B3C4D", "UONCALL")
    await office.told("UONCALL", "is approved and runs now")
    [(_, proposal_id, digest, person)] = office.desk.named("approve_by_digest")
    assert (proposal_id, digest, person.groups) == ("p1", "1a2b3c4d", {"ml-oncall"})


@pytest.mark.parametrize(
    ("typed", "words"), [("statsu", "/agentops status"), ("zzz", "What I can do"), ("", "What I can do")]
)
async def test_an_unknown_subcommand_gets_help_for_the_nearest(office: Office, typed: str, words: str) -> None:
    await office.command(typed)
    await office.told("UVIEWER", words)
    assert office.desk.calls == []


async def test_an_unknown_model_gets_the_nearest(office: Office) -> None:
    await office.command("status fraud-detektor")
    await office.told("UVIEWER", "fraud-detector")


@pytest.mark.parametrize("persona", ["UGUEST", "USTRANGER"])
@pytest.mark.parametrize(
    "text",
    ["status", "incidents", "investigate fraud-detector", "runbooks x", "ack"],
)
async def test_guests_and_strangers_get_no_data_by_command(office: Office, persona: str, text: str) -> None:
    await office.command(text, persona)
    await office.told(persona, "full members")
    assert office.desk.calls == []


@pytest.mark.parametrize("persona", ["UGUEST", "USTRANGER"])
@pytest.mark.parametrize(
    "text", ["approve p1 1a2b3c4d", "ask-again p1", "ack INC-7", "close INC-7", "false-alarm INC-7", "propose x y"]
)
async def test_what_names_an_incident_goes_to_the_desk_which_writes_a_refusal_down(
    office: Office, persona: str, text: str
) -> None:
    await office.command(text, persona)
    await eventually(lambda: len(office.desk.done) == 1)
    assert len(office.desk.calls) == 1


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("close", "Which incident?"),
        ("false-alarm", "Which incident?"),
        ("ask-again", "Which proposal?"),
        ("ack", "Which incident?"),
        ("propose", "What should be proposed"),
        ("propose --dry-run", "What should be proposed"),
    ],
)
async def test_what_is_missing_is_named(office: Office, typed: str, words: str) -> None:
    await office.command(typed)
    await office.told("UVIEWER", words)
    assert [call for call in office.desk.calls if call[0] != "incidents"] == []


async def test_a_dry_run_shows_plan_calls_and_policy_to_one_person_only(office: Office) -> None:
    await office.command("propose rollback product-recommender --dry-run")
    await office.told("UVIEWER", "UpdateEndpoint")
    await office.told("UVIEWER", "asks for 1 approval")
    assert office.private("UONCALL") == []

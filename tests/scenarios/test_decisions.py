"""One rollback from wrong clicks to the right ones, across a restart and a crash; then one that nobody decides."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.demo import play
from bot.slack import ids
from incidents.approval import ApprovalState
from incidents.incident import IncidentState
from incidents.ledger import IncidentFile
from tests.scenarios.rig import Rig, approve_button, buttons, words

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

Json = dict[str, Any]
NOBODY = ("UVIEWER", "UGUEST", "USTRANGER")
MODEL = "product-recommender"


@dataclass
class Story:
    """What was seen at each point of it."""

    wrong: dict[str, list[Json]] = field(default_factory=dict[str, list[Json]])
    after_wrong: IncidentFile | None = None
    changes_after_wrong: list[Json] = field(default_factory=list[Json])
    card_after_wrong: Json = field(default_factory=dict[str, Any])
    first_vote: IncidentFile | None = None
    card_after_first_vote: str = ""
    again: list[Json] = field(default_factory=list[Json])
    late: list[Json] = field(default_factory=list[Json])
    others_after_late: list[Json] = field(default_factory=list[Json])
    file: IncidentFile | None = None
    thread: list[Json] = field(default_factory=list[Json])
    changes: list[Json] = field(default_factory=list[Json])
    ignored: Json = field(default_factory=dict[str, Any])
    ignored_thread: list[Json] = field(default_factory=list[Json])
    after_expiry: list[Json] = field(default_factory=list[Json])


async def _clicked(rig: Rig, incident_id: str, persona: str, card: Json, value: str | None = None) -> list[Json]:
    """Click Approve; what only the clicker is told of it."""
    before = len(await rig.told(persona, incident_id))
    await rig.click(persona, card, ids.APPROVE, value)

    async def told() -> list[Json] | None:
        return (await rig.told(persona, incident_id))[before:]

    return await rig.until(told, f"what only {persona} sees", 30)


def _tier_one(rig: Rig, folder: Path) -> Path:
    """The catalogue, with the recommender made as important as the fraud detector."""
    before, after = rig.models.read_text().split("product-recommender:", 1)
    file = folder / "models.yaml"
    file.write_text(f"{before}product-recommender:{after.replace('tier: 2', 'tier: 1', 1)}")
    return file


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def story(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Story:
    seen = Story()
    await rig.call("POST", "scenarios/bad_deployment")
    incident = await rig.incident(MODEL)
    card = await rig.card(incident.id)

    for persona in NOBODY:
        seen.wrong[persona] = await _clicked(rig, incident.id, persona, card)
    seen.wrong["forged"] = await _clicked(rig, incident.id, "UONCALL", card, value="0" * 18)
    seen.after_wrong, seen.changes_after_wrong = await rig.file(incident.id), await rig.changes()
    seen.card_after_wrong = await rig.card(incident.id)

    # A short lease: the bot that is started after the crash need not wait long before it takes the change over.
    tier_one = _tier_one(rig, tmp_path_factory.mktemp("manifests"))
    await rig.restart_bot(AGENTOPS_MODELS_FILE=str(tier_one), AGENTOPS_LEASE_SECONDS="4")
    await rig.fault("slack", "duplicate_delivery", count=1, match="block_actions")
    await rig.click("UONCALL", card, ids.APPROVE)
    seen.first_vote = await rig.when(incident.id, lambda f: f.proposals[0].approval.votes, "the first vote")
    seen.again = await _clicked(rig, incident.id, "UONCALL", card)
    await rig.settled()
    seen.card_after_first_vote = words(await rig.card(incident.id))

    await rig.click("USECOND", card, ids.APPROVE)
    await rig.when(incident.id, lambda f: f.executions, "the approval to be written down")
    await rig.kill_bot()
    # Five minutes to decide pass in five seconds from now on: the second rollback is to expire.
    await rig.start_bot(**rig.settings, AGENTOPS_DECISION_SPEED="60")
    seen.file = await rig.when(incident.id, lambda f: f.incident.state is IncidentState.RESOLVED, "the recovery")
    await rig.settled()

    proposal_id = seen.file.proposals[0].proposal.id
    seen.late = await _clicked(rig, incident.id, "ULEAD", card, value=proposal_id)
    seen.others_after_late = [one for one in await rig.told("USECOND", incident.id) if "Too late" in words(one)]
    seen.thread, seen.changes = await rig.thread_of(incident.id), await rig.changes()

    await rig.calm()
    seen.ignored = await play(rig.driver(), "bad_deployment", "ignore")
    seen.ignored_thread = await rig.thread_of(seen.ignored["incident"])
    expired, proposal_id = _card(seen.ignored_thread), seen.ignored["proposals"][0]["id"]
    seen.after_expiry = await _clicked(rig, seen.ignored["incident"], "UONCALL", expired, value=proposal_id)
    return seen


def _card(thread: list[Json]) -> Json:
    return next(one for one in thread if one["metadata"]["event_payload"]["kind"] == "proposal")


@pytest.mark.parametrize("persona", NOBODY)
async def test_a_click_of_somebody_who_may_not_is_answered_to_them_alone(story: Story, persona: str) -> None:
    assert len(story.wrong[persona]) == 1
    assert "does not count" in words(story.wrong[persona][0])


async def test_a_forged_value_finds_no_proposal(story: Story) -> None:
    assert len(story.wrong["forged"]) == 1
    assert "Nothing was changed" in words(story.wrong["forged"][0])


async def test_wrong_clicks_run_nothing_and_leave_the_card_as_it_was(story: Story) -> None:
    assert story.after_wrong is not None
    assert story.after_wrong.proposals[0].approval.state is ApprovalState.PENDING
    assert story.after_wrong.proposals[0].approval.votes == ()
    assert story.changes_after_wrong == []
    assert approve_button(story.card_after_wrong)


async def test_refused_clicks_are_in_the_timeline(story: Story) -> None:
    assert story.after_wrong is not None
    refused = [entry.actor for entry in story.after_wrong.timeline if entry.kind == "refused"]
    assert refused == list(NOBODY)


async def test_a_card_from_before_a_restart_still_works(story: Story) -> None:
    assert story.first_vote is not None
    assert [vote.person for vote in story.first_vote.proposals[0].approval.votes] == ["UONCALL"]


async def test_a_tier_one_rollback_takes_two_people_and_the_policy_is_asked_again_at_the_click(story: Story) -> None:
    assert story.first_vote is not None and story.file is not None
    assert story.first_vote.proposals[0].approval.state is ApprovalState.PENDING
    assert story.first_vote.proposals[0].approval.needed == 2
    assert "UONCALL" in story.card_after_first_vote and "1 of 2" in story.card_after_first_vote
    assert [vote.person for vote in story.file.proposals[0].approval.votes] == ["UONCALL", "USECOND"]


async def test_one_person_cannot_be_both_approvers(story: Story) -> None:
    assert "You approved" in words(story.again[0]) and "1 more" in words(story.again[0])


async def test_a_crash_right_after_the_approval_changes_the_endpoint_exactly_once(story: Story) -> None:
    assert [(one["operation"], one["outcome"]) for one in story.changes] == [("UpdateEndpoint", "ok")]
    assert story.changes[0]["request"]["EndpointConfigName"] == f"{MODEL}-v23"


async def test_after_a_crash_the_thread_is_complete_in_order_and_said_once(story: Story) -> None:
    kinds = [message["metadata"]["event_payload"]["kind"] for message in story.thread]
    assert kinds == [
        "root",
        "progress",
        "chart",
        "diagnosis",
        "evidence",
        "proposal",
        "execution",
        "verification",
        "report",
        "chart",
    ]


async def test_a_decided_card_has_no_live_button_and_names_both_approvers(story: Story) -> None:
    card = _card(story.thread)
    assert buttons(card) == []
    assert "<@UONCALL>" in words(card) and "<@USECOND>" in words(card)


async def test_a_click_on_a_decided_card_is_answered_to_its_clicker_alone(story: Story) -> None:
    assert len(story.late) == 1
    assert "Too late" in words(story.late[0])
    assert story.others_after_late == []


async def test_what_happened_is_decided_once_in_the_timeline(story: Story) -> None:
    assert story.file is not None
    kinds = Counter(entry.kind for entry in story.file.timeline)
    assert kinds["approved"] == kinds["call_sent"] == kinds["verified"] == 1


async def test_an_ignored_card_expires_and_the_incident_escalates(story: Story) -> None:
    assert story.ignored["outcome"] == "escalated"
    assert [one["state"] for one in story.ignored["proposals"]] == ["expired"]
    assert [one["kind"] for one in story.ignored["decisions"]] == ["expired"]
    assert story.ignored["aws_changes"] == []


async def test_an_expired_card_says_so_and_has_no_button(story: Story) -> None:
    card = _card(story.ignored_thread)
    assert buttons(card) == []
    assert "nobody decided in time" in words(card)
    assert any("Needs a person" in words(message) for message in story.ignored_thread)


async def test_a_click_after_the_expiry_is_answered_to_its_clicker_alone(story: Story) -> None:
    assert len(story.after_expiry) == 1
    assert "expired" in words(story.after_expiry[0])

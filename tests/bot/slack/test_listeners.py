"""What people do in Slack, from the click to the desk and back, through the real Bolt over a real socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from bot.slack import ids, showing
from bot.slack.app import SlackConfig, SlackSide
from bot.slack.blocks.chart import chart_missing, chart_post
from bot.slack.blocks.proposal import proposal_message
from bot.slack.listing import Listing
from bot.slack.views import DecisionResult
from incidents.clock import now
from incidents.ledger import IncidentFile
from incidents.storm import Digest
from sandbox.slack.acts import Acts, Submitted
from sandbox.slack.blocks import check_message_blocks
from sandbox.slack.errors import ControlError
from sandbox.slack.messages import Message
from sandbox.slack.server import SlackServer
from tests.bot.slack import samples
from tests.bot.slack.fakes import FakeDesk, FakeStore, eventually

CHANNEL = "CINCIDENTS"


class NoShelf:
    """A shelf that holds nothing."""

    async def file(self, incident_id: str) -> IncidentFile:
        raise LookupError(incident_id)

    async def digest(self, storm_id: str) -> Digest:
        raise LookupError(storm_id)

    async def chart(self, incident_id: str, investigation_id: str) -> None:
        return None

    async def answer(self, incident_id: str, subject: str) -> None:
        return None

    async def note(self, incident_id: str, subject: str) -> None:
        return None

    async def daily_note(self, id: int) -> None:
        return None

    def owners(self, model: str) -> None:
        return None


@dataclass
class Office:
    """The bot's Slack side with a desk that remembers, and the people around it."""

    slack: SlackServer
    side: SlackSide[FakeDesk]

    def __post_init__(self) -> None:
        self.acts = Acts(self.slack.workspace)

    @property
    def desk(self) -> FakeDesk:
        return self.side.desk

    def card(self) -> Message:
        """A thread with a proposal card in it."""
        workspace = self.slack.workspace
        root = workspace.post(Message(workspace.timestamps.next(), CHANNEL, "UAGENTOPS", "root"))
        blocks = check_message_blocks(proposal_message(samples.proposal_view()).blocks, lambda _: True)
        card = Message(workspace.timestamps.next(), CHANNEL, "UAGENTOPS", "card", blocks, thread_ts=root.ts)
        return workspace.post(card)

    async def click(
        self, card: Message, action_id: str, persona: str = "UONCALL", *, value: str = "p4f1c09"
    ) -> int | None:
        request = {"action_id": action_id, "value": value}
        return await self.acts.click(persona, {"channel": CHANNEL, "ts": card.ts}, request)

    async def home_click(self, action_id: str, persona: str = "UONCALL") -> int | None:
        """A click on the person's own home."""
        self.acts.open_home(persona)
        await eventually(lambda: "Approvals waiting" in self.home(persona))
        view = self.slack.workspace.views.home(persona)
        assert view is not None
        return await self.acts.click(persona, {"view_id": view.id}, {"action_id": action_id, "value": "p4f1c09"})

    async def deny(
        self, card: Message, reason: str, persona: str = "UONCALL", *, action_id: str = ids.DENY
    ) -> Submitted:
        await self.click(card, action_id, persona)
        return await self.give_reason(reason, persona)

    async def give_reason(self, reason: str, persona: str = "UONCALL") -> Submitted:
        await eventually(lambda: bool(self.slack.workspace.views.stack(persona)))
        [view] = self.slack.workspace.views.stack(persona)
        typed = {"type": "plain_text_input", "value": reason}
        values = {ids.DENY_REASON_BLOCK: {ids.DENY_REASON_INPUT: typed}}
        return await self.acts.submit(persona, view.id, values)

    async def command(self, text: str, persona: str = "UVIEWER", channel: str = CHANNEL) -> int | None:
        return await self.acts.command(persona, channel, f"/agentops {text}")

    def private(self, persona: str, thread_ts: str | None = None) -> list[str]:
        """What only this person sees."""
        store = self.slack.workspace.messages
        if thread_ts is not None:
            found = store.thread(CHANNEL, thread_ts, persona=persona)
        else:
            found = store.top_level(CHANNEL, persona=persona)
        return [str([message.text, message.blocks]) for message in found if message.is_ephemeral]

    def private_message(self, persona: str) -> Message:
        """The one message that only this person sees."""
        store = self.slack.workspace.messages
        (found,) = (one for one in store.top_level(CHANNEL, persona=persona) if one.is_ephemeral)
        return found

    async def told(self, persona: str, words: str, thread_ts: str | None = None) -> None:
        await eventually(lambda: any(words in text for text in self.private(persona, thread_ts)))

    def home(self, persona: str) -> str:
        view = self.slack.workspace.views.home(persona)
        return "" if view is None else str(view.spec["blocks"])


@pytest.fixture
async def office(slack: SlackServer) -> AsyncIterator[Office]:
    credentials = slack.workspace.credentials
    config = SlackConfig(
        bot_token=credentials.bot_token,
        app_token=credentials.app_token,
        signing_secret=None,
        api_url=slack.slack_api_url,
        links=samples.LINKS,
    )
    side = SlackSide(config, store=FakeStore(), shelf=NoShelf(), make_desk=lambda people, team: FakeDesk(), clock=now)
    task = asyncio.create_task(side.run())
    async with asyncio.timeout(10):
        await side.connected()
    yield Office(slack, side)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await side.close()


async def test_a_click_on_approve_is_stored_before_it_is_acked_and_decided_once(office: Office) -> None:
    card = office.card()
    acked = await office.click(card, ids.APPROVE)
    assert len(office.desk.deliveries) == 1
    await eventually(lambda: len(office.desk.done) == 1)
    [(_, proposal_id, person, via)] = office.desk.named("approve")
    assert (proposal_id, person.id, via) == ("p4f1c09", "UONCALL", "button")
    assert person.groups == {"ml-oncall"} and person.team == "TSANDBOX"
    assert acked is not None and acked < 1_000
    assert office.private("UONCALL", card.thread_ts) == []


async def test_a_click_that_slack_delivers_twice_counts_once(office: Office) -> None:
    office.slack.workspace.faults.add("duplicate_delivery", match="block_actions")
    await office.click(office.card(), ids.APPROVE)
    await eventually(lambda: len(office.desk.done) == 1)
    assert len(office.slack.workspace.records.deliveries) == 2
    assert len(office.desk.named("approve")) == 1


async def test_two_clicks_of_one_person_are_two_deliveries(office: Office) -> None:
    card = office.card()
    await office.click(card, ids.APPROVE)
    await office.click(card, ids.APPROVE)
    await eventually(lambda: len(office.desk.done) == 2)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("decided_before", "Too late"),
        ("expired", "has expired"),
        ("refused", "not among the approvers"),
        ("forbidden", "policy does not allow"),
        ("busy", "has to wait"),
        ("not_found", "There is no proposal"),
    ],
)
async def test_only_the_clicker_is_told_why_it_did_not_count(
    office: Office, result: DecisionResult, words: str
) -> None:
    office.desk.result = result
    card = office.card()
    await office.click(card, ids.APPROVE, "UVIEWER")
    await office.told("UVIEWER", words, card.thread_ts)
    assert office.private("UONCALL", card.thread_ts) == []


async def test_who_clicked_is_looked_up_at_the_click(office: Office) -> None:
    card = office.card()
    await office.click(card, ids.APPROVE, "USTRANGER")
    await office.click(card, ids.APPROVE, "UGUEST")
    await eventually(lambda: len(office.desk.done) == 2)
    people = {call[2].id: call[2] for call in office.desk.named("approve")}
    assert people["USTRANGER"].is_stranger and people["USTRANGER"].team == "TOTHER"
    assert people["UGUEST"].is_guest


async def test_nothing_is_decided_when_slack_does_not_say_who_clicked(office: Office) -> None:
    office.slack.workspace.faults.add("down", match="users.info", seconds=30)
    card = office.card()
    await office.click(card, ids.APPROVE)
    await office.told("UONCALL", "nothing was done", card.thread_ts)
    assert office.desk.named("approve") == [] and office.desk.done == []


async def test_a_click_that_cannot_be_stored_is_acked_and_told(office: Office) -> None:
    office.desk.store_delay = 30
    card = office.card()
    acked = await office.click(card, ids.APPROVE)
    assert acked is not None and acked < 2_500
    await office.told("UONCALL", "could not be stored", card.thread_ts)
    assert office.desk.named("approve") == []


async def test_a_failure_of_ours_is_told_with_a_reference(office: Office) -> None:
    office.desk.fail = RuntimeError("secret detail")
    card = office.card()
    await office.click(card, ids.APPROVE)
    await office.told("UONCALL", "Reference: R-", card.thread_ts)
    assert "secret detail" not in str(office.private("UONCALL", card.thread_ts))
    assert office.desk.done == []


async def test_deny_asks_for_a_reason_and_hands_it_over(office: Office) -> None:
    await office.deny(office.card(), "We are about to ship a fix.")
    await eventually(lambda: len(office.desk.done) == 1)
    [(_, proposal_id, reason, person, _)] = office.desk.named("deny")
    assert (proposal_id, reason, person.id) == ("p4f1c09", "We are about to ship a fix.", "UONCALL")
    assert not office.slack.workspace.views.stack("UONCALL")


async def test_a_denial_without_a_reason_stays_open(office: Office) -> None:
    with pytest.raises(ControlError, match="validation"):
        await office.deny(office.card(), "    ")
    assert office.desk.named("deny") == []
    assert len(office.slack.workspace.views.stack("UONCALL")) == 1


async def test_a_denial_that_comes_too_late_is_told_in_the_thread(office: Office) -> None:
    office.desk.result = "decided_before"
    card = office.card()
    await office.deny(card, "No, wait.")
    await office.told("UONCALL", "Too late", card.thread_ts)


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


async def test_breaking_the_glass_asks_for_a_reason_and_hands_it_over(office: Office) -> None:
    reason = "Fraud goes through and nobody else is awake."
    await office.deny(office.card(), reason, action_id=ids.BREAK_GLASS)
    await eventually(lambda: len(office.desk.done) == 1)
    [(_, proposal_id, given, person)] = office.desk.named("break_glass")
    assert (proposal_id, given, person.id) == ("p4f1c09", reason, "UONCALL")


async def test_a_word_is_no_reason_to_act_for_two(office: Office) -> None:
    with pytest.raises(ControlError, match="validation"):
        await office.deny(office.card(), "urgent", action_id=ids.BREAK_GLASS)
    assert office.desk.named("break_glass") == []


async def test_asking_again_is_stored_decided_and_told(office: Office) -> None:
    card = office.card()
    await office.click(card, ids.ASK_AGAIN)
    await office.told("UONCALL", "is put up in", card.thread_ts)
    assert office.desk.named("ask_again") == [("ask_again", "p4f1c09", "UONCALL")]


async def test_a_false_alarm_is_marked_by_its_button(office: Office) -> None:
    card = office.card()
    await office.click(card, ids.FALSE_ALARM, "UVIEWER", value="INC-7")
    await office.told("UVIEWER", "marked as a false alarm", card.thread_ts)
    assert office.desk.named("false_alarm") == [("false_alarm", "INC-7", "UVIEWER")]


@pytest.mark.parametrize("value", ["p4f1c09; approve p2", "", "p2" * 2_000, "<@UONCALL>"])
async def test_a_value_edited_by_hand_is_looked_up_as_it_is_and_never_read(office: Office, value: str) -> None:
    office.desk.result = "not_found"
    card = office.card()
    await office.click(card, ids.APPROVE, "UVIEWER", value=value)
    await office.told("UVIEWER", "There is no proposal", card.thread_ts)
    [(_, proposal_id, *_)] = office.desk.named("approve")
    assert proposal_id == value


async def test_an_approval_in_the_home_is_decided_there_and_answered_there(office: Office) -> None:
    await office.home_click(ids.APPROVE)
    await eventually(lambda: "is approved and runs now" in office.home("UONCALL"))
    [(_, proposal_id, person, via)] = office.desk.named("approve")
    assert (proposal_id, person.id, via) == ("p4f1c09", "UONCALL", "home")


async def test_a_denial_in_the_home_asks_for_the_same_reason(office: Office) -> None:
    await office.home_click(ids.DENY)
    await office.give_reason("We are about to ship a fix.")
    await eventually(lambda: "is denied" in office.home("UONCALL"))
    [(_, proposal_id, reason, _, via)] = office.desk.named("deny")
    assert (proposal_id, reason, via) == ("p4f1c09", "We are about to ship a fix.", "home")


async def test_a_question_in_a_thread_is_answered_there(office: Office) -> None:
    root = office.card().thread_ts
    office.acts.write("UVIEWER", CHANNEL, "@agentops why did it fall &amp; rise?", root)
    await eventually(lambda: len(office.desk.done) == 1)
    assert office.desk.named("ask") == [("ask", "why did it fall &amp; rise?", "UVIEWER", CHANNEL, root)]
    last = office.slack.workspace.messages.thread(CHANNEL, str(root))[-1]
    assert "A new config went live." in str(last.blocks)


async def test_an_event_that_slack_delivers_twice_is_answered_once(office: Office) -> None:
    office.slack.workspace.faults.add("duplicate_delivery", match="app_mention")
    office.acts.write("UVIEWER", CHANNEL, "@agentops why?")
    await eventually(lambda: len(office.desk.done) == 1)
    await office.slack.workspace.courier.settle()
    assert len(office.slack.workspace.records.deliveries) == 2
    assert len(office.desk.named("ask")) == 1


@pytest.mark.parametrize("persona", ["UGUEST", "USTRANGER"])
async def test_guests_and_strangers_get_no_data_by_mention(office: Office, persona: str) -> None:
    office.acts.write(persona, CHANNEL, "@agentops why did it fall?")
    await office.told(persona, "full members")
    assert office.desk.calls == []


async def test_a_bare_mention_gets_help(office: Office) -> None:
    office.acts.write("UVIEWER", CHANNEL, "@agentops")
    await office.told("UVIEWER", "What I can do")


async def test_the_home_shows_how_things_stand_with_links_to_threads(office: Office) -> None:
    office.acts.open_home("UVIEWER")
    await eventually(lambda: "Approvals waiting" in office.home("UVIEWER"))
    assert "/archives/CINCIDENTS/p1700000000000100|INC-7>" in office.home("UVIEWER")


@pytest.mark.parametrize("persona", ["UGUEST", "USTRANGER"])
async def test_guests_and_strangers_get_an_empty_home(office: Office, persona: str) -> None:
    office.acts.open_home(persona)
    await eventually(lambda: "full members" in office.home(persona))
    assert office.desk.calls == []


async def test_a_home_that_cannot_be_read_says_so(office: Office) -> None:
    office.desk.fail = RuntimeError("secret detail")
    office.acts.open_home("UVIEWER")
    await eventually(lambda: "cannot be read right now" in office.home("UVIEWER"))
    assert "secret detail" not in office.home("UVIEWER")


async def test_clicks_reach_us_again_after_the_socket_dropped(office: Office) -> None:
    office.slack.workspace.faults.add("drop_socket", seconds=0.5)
    office.slack.workspace.sockets.drop(None)
    await eventually(lambda: len(office.slack.workspace.sockets) == 0)
    await eventually(lambda: len(office.slack.workspace.sockets) == 1, within=30)
    await office.click(office.card(), ids.APPROVE)
    await eventually(lambda: len(office.desk.done) == 1)


# What became of the remediations: figures for the one who asked, the chart in the channel.


def pictures(office: Office) -> list[Message]:
    found = office.slack.workspace.messages.top_level(CHANNEL)
    return [message for message in found if any(block["type"] == "image" for block in message.blocks)]


async def test_trust_tells_the_figures_to_one_and_shows_the_chart_in_the_channel(office: Office) -> None:
    office.desk.chart = chart_post(b"png", title="Remediations by month", said="2026-11: 7 proposed.")
    await office.command("trust product-recommender")
    await office.told("UVIEWER", "Why people said no")
    assert office.desk.named("trust") == [("trust", "product-recommender")]
    await eventually(lambda: len(pictures(office)) == 1)
    assert not pictures(office)[0].is_ephemeral


async def test_trust_without_a_chart_tells_it_in_words(office: Office) -> None:
    office.desk.chart = chart_missing("the extra 'charts' is not installed.", told=["2026-11: 7 proposed"])
    await office.command("trust")
    await office.told("UVIEWER", "2026-11: 7 proposed")
    assert office.desk.named("trust") == [("trust", None)] and pictures(office) == []


async def test_where_the_chart_may_not_stand_the_one_who_asked_is_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(file_id: str) -> bool:
        return False

    monkeypatch.setattr(office.slack.workspace.files, "is_shown", never)
    monkeypatch.setattr(showing, "WAIT_S", 0.01)
    office.desk.chart = chart_post(b"png", title="Remediations by month", said="2026-11: 7 proposed.")
    await office.command("trust")
    await office.told("UVIEWER", "cannot be shown in this channel")
    assert pictures(office) == []


async def test_trust_is_for_full_members_and_known_models_only(office: Office) -> None:
    await office.command("trust", persona="UGUEST")
    await office.told("UGUEST", "full members")
    assert office.desk.named("trust") == []
    await office.command("trust no-such-model")
    await office.told("UVIEWER", "No model here is called")

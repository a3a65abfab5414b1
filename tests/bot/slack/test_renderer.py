"""From a row of the outbox to the message it shows."""

from collections.abc import Mapping

import pytest
from inline_snapshot import snapshot

from bot.slack.people import LookupFailed
from bot.slack.rendered import FilePost, Rendered
from bot.slack.renderer import Renderer
from bot.slack.views import AnswerView, Note
from incidents.daily_note import DailyNote
from incidents.incident import IncidentState
from incidents.ledger import IncidentFile
from incidents.message import MessageKind, OutboxMessage
from incidents.storm import Digest
from tests.bot.slack import samples
from tests.bot.slack.reading import read

SUBJECTS = {
    MessageKind.ROOT: "",
    MessageKind.DAILY_NOTE: "1",
    MessageKind.PROGRESS: "inv1",
    MessageKind.CHART: "inv1",
    MessageKind.DIAGNOSIS: "inv1",
    MessageKind.EVIDENCE: "inv1",
    MessageKind.PROPOSAL: "p4f1c09",
    MessageKind.BROKE_GLASS: "p4f1c09",
    MessageKind.ADVICE: "inv1",
    MessageKind.EXECUTION: "xp4f1c09",
    MessageKind.VERIFICATION: "xp4f1c09",
    MessageKind.ESCALATION: "p4f1c09",
    MessageKind.REPORT: "",
    MessageKind.FAILURE: "inv1",
    MessageKind.NOTE: "n1",
    MessageKind.NOTICE: "xn1",
    MessageKind.ANSWER: "a1",
    MessageKind.FLAPPING: "1",
    MessageKind.DIGEST: "1",
}


class Shelf:
    """One incident."""

    def __init__(self, state: IncidentState, owners: str | None = "ml-leads") -> None:
        file = samples.file(state)
        self.shown = file.model_copy(update={"proposals": (*file.proposals, samples.notice_view())})
        self._owners = owners

    def owners(self, model: str) -> str | None:
        assert model == "product-recommender"
        return self._owners

    async def file(self, incident_id: str) -> IncidentFile:
        if incident_id != "INC-7":
            raise LookupError(incident_id)
        return self.shown

    async def digest(self, storm_id: str) -> Digest:
        return samples.digest()

    async def chart(self, incident_id: str, investigation_id: str) -> FilePost | Rendered | None:
        return None

    async def answer(self, incident_id: str, subject: str) -> AnswerView | None:
        return samples.answer()

    async def note(self, incident_id: str, subject: str) -> Note | None:
        return Note("Flapping") if subject == "n1" else None

    async def daily_note(self, id: int) -> DailyNote | None:
        return samples.daily_note() if id == 1 else None


class Groups:
    def __init__(self, *, fail: bool = False) -> None:
        self._fail = fail

    async def group_ids(self) -> Mapping[str, str]:
        if self._fail:
            raise LookupFailed("down")
        return {"ml-leads": "SMLLEADS"}


def renderer(
    state: IncidentState = IncidentState.VERIFYING, *, fail: bool = False, owners: str | None = "ml-leads"
) -> Renderer:
    return Renderer(Shelf(state, owners), Groups(fail=fail), lambda: samples.LINKS, lambda: samples.minute(6))


def row(kind: MessageKind, subject: str | None = None, incident_id: str | None = "INC-7") -> OutboxMessage:
    return OutboxMessage(
        id=1,
        channel="C",
        kind=kind,
        incident_id=incident_id,
        subject=SUBJECTS[kind] if subject is None else subject,
        root_id=None,
        root_ts=None,
        ts=None,
        wanted_revision=1,
        sent_revision=0,
        attempts=0,
    )


@pytest.mark.parametrize("kind", [kind for kind in MessageKind if kind is not MessageKind.CHART])
async def test_every_kind_of_row_is_rendered(kind: MessageKind) -> None:
    assert isinstance(await renderer()(row(kind)), Rendered)


async def test_a_row_with_nothing_to_show_is_none() -> None:
    assert await renderer()(row(MessageKind.CHART)) is None
    assert await renderer()(row(MessageKind.ROOT, incident_id=None)) is None
    assert await renderer()(row(MessageKind.NOTE, "other")) is None


@pytest.mark.parametrize(
    "kind", [MessageKind.PROPOSAL, MessageKind.EXECUTION, MessageKind.VERIFICATION, MessageKind.NOTICE]
)
async def test_a_row_that_names_what_is_not_there_is_an_error(kind: MessageKind) -> None:
    with pytest.raises(LookupError):
        await renderer()(row(kind, "gone"))


async def test_an_escalation_calls_the_group_of_the_policy_and_names_it_when_slack_is_down() -> None:
    content = await renderer(IncidentState.ESCALATED)(row(MessageKind.ESCALATION))
    assert isinstance(content, Rendered) and "<!subteam^SMLLEADS>" in read(content)
    content = await renderer(IncidentState.ESCALATED, fail=True)(row(MessageKind.ESCALATION))
    assert isinstance(content, Rendered) and "@ml-leads" in read(content)


async def test_a_notice_calls_the_owners_of_the_catalogue_and_says_why() -> None:
    content = await renderer()(row(MessageKind.NOTICE))
    assert isinstance(content, Rendered)
    assert read(content) == snapshot("""\
text: <!subteam^SMLLEADS>, you are needed here: shop.sessions delivers nulls: repair it.
section: :loudspeaker: *<!subteam^SMLLEADS>, you are needed here*
shop.sessions delivers nulls: repair it.
section: *Why you*
You are named as the owners of product-recommender. The source is yours, and only you can repair it.
*What is expected of you*
Read the diagnosis above, do your part of it, and answer in this thread. AgentOps does not do it for you, and nothing else waits for your answer.\
""")  # noqa: E501 - a block's text is one line


async def test_a_notice_names_a_group_that_is_not_the_owners_without_calling_it() -> None:
    for owners in ("ml-oncall", None):
        content = await renderer(owners=owners)(row(MessageKind.NOTICE))
        assert isinstance(content, Rendered)
        told = read(content)
        assert "subteam" not in told and "@ml-leads" in told and "was not notified" in told


async def test_a_notice_comes_without_a_call_when_slack_does_not_say_who_the_group_is() -> None:
    content = await renderer(fail=True)(row(MessageKind.NOTICE))
    assert isinstance(content, Rendered)
    assert "subteam" not in read(content) and "call it by hand" in read(content)


async def test_a_notice_whose_execution_is_of_another_kind_is_an_error() -> None:
    with pytest.raises(LookupError):
        await renderer()(row(MessageKind.NOTICE, "xp4f1c09"))


async def test_an_expired_proposal_can_be_asked_for_again_once() -> None:
    shelf = Shelf(IncidentState.ESCALATED)
    render = Renderer(shelf, Groups(), lambda: samples.LINKS, lambda: samples.minute(6))
    content = await render(row(MessageKind.ESCALATION))
    assert isinstance(content, Rendered) and "Ask again = p4f1c09" in read(content)
    again = samples.proposal_view()
    again = again.model_copy(
        update={"replaces": "p4f1c09", "proposal": again.proposal.model_copy(update={"id": "p4f1c10"})}
    )
    shelf.shown = shelf.shown.model_copy(update={"proposals": (*shelf.shown.proposals, again)})
    content = await render(row(MessageKind.ESCALATION))
    assert isinstance(content, Rendered)
    assert "Ask again" not in read(content) and "asked for again" in read(content)
    content = await render(row(MessageKind.PROPOSAL, "p4f1c10"))
    assert isinstance(content, Rendered) and "`p4f1c09` had expired undecided" in read(content)


async def test_acting_for_two_calls_the_group_that_was_not_asked() -> None:
    content = await renderer()(row(MessageKind.BROKE_GLASS))
    assert isinstance(content, Rendered) and "<!subteam^SMLLEADS>" in read(content)


async def test_a_decided_card_names_the_timeline_entry_that_decided_it() -> None:
    shelf = Shelf(IncidentState.VERIFYING)
    entries = samples.chain([(4.0, "UONCALL", "approved", "Approved", {"proposal": "p4f1c09"})])
    shelf.shown = shelf.shown.model_copy(update={"timeline": entries})
    render = Renderer(shelf, Groups(), lambda: samples.LINKS, lambda: samples.minute(6))
    content = await render(row(MessageKind.PROPOSAL))
    assert isinstance(content, Rendered) and f"timeline entry 1, {entries[0].hash[:8]}" in read(content)


async def test_a_daily_note_is_shown_as_it_was_gathered_though_it_is_of_no_incident() -> None:
    message = row(MessageKind.DAILY_NOTE, "1").model_copy(update={"incident_id": None})
    shown = await renderer()(message)
    assert isinstance(shown, Rendered) and shown.text.startswith("Nothing needed on 2 of 4 models")
    assert await renderer()(message.model_copy(update={"subject": "2"})) is None

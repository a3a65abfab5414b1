"""From a row of the outbox to what stands in Slack: reads what the row shows, hands it to the blocks."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import assert_never

from bot.slack.blocks.advice import advice_message
from bot.slack.blocks.answer import answer_message
from bot.slack.blocks.daily_note import daily_note_message
from bot.slack.blocks.diagnosis import Waiting, diagnosis_message
from bot.slack.blocks.digest import digest_message
from bot.slack.blocks.evidence import evidence_message
from bot.slack.blocks.execution import execution_message
from bot.slack.blocks.flapping import flapping_message
from bot.slack.blocks.heading import heading
from bot.slack.blocks.links import Links
from bot.slack.blocks.notes import broke_glass_message, escalation_message, failure_message, note_message
from bot.slack.blocks.notice import notice_message
from bot.slack.blocks.origin import origin_words
from bot.slack.blocks.progress import progress_message
from bot.slack.blocks.proposal import proposal_message
from bot.slack.blocks.report import SIMILAR, report_message
from bot.slack.blocks.root import root_message
from bot.slack.blocks.verification import verification_message
from bot.slack.looks import began_at, found_again
from bot.slack.needed import needed
from bot.slack.people import LookupFailed
from bot.slack.ports import Groups, Shelf
from bot.slack.rendered import FilePost, Rendered
from incidents import report
from incidents.approval import ApprovalState
from incidents.audit import decision_anchor
from incidents.incident import IncidentState
from incidents.investigation import Findings
from incidents.ledger import IncidentFile, InvestigationView, ProposalView, VerificationView
from incidents.message import MessageKind, OutboxMessage
from incidents.policy import Allow, RequireApproval
from incidents.remediation import NotifyOwners
from incidents.timeline import TimelineEntry

_READ_NEXT = 5


class Renderer:
    """Renders any message. None means that there is nothing to show (any more)."""

    def __init__(self, shelf: Shelf, groups: Groups, links: Callable[[], Links], clock: Callable[[], datetime]) -> None:
        """`shelf` is read at the moment of sending, so that a message shows what is, not what was."""
        self._shelf = shelf
        self._groups = groups
        self._current_links = links
        self._clock = clock

    @property
    def _links(self) -> Links:
        return self._current_links()

    async def __call__(self, message: OutboxMessage) -> Rendered | FilePost | None:
        """Raises `LookupError` when the row names something that is not there."""
        if message.kind is MessageKind.DAILY_NOTE:
            note = await self._shelf.daily_note(int(message.subject))
            return daily_note_message(note) if note else None
        if message.kind is MessageKind.DIGEST:
            return digest_message(await self._shelf.digest(message.subject), self._links, self._clock())
        if message.incident_id is None:
            return None
        match message.kind:
            case MessageKind.CHART:
                return await self._shelf.chart(message.incident_id, message.subject)
            case MessageKind.ANSWER:
                answer = await self._shelf.answer(message.incident_id, message.subject)
                return answer_message(answer, self._links) if answer else None
            case MessageKind.NOTE:
                note = await self._shelf.note(message.incident_id, message.subject)
                return note_message(note) if note else None
            case MessageKind.FAILURE:
                return await self._failure(message.incident_id, message.subject)
            case _:
                file = await self._shelf.file(message.incident_id)
                if message.kind is MessageKind.ESCALATION:
                    return await self._escalation(file, message.subject)
                if message.kind is MessageKind.NOTICE:
                    return await self._notice(file, message.subject)
                if message.kind is MessageKind.BROKE_GLASS:
                    return await self._broke_glass(file, message.subject)
                return self._of_file(message.kind, file, message.subject)

    def _of_file(self, kind: MessageKind, file: IncidentFile, subject: str) -> Rendered | None:
        match kind:
            case MessageKind.ROOT:
                return root_message(file, self._links)
            case MessageKind.PROGRESS:
                one = _investigation(file, subject)
                finished = one.state in {"done", "failed"}
                return progress_message(one.steps, question=one.question, finished=finished)
            case MessageKind.DIAGNOSIS:
                look = _investigation(file, subject)
                return diagnosis_message(
                    _findings(file, subject), self._links, _waiting(file, look), again=found_again(file, look)
                )
            case MessageKind.EVIDENCE:
                again = found_again(file, _investigation(file, subject)) is not None
                return evidence_message(_findings(file, subject), self._links, again=again)
            case MessageKind.ADVICE:
                forbidden = [entry.text for entry in file.timeline if entry.kind == "forbidden"]
                return advice_message(file.incident, _findings(file, subject), forbidden=forbidden[-5:])
            case MessageKind.PROPOSAL:
                view = _proposal(file, subject)
                return proposal_message(
                    view, anchor=decision_anchor(file.timeline, subject), origin=origin_words(file, view)
                )
            case MessageKind.EXECUTION:
                return self._execution(file, subject)
            case MessageKind.VERIFICATION:
                return verification_message(_verification(file, subject))
            case MessageKind.REPORT:
                return self._report(file)
            case MessageKind.FLAPPING:
                return flapping_message(_entry(file, subject))
            case (
                MessageKind.CHART
                | MessageKind.ANSWER
                | MessageKind.NOTE
                | MessageKind.FAILURE
                | MessageKind.ESCALATION
                | MessageKind.NOTICE
                | MessageKind.BROKE_GLASS
                | MessageKind.DAILY_NOTE
                | MessageKind.DIGEST
            ):
                raise AssertionError(f"{kind} is rendered elsewhere")
            case _:
                assert_never(kind)

    def _execution(self, file: IncidentFile, id: str) -> Rendered:
        execution = next((e for e in file.executions if e.id == id), None)
        if execution is None:
            raise LookupError(id)
        view = _proposal(file, execution.proposal_id)
        return execution_message(execution, view, now=self._clock(), timeline=file.timeline)

    def _report(self, file: IncidentFile) -> Rendered:
        findings = file.findings
        diagnosis = findings.diagnosis if findings else None
        files = [f"{c.file} › {c.heading}" for c in diagnosis.citations] if diagnosis else []
        past = [f"{SIMILAR}{one}" for one in diagnosis.similar_incidents] if diagnosis else []
        read_next = list(dict.fromkeys([*files, *past]))[:_READ_NEXT]
        return report_message(report.write(file.incident, diagnosis, file.timeline, read_next), self._links)

    async def _failure(self, incident_id: str, subject: str) -> Rendered:
        note = await self._shelf.note(incident_id, subject)
        if note is not None:
            return note_message(note)
        return failure_message(
            "The investigation could not be finished.",
            incident_id,
            "Nothing was changed. Ask for another with /agentops investigate, or look into it by hand.",
        )

    async def _escalation(self, file: IncidentFile, subject: str) -> Rendered:
        need = needed(file, subject)
        why = need.why
        note = await self._shelf.note(file.incident.id, subject)
        if note is not None:
            why = f"{note.title} {note.text}".strip()
        again = [(view.proposal.id, heading(view.proposal, view.model)) for view in _to_ask_again(file, subject)]
        ids = await self._ids_of_groups()
        return escalation_message(why, need.steps, call=_called(need.about), group_ids=ids, ask_again=again)

    async def _broke_glass(self, file: IncidentFile, subject: str) -> Rendered:
        view = _proposal(file, subject)
        return broke_glass_message(
            view.broke_glass or "",
            heading(view.proposal, view.model),
            view.approval.reason,
            call=_called(view),
            group_ids=await self._ids_of_groups(),
        )

    async def _notice(self, file: IncidentFile, execution_id: str) -> Rendered:
        view = next((one for one in file.proposals if one.proposal.execution_id == execution_id), None)
        if view is None or not isinstance(view.proposal.remediation, NotifyOwners):
            raise LookupError(execution_id)
        owners = self._shelf.owners(file.incident.model)
        group_ids = await self._ids_of_groups()
        return notice_message(view, view.proposal.remediation, owners=owners, group_ids=group_ids)

    async def _ids_of_groups(self) -> Mapping[str, str]:
        try:
            return await self._groups.group_ids()
        except LookupFailed:
            # Named without being called: better than a message that does not come.
            return {}


def _investigation(file: IncidentFile, id: str) -> InvestigationView:
    found = next((one for one in file.investigations if one.id == id), None)
    if found is None:
        raise LookupError(id)
    return found


def _findings(file: IncidentFile, id: str) -> Findings:
    findings = _investigation(file, id).findings
    if findings is None:
        raise LookupError(id)
    return findings


def _verification(file: IncidentFile, execution_id: str) -> VerificationView:
    found = next((view for view in file.verifications if view.execution_id == execution_id), None)
    if found is None:
        raise LookupError(execution_id)
    return found


def _entry(file: IncidentFile, number: str) -> TimelineEntry:
    found = next((entry for entry in file.timeline if str(entry.number) == number), None)
    if found is None:
        raise LookupError(number)
    return found


def _proposal(file: IncidentFile, id: str) -> ProposalView:
    found = next((view for view in file.proposals if view.proposal.id == id), None)
    if found is None:
        raise LookupError(id)
    return found


def _called(about: ProposalView | None) -> tuple[str, ...]:
    """The group it escalates to; those who were asked, where the policy names no other."""
    effect = about.proposal.decision.effect if about else None
    return (effect.escalate_to or effect.approvers) if isinstance(effect, RequireApproval) else ()


def _to_ask_again(file: IncidentFile, subject: str) -> list[ProposalView]:
    """What expired undecided and may be put up once more: while a person is needed, the one told of here first."""
    if file.incident.state is not IncidentState.ESCALATED or not any(v.proposal.id == subject for v in file.proposals):
        return []
    expired = [view for view in file.proposals if view.approval.state is ApprovalState.EXPIRED]
    open_ones = [view for view in expired if file.asked_again(view.proposal.id) is None]
    return sorted(open_ones, key=lambda view: view.proposal.id != subject)


def _waiting(file: IncidentFile, look: InvestigationView) -> Waiting:
    """What may still be done, by its titles. A card put up before this look began stands above its diagnosis."""
    live = {ApprovalState.PENDING, ApprovalState.APPROVED}
    open_ones = [view.proposal for view in file.proposals if view.approval.state in live]
    alone = [one for one in open_ones if isinstance(one.decision.effect, Allow)]
    asked = [one for one in open_ones if one not in alone]
    above = [one for one in asked if one.created_at < began_at(look)]
    return Waiting(
        below=tuple(one.title for one in asked if one not in above),
        above=tuple(one.title for one in above),
        allowed=tuple(one.title for one in alone),
    )

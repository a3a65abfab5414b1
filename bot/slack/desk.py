"""The desk: what people ask in Slack, answered from the store, the runbooks and the investigator."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog

from agents.investigator import Investigator
from bot.decisions import Decided, Decisions, Switched
from bot.handling import Handling, HandlingAnswer, PutUp
from bot.slack.blocks.text import is_full_member
from bot.slack.listing import Listing
from bot.slack.overview import Overview
from bot.slack.people import LookupFailed, People
from bot.slack.ports import Delivery, TrustReply, Via
from bot.slack.record_desk import RecordDesk
from bot.slack.views import (
    AnswerView,
    DecisionReply,
    HandledReply,
    HomeView,
    IncidentsView,
    InvestigateReply,
    Passage,
    PutUpReply,
    RunbooksView,
    StatusView,
    SwitchReply,
)
from incidents.approval import Person
from incidents.catalogue import Catalogue, Unlisted
from incidents.diagnosis import Reasoner
from incidents.errors import UnknownModel
from incidents.incident import Incident
from incidents.investigation import Case
from incidents.pause import EVERYTHING
from tools.errors import UpstreamError
from tools.incident_store.reader import StoreReader
from tools.incident_store.writer.store import StoreWriter
from tools.runbook_index.index import RunbookIndex

log = structlog.get_logger(__name__)

_NOT_LATE = frozenset({"mention", "propose", "false_alarm"})
"""What is not done late, after a crash swallowed its answer.

A question answered out of its context confuses; what was chosen by hand may have been put up before the crash, and its
card would then stand there twice; a mark would be taken off again by being set twice. The person asks again.
"""
LEFT_OVER_AFTER = timedelta(seconds=10)
"""A delivery not dealt with for this long was left by a crash."""
LEFT_OVER_LEASE = timedelta(seconds=20)
"""How long one replica has to decide what it took up of that; looking a person up in Slack is the longest part."""


class BotDesk:
    """Answers the listeners. See `bot.slack.ports.Desk` for what each method promises."""

    def __init__(
        self,
        reader: StoreReader,
        writer: StoreWriter,
        catalogue: Catalogue,
        decisions: Decisions,
        handling: Handling,
        investigator: Investigator,
        runbooks: RunbookIndex,
        people: People,
        record: RecordDesk,
        *,
        runbook_link: Callable[[str], str | None],
        home_team: Callable[[], str],
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        wake: Callable[[], None],
        reasoned: Callable[[Reasoner], None],
        owner: str = "embedded",
    ) -> None:
        """`runbook_link`: where people read a runbook file; `reasoned` is told what an answer took; `owner` we are."""
        self._reader = reader
        self._writer = writer
        self._catalogue = catalogue
        self._decisions = decisions
        self._handling = handling
        self._investigator = investigator
        self._runbooks = runbooks
        self._people = people
        self._record = record
        self._runbook_link = runbook_link
        self._home_team = home_team
        self._clock = clock
        self._new_id = new_id
        self._wake = wake
        self._owner = owner
        self._reasoned = reasoned
        self._overview = Overview(reader, catalogue, clock)

    async def record(self, delivery: Delivery) -> bool:
        """Store it before it is acked; False when it was stored before."""
        return await asyncio.to_thread(
            self._writer.clicks.record, delivery.id, delivery.kind, delivery.payload, self._clock()
        )

    async def handled(self, delivery_id: str) -> None:
        """It has been dealt with."""
        await asyncio.to_thread(self._writer.clicks.handled, delivery_id, self._clock())

    async def status(self, asked: Listing) -> StatusView:
        """One line a model, from rows alone."""
        if asked.model and not asked.is_a_pattern and asked.model not in self._catalogue.models:
            raise UnknownModel(asked.model, tuple(self._catalogue.models))
        return await asyncio.to_thread(self._overview.status, asked)

    async def incidents(self, asked: Listing) -> IncidentsView:
        """One page of incidents, newest first."""
        return await asyncio.to_thread(self._overview.incidents, asked)

    async def home(self) -> HomeView:
        """Health, incidents, approvals, what was done."""
        return await asyncio.to_thread(self._overview.home)

    async def trust(self, model: str | None) -> TrustReply:
        """What became of the remediations of one model, or of all."""
        if model is not None and model not in self._catalogue.models:
            raise UnknownModel(model, tuple(self._catalogue.models))
        return await self._record.trust(model)

    async def runbooks(self, question: str) -> RunbooksView:
        """The passages nearest to a question."""
        try:
            hits = await asyncio.to_thread(self._runbooks.search, question, k=3)
        except UpstreamError as error:
            log.warning("runbooks.unsearchable", error=str(error))
            return RunbooksView(question, (), "The runbooks cannot be searched right now.")
        passages = tuple(Passage(h.file, h.heading, h.quote, h.lines, self._runbook_link(h.file)) for h in hits)
        return RunbooksView(question, passages)

    async def ask(self, question: str, person: Person, channel: str, thread_ts: str) -> AnswerView | None:
        """Answer in the thread of an incident, or from the runbooks anywhere else."""
        incident_id = await asyncio.to_thread(self._reader.incident_of_thread, channel, thread_ts)
        if incident_id is None:
            found = await self.runbooks(question)
            text = "This is what the runbooks say." if found.passages else "No runbook fits this question."
            return AnswerView(question, found.gap or text, found.passages)
        file = await asyncio.to_thread(self._reader.file, incident_id)
        now, model = self._clock(), self._model(file.incident)
        too_dear = await asyncio.to_thread(self._writer.investigations.over_budget, now)
        case = Case(incident=file.incident, model=model, question=question, now=now, offline_because=too_dear)
        answer = await self._investigator.answer(question, case, file.findings)
        self._reasoned(answer.reasoner)
        if answer.reasoner.cost_usd:
            cost = float(answer.reasoner.cost_usd)
            await asyncio.to_thread(self._writer.investigations.answered, cost, self._clock())
        passages = tuple(
            Passage(c.file, c.heading, c.quote, c.lines, self._runbook_link(c.file)) for c in answer.citations
        )
        text = answer.text if not answer.gaps else f"{answer.text}\n\nCould not be read: {'; '.join(answer.gaps)}."
        return AnswerView(question, text, passages, answer.reasoner, incident_id, file.incident.pruned_at)

    async def investigate(self, model: str, question: str, person: Person) -> InvestigateReply:
        """Look into a model now, in the thread of its open incident or in a new one."""
        entry = self._catalogue.models.get(model)
        if entry is None:
            raise UnknownModel(model, tuple(self._catalogue.models))
        incident_id = await asyncio.to_thread(
            self._writer.grouping.ask, entry, question, person.id, self._new_id(), self._clock()
        )
        self._wake()
        if incident_id is None:
            return InvestigateReply(model, why="a change is under way; its thread tells how it goes")
        threads = await asyncio.to_thread(self._reader.threads, [incident_id])
        return InvestigateReply(model, incident_id, threads.get(incident_id))

    async def approve(self, proposal_id: str, person: Person, via: Via) -> DecisionReply:
        """Count one yes."""
        return _reply(await self._decisions.approve(proposal_id, person))

    async def approve_by_digest(self, proposal_id: str, digest8: str, person: Person) -> DecisionReply:
        """Count one yes whose eight characters must be the card's."""
        return _reply(await self._decisions.approve(proposal_id, person, digest8))

    async def deny(self, proposal_id: str, reason: str, person: Person, via: Via) -> DecisionReply:
        """A final no."""
        return _reply(await self._decisions.deny(proposal_id, person, reason))

    async def break_glass(self, proposal_id: str, reason: str, person: Person) -> DecisionReply:
        """One yes that counts for two."""
        return _reply(await self._decisions.break_glass(proposal_id, person, reason))

    async def ask_again(self, proposal_id: str, person: Person) -> PutUpReply:
        """Put up once more what expired."""
        return await self._put_up(await self._handling.ask_again(proposal_id, person))

    async def propose(self, words: str, person: Person, *, dry_run: bool) -> PutUpReply:
        """Put up what a person chose, or only show it."""
        return await self._put_up(await self._handling.propose(words, person, dry_run=dry_run))

    async def ack(self, incident_id: str, person: Person) -> HandledReply:
        """Take an incident."""
        return _handled(await self._handling.ack(incident_id.upper(), person))

    async def close(self, incident_id: str, reason: str, person: Person) -> HandledReply:
        """End an incident."""
        return _handled(await self._handling.close(incident_id.upper(), person, reason))

    async def false_alarm(self, incident_id: str, person: Person) -> HandledReply:
        """Mark an incident, or take the mark off."""
        return _handled(await self._handling.false_alarm(incident_id.upper(), person))

    async def pause(self, model: str, person: Person) -> SwitchReply:
        """Stop every change of a model, of all where `model` is empty."""
        return _switched(model, await self._decisions.pause(self._scope(model), person))

    async def resume(self, model: str, person: Person) -> SwitchReply:
        """Let changes go on."""
        return _switched(model, await self._decisions.resume(self._scope(model), person))

    async def finish_left_over(self) -> None:
        """Decide the clicks that a crash left stored but undecided. The rows make a second decision harmless."""
        left = await asyncio.to_thread(
            self._writer.clicks.left_over, self._clock(), LEFT_OVER_AFTER, self._owner, LEFT_OVER_LEASE
        )
        for delivery_id, kind, payload in left:
            try:
                await self._decide_left_over(kind, payload)
            except LookupFailed as error:
                log.warning("click.person_unknown", delivery=delivery_id, error=str(error))
                continue
            await self.handled(delivery_id)
            log.info("click.left_over_decided", delivery=delivery_id, kind=kind)

    async def _decide_left_over(self, kind: str, payload: dict[str, Any]) -> None:
        if kind in _NOT_LATE:
            return
        person = await self._people.lookup(str(payload.get("user_id", "")), str(payload.get("team_id", "")))
        if kind == "investigate":
            model = str(payload.get("model", ""))
            if model in self._catalogue.models and is_full_member(person, self._home_team()):
                await self.investigate(model, str(payload.get("question", "")), person)
            return
        if kind in {"pause", "resume"}:
            scope = str(payload.get("model", "")) or EVERYTHING
            await (self._decisions.pause(scope, person) if kind == "pause" else self._decisions.resume(scope, person))
            return
        incident_id, proposal_id = str(payload.get("incident_id", "")), str(payload.get("proposal_id", ""))
        reason = str(payload.get("reason", ""))
        match kind:
            case "approve":
                await self._decisions.approve(proposal_id, person)
            case "approve_by_digest":
                await self._decisions.approve(proposal_id, person, str(payload.get("digest8", "")))
            case "break_glass":
                await self._decisions.break_glass(proposal_id, person, reason)
            case "deny":
                await self._decisions.deny(proposal_id, person, reason)
            case "ask_again":
                await self.ask_again(proposal_id, person)
            case "ack":
                await self.ack(incident_id, person)
            case "close":
                await self.close(incident_id, reason, person)
            case _:
                log.error("click.unknown_kind", kind=kind)

    async def _put_up(self, done: PutUp) -> PutUpReply:
        threads = await asyncio.to_thread(self._reader.threads, [done.incident_id]) if done.incident_id else {}
        return PutUpReply(
            result=done.result,
            title=done.title,
            proposal_id=done.proposal_id,
            incident_id=done.incident_id,
            thread=threads.get(done.incident_id or ""),
            problems=done.problems,
            usage=done.usage,
            example=done.example,
            model=done.model,
            proposal=done.proposal,
        )

    def _scope(self, model: str) -> str:
        if model and model not in self._catalogue.models:
            raise UnknownModel(model, tuple(self._catalogue.models))
        return model or EVERYTHING

    def _model(self, incident: Incident) -> Any:
        found = self._catalogue.find({"model": incident.model, "env": incident.environment})
        return None if isinstance(found, Unlisted) or not incident.listed else found


def _handled(done: HandlingAnswer) -> HandledReply:
    return HandledReply(done.result, done.incident_id, done.model, done.by, done.at, done.why, done.withdrawn)


def _switched(model: str, switched: Switched) -> SwitchReply:
    return SwitchReply(switched.result, model, switched.by, switched.at, switched.why)


def _reply(decided: Decided) -> DecisionReply:
    return DecisionReply(
        result=decided.result,
        proposal_id=decided.proposal_id,
        incident_id=decided.incident_id,
        title=decided.title,
        state=decided.state,
        votes=decided.votes,
        needed=decided.needed,
        by=decided.by,
        at=decided.at,
        why=decided.why,
    )

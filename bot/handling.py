"""People's hands on an incident: ack, close, false alarm, and asking for a proposal, again or by hand."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol

import structlog

from bot.authority import Authority
from bot.by_hand import ByHand, Unusable
from incidents.approval import ApprovalState, Person
from incidents.catalogue import ModelSpec
from incidents.incident import Incident
from incidents.ledger import IncidentFile, ProposalView
from incidents.permissions import Act
from incidents.policy import PolicySource
from incidents.proposal import Proposal
from incidents.remediation import AnyRemediation
from tools.incident_store.reader import StoreReader
from tools.incident_store.writer.handling import Handled, HandlingResult
from tools.incident_store.writer.store import StoreWriter

log = structlog.get_logger(__name__)

PutUpResult = Literal[
    "put_up", "shown", "not_put_up", "unusable", "refused", "not_found", "asked_before", "not_expired"
]
_WORDS: dict[Act, str] = {
    "ack": "Taking the incident",
    "close": "Closing the incident",
    "false_alarm": "Marking a false alarm",
    "ask_again": "Asking again for a proposal",
    "propose": "Proposing by hand",
}


class Unproposed(Protocol):
    """Why there is no proposal, in plain words."""

    @property
    def title(self) -> str:
        """Of the remediation that was asked for."""
        ...

    @property
    def problems(self) -> tuple[str, ...]:
        """What stands against it."""
        ...


class Planning(Protocol):
    """Whoever makes proposals outside of an investigation. Who may ask is checked before."""

    async def ask_again(self, proposal_id: str, person: str) -> Proposal | Unproposed:
        """The same remediation on the world as it is now, decided by the escalation group first."""
        ...

    async def propose_by_hand(
        self, incident_id: str, remediation: AnyRemediation, person: str, reason: str
    ) -> Proposal | Unproposed:
        """Put up what `person` chose; whoever chose it does not count as an approver."""
        ...

    async def preview(
        self, incident: Incident, model: ModelSpec, remediation: AnyRemediation, reason: str
    ) -> Proposal | Unproposed:
        """What would be put up; writes nothing. What the policy forbids is a proposal whose decision says so."""
        ...


@dataclass(frozen=True)
class HandlingAnswer:
    """What became of ack, close or false alarm, in facts."""

    result: HandlingResult | Literal["refused", "not_found"]
    incident_id: str
    model: str = ""
    by: str | None = None
    at: datetime | None = None
    why: str = ""
    withdrawn: int = 0


@dataclass(frozen=True)
class PutUp:
    """What became of asking for a proposal. `problems` say in plain words why there is none."""

    result: PutUpResult
    title: str = ""
    proposal_id: str = ""
    incident_id: str | None = None
    problems: tuple[str, ...] = ()
    usage: str = ""
    example: str = ""
    model: str = ""
    proposal: Proposal | None = None


class Handling:
    """Never raises for a person who may not: that is an answer, and a timeline entry where an incident is known."""

    def __init__(
        self,
        reader: StoreReader,
        writer: StoreWriter,
        planning: Planning,
        by_hand: ByHand,
        *,
        policy: PolicySource,
        home_team: Callable[[], str],
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        """`planning` makes proposals; `by_hand` reads what was typed; `wake`: called after every commit."""
        self._reader = reader
        self._writer = writer
        self._planning = planning
        self._by_hand = by_hand
        self._authority = Authority(policy, home_team)
        self._clock = clock
        self._wake = wake

    async def ack(self, incident_id: str, person: Person) -> HandlingAnswer:
        """`person` takes the incident."""

        def work() -> Handled:
            return self._writer.handling.ack(incident_id, person.id, self._clock())

        return await self._handle("ack", incident_id, person, work)

    async def close(self, incident_id: str, person: Person, reason: str) -> HandlingAnswer:
        """`person` ends the incident."""

        def work() -> Handled:
            return self._writer.handling.close(incident_id, person.id, reason, self._clock())

        return await self._handle("close", incident_id, person, work)

    async def false_alarm(self, incident_id: str, person: Person) -> HandlingAnswer:
        """`person` marks it as a false alarm, or takes their own mark off."""

        def work() -> Handled:
            return self._writer.handling.mark_false_alarm(incident_id, person.id, self._clock())

        return await self._handle("false_alarm", incident_id, person, work)

    async def ask_again(self, proposal_id: str, person: Person) -> PutUp:
        """Put an expired proposal up once more, on the world as it is now."""
        found = await asyncio.to_thread(self._look_up, proposal_id)
        if found is None:
            return PutUp("not_found", proposal_id=proposal_id)
        view, file = found
        incident_id = file.incident.id
        why = self._authority.refusal("ask_again", person)
        if why is not None:
            await self._write_down("ask_again", incident_id, person, why)
            shown = incident_id if self._authority.is_member(person) else None
            return PutUp("refused", proposal_id=proposal_id, incident_id=shown, problems=(why,))
        answer = PutUp("asked_before", view.proposal.title, proposal_id, incident_id)
        if file.asked_again(proposal_id) is not None:
            return answer
        if view.approval.state not in {ApprovalState.EXPIRED, ApprovalState.SUPERSEDED}:
            return replace(answer, result="not_expired", problems=(f"it is {view.approval.state.value}",))
        made = await self._planning.ask_again(proposal_id, person.id)
        log.info("proposal.asked_again", incident=incident_id, person=person.id, made=isinstance(made, Proposal))
        self._wake()
        return self._put_up(made, incident_id)

    async def propose(self, words: str, person: Person, *, dry_run: bool) -> PutUp:
        """Put up what `person` asks for; with `dry_run` only show it. Raises `UnknownModel`."""
        why = self._authority.refusal("propose", person)
        if why is not None:
            # Where the words name a model with an open incident, its timeline keeps who tried.
            for incident in await asyncio.to_thread(self._named, words):
                await self._write_down("propose", incident.id, person, why)
            return PutUp("refused", problems=(why,))
        wanted = await self._by_hand.read(words)
        if isinstance(wanted, Unusable):
            return PutUp("unusable", problems=(wanted.problem,), usage=wanted.usage, example=wanted.example)
        open_now = await asyncio.to_thread(self._reader.incidents, live=True, limit=1, model=wanted.model.name)
        if not open_now:
            problem = (
                f"{wanted.model.name} has no open incident, and a proposal stands on what was found in one. "
                f"Begin with /agentops investigate {wanted.model.name}"
            )
            return PutUp("unusable", problems=(problem,))
        incident = open_now[0]
        if dry_run:
            shown = await self._planning.preview(incident, wanted.model, wanted.remediation, wanted.reason)
            if isinstance(shown, Proposal):
                return PutUp("shown", shown.title, incident_id=incident.id, model=wanted.model.name, proposal=shown)
            return PutUp("not_put_up", shown.title, incident_id=incident.id, problems=shown.problems)
        made = await self._planning.propose_by_hand(incident.id, wanted.remediation, person.id, wanted.reason)
        log.info("proposal.by_hand", incident=incident.id, person=person.id, made=isinstance(made, Proposal))
        self._wake()
        return self._put_up(made, incident.id)

    async def _handle(self, act: Act, incident_id: str, person: Person, work: Callable[[], Handled]) -> HandlingAnswer:
        why = self._authority.refusal(act, person)
        try:
            if why is not None:
                await self._write_down(act, incident_id, person, why)
                return HandlingAnswer("refused", incident_id, why=why)
            done = await asyncio.to_thread(work)
        except LookupError:
            return HandlingAnswer("not_found", incident_id)
        self._wake()
        log.info("incident.handled", incident=incident_id, act=act, result=done.result, person=person.id)
        return HandlingAnswer(
            done.result, done.incident_id, done.model, done.by, done.at, done.why, withdrawn=done.withdrawn
        )

    async def _write_down(self, act: Act, incident_id: str, person: Person, why: str) -> None:
        log.warning("incident.refused", incident=incident_id, act=act, person=person.id, why=why)
        refuse = self._writer.handling.refuse
        await asyncio.to_thread(refuse, incident_id, person.id, _WORDS[act], why, self._clock())
        self._wake()

    def _named(self, words: str) -> list[Incident]:
        model = words.split()[1] if len(words.split()) > 1 else ""
        return self._reader.incidents(live=True, limit=1, model=model) if model else []

    def _look_up(self, proposal_id: str) -> tuple[ProposalView, IncidentFile] | None:
        try:
            view = self._reader.proposal(proposal_id)
            return view, self._reader.file(view.proposal.incident_id)
        except LookupError:
            return None

    def _put_up(self, made: Proposal | Unproposed, incident_id: str) -> PutUp:
        if isinstance(made, Proposal):
            return PutUp("put_up", made.title, made.id, incident_id)
        return PutUp("not_put_up", made.title, incident_id=incident_id, problems=made.problems)

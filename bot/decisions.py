"""Where every decision meets: button, slash command and App Home end in one compare-and-set.

Who may decide is checked here against the proposal's own approvers and the person as looked up at the click; the
policy is asked again; then the row decides. A person who may not is told why, and it is written down.
"""

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import structlog

from bot.authority import Authority
from bot.workflows.facts import decide_again
from incidents.approval import ApprovalState, Person
from incidents.catalogue import Catalogue, Unlisted
from incidents.ledger import ProposalView
from incidents.permissions import Act
from incidents.policy import Decision, Forbid, PolicySource, RequireApproval
from tools.incident_store.reader import StoreReader
from tools.incident_store.writer.decisions import Result
from tools.incident_store.writer.store import StoreWriter

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Decided:
    """What became of it, in facts; the words for the person are made where they are shown."""

    result: Result | Literal["refused", "not_found", "wrong_digest"]
    proposal_id: str
    incident_id: str | None = None
    title: str = ""
    state: ApprovalState | None = None
    votes: int = 0
    needed: int = 0
    by: str | None = None
    at: datetime | None = None
    why: str = ""


@dataclass(frozen=True)
class Switched:
    """What became of a pause or a resume. `by` and `at`: who paused, and when."""

    result: Literal["paused", "paused_before", "resumed", "not_paused", "refused"]
    scope: str
    by: str | None = None
    at: datetime | None = None
    why: str = ""


class Decisions:
    """Approve, break the glass, deny, pause, resume. Never raises for a person who may not: that is an answer."""

    def __init__(
        self,
        reader: StoreReader,
        writer: StoreWriter,
        catalogue: Catalogue,
        policy: PolicySource,
        *,
        home_team: Callable[[], str],
        clock: Callable[[], datetime],
        speed: float,
        wake: Callable[[], None],
    ) -> None:
        """`policy`: the one in force; `home_team`: our Slack workspace; `wake`: called after every commit."""
        self._reader = reader
        self._writer = writer
        self._catalogue = catalogue
        self._policy = policy
        self._authority = Authority(policy, home_team)
        self._clock = clock
        self._speed = speed
        self._wake = wake

    async def approve(self, proposal_id: str, person: Person, digest8: str | None = None) -> Decided:
        """Count `person`'s yes. `digest8` must be the card's characters where it comes from a command line."""
        return await asyncio.to_thread(self._approve, proposal_id, person, digest8, "")

    async def break_glass(self, proposal_id: str, person: Person, reason: str) -> Decided:
        """`person` acts for two, where the card and the policy of this moment permit it. `reason` is kept."""
        return await asyncio.to_thread(self._approve, proposal_id, person, None, reason)

    async def deny(self, proposal_id: str, person: Person, reason: str) -> Decided:
        """`person`'s final no."""
        return await asyncio.to_thread(self._deny, proposal_id, person, reason)

    async def pause(self, scope: str, person: Person) -> Switched:
        """Stop every change of a model, or of all (`EVERYTHING`), at once. Any full member may."""
        why = self._authority.refusal("pause", person)
        if why is not None:
            return Switched("refused", scope, why=why)
        now = self._clock()
        standing = await asyncio.to_thread(self._writer.pauses.pause, scope, person.id, now)
        self._wake()
        log.warning("changes.paused", scope=scope, person=standing.by)
        result = "paused" if standing.at == now else "paused_before"
        return Switched(result, scope, standing.by, standing.at)

    async def resume(self, scope: str, person: Person) -> Switched:
        """Let changes go on. Only people whom the policy names as approvers may."""
        why = self._authority.refusal("resume", person)
        if why is not None:
            return Switched("refused", scope, why=why)
        stood = await asyncio.to_thread(self._writer.pauses.resume, scope, person.id, self._clock())
        self._wake()
        log.warning("changes.resumed", scope=scope, person=person.id)
        return Switched("resumed" if stood else "not_paused", scope, stood.by if stood else None)

    def _approve(self, proposal_id: str, person: Person, digest8: str | None, break_glass: str) -> Decided:
        view = self._view(proposal_id)
        if view is None:
            return Decided("not_found", proposal_id)
        policy_now = self._policy_now(view)
        named = [view.approvers]
        if isinstance(policy_now.effect, RequireApproval):
            # Approvers of the card whom the policy does not name any more: stricter at the click counts. The group it
            # escalates to decides on what was asked for again.
            escalated = policy_now.effect.escalate_to if view.round > 1 else ()
            named.append((*policy_now.effect.approvers, *escalated))
        stopped = self._who("break_glass" if break_glass else "approve", view, person, *named)
        if stopped is not None:
            return stopped
        shown = view.proposal.short_digest
        if digest8 is not None and not hmac.compare_digest(shown.encode(), digest8.lower().encode()):
            return self._refused(view, person, "wrong_digest", "the eight characters are not those of the card")
        now = self._clock()
        verdict = self._writer.decisions.approve(proposal_id, person.id, policy_now, now, break_glass=break_glass)
        self._wake()
        log.info(
            "decision.approve",
            incident=verdict.incident_id,
            result=verdict.result,
            person=person.id,
            for_two=bool(break_glass),
        )
        return self._decided(
            view, verdict.result, verdict.state, verdict.votes, verdict.needed, verdict.by, verdict.at, verdict.why
        )

    def _deny(self, proposal_id: str, person: Person, reason: str) -> Decided:
        view = self._view(proposal_id)
        if view is None:
            return Decided("not_found", proposal_id)
        stopped = self._who("deny", view, person, view.approvers)
        if stopped is not None:
            return stopped
        verdict = self._writer.decisions.deny(proposal_id, person.id, reason, self._clock())
        self._wake()
        log.info("decision.deny", incident=verdict.incident_id, result=verdict.result, person=person.id)
        return self._decided(view, verdict.result, verdict.state, 0, 0, verdict.by, verdict.at, verdict.why)

    def _view(self, proposal_id: str) -> ProposalView | None:
        try:
            return self._reader.proposal(proposal_id)
        except LookupError:
            return None

    def _who(self, act: Act, view: ProposalView, person: Person, *named: tuple[str, ...]) -> Decided | None:
        """Their refusal, unless they are among the approvers of each of `named`. Strangers are told no more."""
        for approvers in named:
            why = self._authority.refusal(act, person, approvers=approvers, chosen_by=view.chosen_by)
            if why is None:
                continue
            refused = self._refused(view, person, "refused", why)
            return refused if self._authority.is_member(person) else Decided("refused", refused.proposal_id, why=why)
        return None

    def _refused(
        self, view: ProposalView, person: Person, result: Literal["refused", "wrong_digest"], why: str
    ) -> Decided:
        self._writer.decisions.refuse(view.proposal.id, person.id, why, self._clock())
        log.warning("decision.refused", incident=view.proposal.incident_id, person=person.id, why=why)
        return self._decided(view, result, view.approval.state, 0, 0, None, None, why)

    def _policy_now(self, view: ProposalView) -> Decision:
        found = self._catalogue.find({"model": view.model})
        if isinstance(found, Unlisted):
            return Decision(effect=Forbid(because="the model is no longer in the catalogue"), rules=())
        return decide_again(
            self._policy,
            self._reader,
            self._writer,
            proposal=view.proposal,
            model=found,
            now=self._clock(),
            speed=self._speed,
        ).decision

    def _decided(
        self,
        view: ProposalView,
        result: Result | Literal["refused", "wrong_digest"],
        state: ApprovalState,
        votes: int,
        needed: int,
        by: str | None,
        at: datetime | None,
        why: str,
    ) -> Decided:
        return Decided(
            result, view.proposal.id, view.proposal.incident_id, view.proposal.title, state, votes, needed, by, at, why
        )

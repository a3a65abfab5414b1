"""From a choice to a proposal: where it starts from, what was looked at first, what the policy says, until when.

Everything that is ever proposed is made here: a plan's steps, what people ask for by hand or ask for again, and what
follows from an execution.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from bot.workflows.facts import Ruling, decide_now
from bot.workflows.origins import origin_of
from bot.workflows.ports import Deps
from bot.workflows.waiting_quarantine import as_it_waits
from incidents.approval import ApprovalState
from incidents.catalogue import ModelSpec, Unlisted
from incidents.comparison import Comparison
from incidents.diagnosis import Confidence
from incidents.execution import ExecutionState
from incidents.incident import Incident
from incidents.ledger import BY_HAND, IncidentFile, Provenance
from incidents.past_incident import age_in_words
from incidents.policy import Decision, Forbid, RequireApproval
from incidents.proposal import Proposal, RemediationChoice, When, propose
from incidents.remediation import (
    AnyRemediation,
)
from incidents.spec import SIDES, spec_of
from tools.errors import InvalidRequest, NotFound, UpstreamError
from tools.incident_store.writer.proposals import Added

log = structlog.get_logger(__name__)

DEFAULT_WITHIN_MINUTES = 5.0
"""How long a proposal stands that needs no approval, from the domain: an approval waits 5 minutes."""

LATELY = timedelta(days=90)
"""How old what did not work may be to be told beside the same remediation."""
MOST_FAILED = 3

ASKABLE = frozenset({ApprovalState.EXPIRED, ApprovalState.SUPERSEDED})
"""What may be asked for again: nobody has said no to it."""


@dataclass(frozen=True)
class NotProposed:
    """Why a remediation is not proposed, in plain words that may hold names from outside: escape them."""

    title: str
    problems: tuple[str, ...]

    @property
    def words(self) -> str:
        """One sentence."""
        return f"“{self.title}” is not proposed: {'; '.join(self.problems)}."


@dataclass(frozen=True)
class Basis:
    """What a proposal rests on besides its choice."""

    confidence: Confidence
    comparison: Comparison | None = None
    follows: str | None = None
    chosen_by: str | None = None


def model_of(deps: Deps, incident: Incident) -> ModelSpec | None:
    """The catalogue's entry of an incident; None where it has none or its labels contradict each other."""
    if not incident.listed:
        return None
    found = deps.catalogue.find({"model": incident.model, "env": incident.environment})
    return None if isinstance(found, Unlisted) else found


async def make(
    deps: Deps, incident: Incident, model: ModelSpec, choice: RemediationChoice, basis: Basis
) -> Proposal | NotProposed:
    """The proposal of a choice on the world of now, with the policy's word on it. Writes nothing."""
    title = spec_of(choice.remediation).title
    try:
        origin = await origin_of(deps, model, choice.remediation, incident)
        looked = await deps.sagemaker.preflight(choice.remediation, model)
    except NotFound as error:
        log.warning("proposal.no_origin", remediation=choice.remediation.kind, error=str(error))
        return NotProposed(title, (f"{error.service} does not have what it would start from",))
    except InvalidRequest as error:
        return NotProposed(title, (error.detail,))
    except UpstreamError as error:
        log.warning("proposal.no_origin", remediation=choice.remediation.kind, error=str(error))
        return NotProposed(title, (f"{error.service} could not be read",))
    if looked.problems:
        return NotProposed(title, looked.problems)
    ruling = await asyncio.to_thread(_ruling, deps, incident, model, choice, basis)
    did_not_work = await asyncio.to_thread(_did_not_work, deps, incident, choice)
    now = deps.clock()
    try:
        return propose(
            choice,
            proposal_id=deps.new_id(),
            incident_id=incident.id,
            model=model,
            origin=origin,
            decision=ruling.decision,
            policy_hash=ruling.policy_hash,
            created_at=now,
            expires_at=_expiry(now, ruling.decision, deps.pace.decision_speed),
            checked=looked.told,
            did_not_work=did_not_work,
            comparison=basis.comparison,
            follows=basis.follows,
        )
    except ValueError as error:
        return NotProposed(title, (str(error),))


async def proposals_of_plan(
    deps: Deps, file: IncidentFile, model: ModelSpec, choices: Sequence[RemediationChoice], confidence: Confidence
) -> tuple[list[Proposal], list[NotProposed]]:
    """The plan's steps that are due at once; a side step that this incident has had already is left out."""
    had = {
        view.proposal.remediation.kind
        for view in file.proposals
        for execution in file.executions
        if execution.proposal_id == view.proposal.id
        and view.proposal.remediation.kind in SIDES
        and execution.state in {ExecutionState.QUEUED, ExecutionState.EXECUTING, ExecutionState.SUCCEEDED}
    }
    made: list[Proposal] = []
    problems: list[NotProposed] = []
    for choice in choices:
        if choice.when is not When.AT_ONCE or choice.remediation.kind in had:
            continue
        due = await as_it_waits(deps, file.incident.id, choice)
        one = await make(deps, file.incident, model, due, Basis(confidence))
        if isinstance(one, NotProposed):
            problems.append(one)
        else:
            made.append(one)
    return made, problems


async def preview(
    deps: Deps,
    incident: Incident,
    model: ModelSpec,
    remediation: AnyRemediation,
    *,
    reason: str = "",
    evidence: tuple[str, ...] = (),
) -> Proposal | NotProposed:
    """What proposing it would show; nothing is written. Where the policy forbids it, the decision says so."""
    file = await asyncio.to_thread(deps.reader.file, incident.id)
    choice = RemediationChoice(remediation=remediation, reason=reason or "Asked for by hand.", evidence=evidence)
    return await make(deps, incident, model, choice, Basis(_confidence(file)))


async def propose_by_hand(
    deps: Deps, incident_id: str, remediation: AnyRemediation, person: str, reason: str
) -> Proposal | NotProposed:
    """What `person` asks for, through the same policy; they are never among those who approve it.

    Raises `LookupError` when there is no such incident.
    """
    file = await asyncio.to_thread(deps.reader.file, incident_id)
    title = spec_of(remediation).title
    model = model_of(deps, file.incident)
    if model is None:
        return NotProposed(title, ("the incident's model is not in the catalogue",))
    known = tuple(one.id for one in file.findings.evidence) if file.findings else ()
    latest = next((one.id for one in file.investigations if one.findings is not None), BY_HAND)
    choice = RemediationChoice(remediation=remediation, reason=(reason or "Asked for by hand.")[:600], evidence=known)
    made = await make(deps, file.incident, model, choice, Basis(_confidence(file), chosen_by=person))
    if isinstance(made, NotProposed):
        return await _told(deps, incident_id, person, made)
    return await _added(deps, made, Provenance(investigation_id=latest, chosen_by=person))


async def ask_again(deps: Deps, proposal_id: str, person: str) -> Proposal | NotProposed:
    """The remediation of a proposal that nobody decided, on the world of now, put to the next group first.

    Asking again is not choosing: who chose it the first time still may not approve it. Raises `LookupError`.
    """
    view = await asyncio.to_thread(deps.reader.proposal, proposal_id)
    old = view.proposal
    if view.approval.state not in ASKABLE:
        return NotProposed(old.title, (f"it is {view.approval.state.value}, so it cannot be asked for again",))
    file = await asyncio.to_thread(deps.reader.file, old.incident_id)
    model = model_of(deps, file.incident)
    if model is None:
        return NotProposed(old.title, ("the incident's model is not in the catalogue",))
    choice = RemediationChoice(
        remediation=old.remediation,
        reason=old.reason,
        evidence=old.evidence,
        condition=old.condition,
        when=old.when,
    )
    basis = Basis(_confidence(file), comparison=old.comparison, follows=old.follows, chosen_by=view.chosen_by)
    made = await make(deps, file.incident, model, choice, basis)
    if isinstance(made, NotProposed):
        return await _told(deps, old.incident_id, person, made)
    before = await asyncio.to_thread(deps.reader.provenance, proposal_id)
    changed = {"round": before.round + 1, "replaces": proposal_id, "approvers": _next_group_first(made.decision)}
    log.info("proposal.asked_again", proposal=proposal_id, person=person)
    return await _added(deps, made, before.model_copy(update=changed))


async def _added(deps: Deps, proposal: Proposal, provenance: Provenance) -> Proposal | NotProposed:
    added = await asyncio.to_thread(deps.writer.proposals.add, proposal, provenance, deps.clock())
    deps.wake_outbox()
    deps.wake_dispatcher()
    why = _why_not(added, proposal.decision)
    return proposal if why is None else NotProposed(proposal.title, (why,))


async def _told(deps: Deps, incident_id: str, person: str, why: NotProposed) -> NotProposed:
    """`why`, written down for those who were not told."""
    await asyncio.to_thread(deps.writer.proposals.not_proposed, incident_id, person, why.words, deps.clock())
    return why


def _why_not(added: Added, decision: Decision) -> str | None:
    match added:
        case "added":
            return None
        case "forbidden":
            because = decision.effect.because if isinstance(decision.effect, Forbid) else "it is forbidden"
            return f"the policy says no: {because}"
        case "under_way":
            return "a change of this incident is under way; wait until it has ended"
        case "over":
            return "the incident is over"
        case "asked_before":
            return "somebody has asked for it again already"
        case _:
            assert_never(added)


def _next_group_first(decision: Decision) -> tuple[str, ...] | None:
    effect = decision.effect
    if not isinstance(effect, RequireApproval):
        return None
    return tuple(dict.fromkeys((*effect.escalate_to, *effect.approvers)))


def _confidence(file: IncidentFile) -> Confidence:
    return file.findings.diagnosis.confidence if file.findings else Confidence.LOW


def _ruling(deps: Deps, incident: Incident, model: ModelSpec, choice: RemediationChoice, basis: Basis) -> Ruling:
    return decide_now(
        deps.policy,
        deps.reader,
        deps.writer,
        remediation=choice.remediation,
        incident_id=incident.id,
        model=model,
        confidence=basis.confidence,
        evidence_count=len(choice.evidence),
        now=deps.clock(),
        speed=deps.pace.speed,
        when=choice.when,
        follows=basis.follows,
        chosen_by=basis.chosen_by,
    )


def _did_not_work(deps: Deps, incident: Incident, choice: RemediationChoice) -> tuple[str, ...]:
    """Told beside the proposal; it changes neither the plan nor the policy's word."""
    kind, now = choice.remediation.kind, deps.clock()
    if kind in SIDES:
        return ()
    failed = deps.reader.failed_attempts(incident.model, kind, now - LATELY, incident.id, MOST_FAILED)
    return tuple(f"{one.did} in {one.incident_id}, {age_in_words(now - one.at)}: {one.came_of_it}" for one in failed)


def _expiry(now: datetime, decision: Decision, speed: float) -> datetime:
    effect = decision.effect
    minutes = effect.within_minutes if isinstance(effect, RequireApproval) else DEFAULT_WITHIN_MINUTES
    return now + timedelta(minutes=minutes / speed)

"""The policy's word on a remediation now: asked when a proposal is made, again at the click, and before each request.

It fails closed: where the policy file or the database cannot be read, the word is no.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog

from incidents.catalogue import ModelSpec
from incidents.diagnosis import Confidence
from incidents.errors import PolicyUnreadable
from incidents.incident import Incident
from incidents.policy import Decision, Facts, Forbid, Policy, PolicySource, decide
from incidents.proposal import Proposal, When
from incidents.remediation import AnyRemediation
from incidents.spec import spec_of
from tools.errors import UpstreamError
from tools.incident_store.reader import StoreReader
from tools.incident_store.writer.store import StoreWriter

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Ruling:
    """The policy's decision, the hash of the policy that made it, and the facts it was made on.

    `policy_hash` is empty and `facts` is None where there was no policy or no database to ask.
    """

    decision: Decision
    policy_hash: str
    facts: Facts | None


def decide_now(
    policy: PolicySource,
    reader: StoreReader,
    writer: StoreWriter,
    *,
    remediation: AnyRemediation,
    incident_id: str,
    model: ModelSpec,
    confidence: Confidence,
    evidence_count: int,
    now: datetime,
    speed: float,
    when: When = When.AT_ONCE,
    chosen_by: str | None = None,
    besides: str | None = None,
) -> Ruling:
    """What the policy in force says of a remediation now. A policy or database that is away is a no, never an error.

    Args:
        policy: where the policy in force comes from.
        reader: what else was done, is under way, is paused.
        writer: keeps every policy that was asked, by its hash.
        remediation: what is to be done.
        incident_id: for which incident.
        model: whose entry of the catalogue is meant.
        confidence: of the diagnosis it follows from.
        evidence_count: how many pieces of evidence it rests on.
        now: the moment.
        speed: how much faster than real time the world runs.
        when: when the step of the plan is due.
        chosen_by: the person who asked for it by hand; None where the agents did.
        besides: the execution that asks; it does not count as under way.
    """
    try:
        in_force = policy()
        writer.policies.remember(in_force, now)
        facts = _facts(
            reader,
            in_force,
            remediation=remediation,
            incident=reader.incident(incident_id),
            model=model,
            confidence=confidence,
            evidence_count=evidence_count,
            now=now,
            speed=speed,
            besides=besides,
        )
    except (PolicyUnreadable, UpstreamError) as error:
        return _no(error)
    return Ruling(decide(in_force, facts), in_force.hash, facts)


def decide_again(
    policy: PolicySource,
    reader: StoreReader,
    writer: StoreWriter,
    *,
    proposal: Proposal,
    model: ModelSpec,
    now: datetime,
    speed: float,
    besides: str | None = None,
) -> Ruling:
    """What the policy says of a proposal now; see `decide_now`."""
    try:
        file = reader.file(proposal.incident_id)
        chosen_by = reader.proposal(proposal.id).chosen_by
    except UpstreamError as error:
        return _no(error)
    return decide_now(
        policy,
        reader,
        writer,
        remediation=proposal.remediation,
        incident_id=proposal.incident_id,
        model=model,
        confidence=file.findings.diagnosis.confidence if file.findings else Confidence.LOW,
        evidence_count=len(proposal.evidence),
        now=now,
        speed=speed,
        when=proposal.when,
        chosen_by=chosen_by,
        besides=besides,
    )


def _no(error: PolicyUnreadable | UpstreamError) -> Ruling:
    log.error("policy.cannot_decide", error=str(error))
    because = str(error) if isinstance(error, PolicyUnreadable) else "the database does not answer; nothing may run"
    return Ruling(Decision(effect=Forbid(because=because), rules=()), "", None)


def _facts(
    reader: StoreReader,
    policy: Policy,
    *,
    remediation: AnyRemediation,
    incident: Incident,
    model: ModelSpec,
    confidence: Confidence,
    evidence_count: int,
    now: datetime,
    speed: float,
    besides: str | None,
) -> Facts:
    last = reader.last_finished_execution(model.name)
    since = None
    if last is not None and last.finished_at is not None and last.id != besides:
        since = (now - last.finished_at).total_seconds() / 60 * speed
    in_flight = [one for one in reader.executions_under_way() if one.model == model.name and one.id != besides]
    return Facts(
        remediation=remediation.kind,
        risk=spec_of(remediation).risk.value,
        environment=model.environment,
        tier=model.tier,
        severity=incident.severity,
        confidence=confidence,
        evidence_count=evidence_count,
        autonomy=policy.autonomy_of(model.name),
        in_flight=len(in_flight),
        minutes_since_last=since,
        paused=reader.paused(model.name) is not None,
    )

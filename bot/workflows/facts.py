"""The policy's word on a remediation now: asked when a proposal is made, again at the click, and before each request.

It fails closed: where the policy file or the database cannot be read, the word is no.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from incidents.autonomy import people_decide
from incidents.catalogue import ModelSpec
from incidents.diagnosis import Confidence
from incidents.effect import RiskClass
from incidents.errors import PolicyUnreadable
from incidents.facts import Facts, Minutes
from incidents.ledger import IncidentFile
from incidents.policy import Decision, Forbid, Policy, PolicySource, decide
from incidents.proposal import Proposal, When
from incidents.remediation import AnyRemediation
from incidents.risk import CHANGING
from incidents.spec import spec_of
from incidents.step import step_of
from incidents.zones import day_began, zone_named
from tools.errors import UpstreamError
from tools.incident_store.reader import StoreReader
from tools.incident_store.tables import ExecutionRecord
from tools.incident_store.writer.store import StoreWriter

log = structlog.get_logger(__name__)

FLEET_WINDOW = timedelta(hours=1)
"""Within which changed endpoints of the whole fleet are counted."""


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
    confidence: Confidence | None,
    evidence_count: int,
    now: datetime,
    speed: float,
    when: When = When.AT_ONCE,
    follows: str | None = None,
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
        confidence: of the diagnosis it rests on; None where there is none.
        evidence_count: how many pieces of evidence it rests on.
        now: the moment.
        speed: how much faster than real time the world runs.
        when: which step of its plan it is.
        follows: the execution that led to it, where one did.
        chosen_by: the person who asked for it by hand; None where the agents did.
        besides: the execution that asks; it does not count as under way.
    """
    try:
        in_force = policy()
        writer.policies.remember(in_force, now)
        facts = facts_now(
            reader,
            in_force,
            remediation=remediation,
            file=reader.file(incident_id),
            model=model,
            confidence=confidence,
            evidence_count=evidence_count,
            now=now,
            speed=speed,
            when=when,
            follows=follows,
            chosen_by=chosen_by,
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
        in_force = policy()
        writer.policies.remember(in_force, now)
        facts = facts_again(reader, in_force, proposal=proposal, model=model, now=now, speed=speed, besides=besides)
    except (PolicyUnreadable, UpstreamError) as error:
        return _no(error)
    return Ruling(decide(in_force, facts), in_force.hash, facts)


def facts_again(
    reader: StoreReader,
    policy: Policy,
    *,
    proposal: Proposal,
    model: ModelSpec,
    now: datetime,
    speed: float,
    besides: str | None = None,
) -> Facts:
    """The facts of a proposal as they are now. Raises `UpstreamError`."""
    file = reader.file(proposal.incident_id)
    return facts_now(
        reader,
        policy,
        remediation=proposal.remediation,
        file=file,
        model=model,
        confidence=file.findings.diagnosis.confidence if file.findings else None,
        evidence_count=len(proposal.evidence),
        now=now,
        speed=speed,
        when=proposal.when,
        follows=proposal.follows,
        chosen_by=next((view.chosen_by for view in file.proposals if view.proposal.id == proposal.id), None),
        besides=besides,
    )


def _no(error: PolicyUnreadable | UpstreamError) -> Ruling:
    log.error("policy.cannot_decide", error=str(error))
    because = str(error) if isinstance(error, PolicyUnreadable) else "the database does not answer; nothing may run"
    return Ruling(Decision(effect=Forbid(because=because), rules=()), "", None)


def facts_now(
    reader: StoreReader,
    policy: Policy,
    *,
    remediation: AnyRemediation,
    file: IncidentFile,
    model: ModelSpec,
    confidence: Confidence | None,
    evidence_count: int,
    now: datetime,
    speed: float,
    when: When = When.AT_ONCE,
    follows: str | None = None,
    chosen_by: str | None = None,
    besides: str | None = None,
) -> Facts:
    """All facts, read now; see `decide_now`. Times are those of the world, which runs `speed` times as fast.

    A clock that was set back shows things as ahead of now: they count as just done, never as long ago.
    """
    spec, level = spec_of(remediation), policy.autonomy_of(model.name)
    target = f"{spec.target} of {file.incident.id}" if spec.risk is RiskClass.NONE else spec.target
    day, hour = day_began(now, zone_named(policy.time_zone), speed), now - FLEET_WINDOW / speed
    changes = [one for one in reader.changes_since(min(day, hour)) if one.id != besides]
    today = [one for one in changes if one.model == model.name and _touched(one, now) >= day]
    endpoints = {one.target for one in changes if one.target.startswith("endpoint/") and _touched(one, now) >= hour}
    return Facts(
        remediation=remediation.kind,
        risk=spec.risk.value,
        model=model.name,
        environment=model.environment,
        tier=model.tier,
        severity=file.incident.severity,
        autonomy=people_decide(level) if file.tried_by_itself else level,
        step=step_of(file, remediation, when=when, follows=follows, besides=besides),
        chosen_by="agent" if chosen_by is None else "person",
        confidence=confidence,
        evidence_count=evidence_count,
        in_flight=_before(reader.executions_under_way(), model.name, besides),
        minutes_since_last=_minutes_since(_ended(reader.last_change(model.name)), now, speed),
        minutes_since_denied=_minutes_since(reader.last_denial(model.name, remediation.kind, target), now, speed),
        remediations_today=len(today),
        cost_today_usd=sum(one.cost_usd for one in today),
        cost_usd=spec.estimate(model).cost_usd,
        endpoints_changed=len(endpoints - {target}),
        frozen=policy.frozen_by(now, model=model.name, environment=model.environment),
        paused=reader.paused(model.name) is not None,
    )


def _before(under_way: list[ExecutionRecord], model: str, besides: str | None) -> int:
    """How many changes of the model are under way; for one of them, those queued before it: one of two goes first."""
    own = next((one for one in under_way if one.id == besides), None)
    return sum(
        1
        for one in under_way
        if one.model == model
        and one.kind in CHANGING
        and one.id != besides
        and (own is None or (one.created_at, one.id) < (own.created_at, own.id))
    )


def _touched(record: ExecutionRecord, now: datetime) -> datetime:
    """When it was last changing something; what is under way is changing it now."""
    return record.finished_at or now


def _ended(record: ExecutionRecord | None) -> datetime | None:
    return None if record is None else record.finished_at


def _minutes_since(moment: datetime | None, now: datetime, speed: float) -> Minutes:
    return "never" if moment is None else max(0.0, (now - moment).total_seconds() / 60 * speed)

"""The facts the policy is asked with: read when a proposal is made, again at the click, and again before execution."""

from datetime import datetime

from incidents.catalogue import ModelSpec
from incidents.diagnosis import Confidence
from incidents.incident import Incident
from incidents.policy import Decision, Facts, Policy, decide
from incidents.proposal import Proposal
from incidents.remediation import AnyRemediation
from incidents.spec import spec_of
from tools.incident_store.reader import StoreReader


def facts_for(
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
    besides: str | None = None,
) -> Facts:
    """Everything a rule may look at. `besides` is an execution that does not count as in flight: the one asking."""
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


def decide_again(
    reader: StoreReader,
    policy: Policy,
    *,
    proposal: Proposal,
    model: ModelSpec,
    now: datetime,
    speed: float,
    besides: str | None = None,
) -> Decision:
    """What the policy says of a proposal now."""
    file = reader.file(proposal.incident_id)
    confidence = file.findings.diagnosis.confidence if file.findings else Confidence.LOW
    facts = facts_for(
        reader,
        policy,
        remediation=proposal.remediation,
        incident=file.incident,
        model=model,
        confidence=confidence,
        evidence_count=len(proposal.evidence),
        now=now,
        speed=speed,
        besides=besides,
    )
    return decide(policy, facts)

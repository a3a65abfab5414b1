"""A proposal: one remediation with its reasons, its exact calls and the digest people sign."""

import hashlib
import json
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from incidents.catalogue import ModelSpec
from incidents.clock import Moment
from incidents.comparison import Comparison
from incidents.effect import ApiRequest, Estimate, PlanRow, RiskClass
from incidents.origin import AnyOrigin, IncidentOrigin, Origin
from incidents.policy import Decision
from incidents.remediation import Remediation
from incidents.spec import spec_of

SHOWN_DIGITS = 8
"""How many characters of the digest the card shows."""


class When(StrEnum):
    """When a step of a plan gets its card. Set by code, as is the condition in words."""

    AT_ONCE = "at_once"
    AFTER_PREVIOUS = "after_previous"
    """Once the step before it has succeeded."""
    IF_GATE_FAILS = "if_gate_fails"
    """Once a retrained candidate was found worse than the live model."""


class RemediationChoice(BaseModel):
    """What a reasoner may ask for: a remediation with typed parameters and its reasons. Data, never a call."""

    model_config = ConfigDict(frozen=True)

    remediation: Remediation
    reason: str = Field(min_length=1, max_length=600)
    evidence: tuple[str, ...] = Field(description="ids of the evidence it rests on; at least one")
    condition: str = Field(default="", max_length=300, description="leave it empty; code sets it")
    when: When = Field(default=When.AT_ONCE, description="leave as it is; code sets it")


class PlanDraft(BaseModel):
    """The ranked choices of a reasoner; empty where nothing should be done."""

    model_config = ConfigDict(frozen=True)

    choices: tuple[RemediationChoice, ...] = ()
    explanation: str = Field(min_length=1, max_length=600, description="why these, or why nothing")


class Proposal(BaseModel):
    """One step of the plan, ready to be decided. Built by `propose`; the digest is what runs."""

    model_config = ConfigDict(frozen=True)

    id: str
    incident_id: str
    execution_id: str
    remediation: Remediation
    origin: Origin
    requests: tuple[ApiRequest, ...]
    reason: str
    evidence: tuple[str, ...]
    condition: str = ""
    when: When = When.AT_ONCE
    checked: tuple[str, ...] = ()
    """What was looked at before it was proposed and found in order, in plain words."""
    did_not_work: tuple[str, ...] = ()
    """The same kind of remediation on the same model that lately failed or was taken back, in plain words."""
    comparison: Comparison | None = None
    """Of a promotion: the candidate against the live model, as the gate saw them."""
    follows: str | None = None
    """The execution that led to it: it is its undo, its candidate's promotion, or the plan's next step."""
    plan: tuple[PlanRow, ...]
    undo: str
    risk: RiskClass
    estimate: Estimate
    success_criteria: tuple[str, ...]
    decision: Decision
    policy_hash: str
    digest: str
    created_at: Moment
    expires_at: Moment

    @property
    def short_digest(self) -> str:
        """The characters the card shows and the slash command takes."""
        return self.digest[:SHOWN_DIGITS]

    @property
    def title(self) -> str:
        """One line in the imperative."""
        return spec_of(self.remediation).title

    @property
    def target(self) -> str:
        """What it changes; at most one remediation is in flight for each. What is told of an incident is its own."""
        target = spec_of(self.remediation).target
        return f"{target} of {self.incident_id}" if isinstance(self.origin, IncidentOrigin) else target


def digest_of(requests: tuple[ApiRequest, ...], origin_identity: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON of the requests and the origin's identity (RFC 8785 ordering of keys)."""
    content = {"requests": [r.model_dump(mode="json") for r in requests], "origin": origin_identity}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def propose(
    choice: RemediationChoice,
    *,
    proposal_id: str,
    incident_id: str,
    model: ModelSpec,
    origin: AnyOrigin,
    decision: Decision,
    policy_hash: str,
    created_at: Moment,
    expires_at: Moment,
    checked: tuple[str, ...] = (),
    did_not_work: tuple[str, ...] = (),
    comparison: Comparison | None = None,
    follows: str | None = None,
) -> Proposal:
    """Build the proposal of a choice. Its execution's id follows from its own, so the calls are fixed here.

    Raises `ValueError` where the remediation cannot start from this origin.
    """
    execution_id = f"x{proposal_id}"
    spec = spec_of(choice.remediation)
    made = spec.requests(origin, execution_id)
    return Proposal(
        id=proposal_id,
        incident_id=incident_id,
        execution_id=execution_id,
        remediation=choice.remediation,
        origin=origin,
        requests=made,
        reason=choice.reason,
        evidence=choice.evidence,
        condition=choice.condition,
        when=choice.when,
        checked=checked,
        did_not_work=did_not_work,
        comparison=comparison,
        follows=follows,
        plan=spec.plan(origin),
        undo=spec.undo(origin).words,
        risk=spec.risk,
        estimate=spec.estimate(model),
        success_criteria=spec.success_criteria,
        decision=decision,
        policy_hash=policy_hash,
        digest=digest_of(made, origin.identity),
        created_at=created_at,
        expires_at=expires_at,
    )

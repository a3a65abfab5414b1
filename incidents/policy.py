"""The policy: what a proposal needs before it may run. Pure, deny by default, strictest match wins.

Read from manifests/policy.yaml. No match means forbid; when several rules match, the strictest decides, so the order
of the rules never matters; the decision names the rules that made it.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from incidents.alert import Severity
from incidents.diagnosis import Confidence
from incidents.remediation import RemediationKind

Autonomy = Literal["observe", "suggest", "execute_low", "execute_high"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Facts(_Strict):
    """All that a rule may look at."""

    remediation: RemediationKind
    risk: Literal["none", "low", "high"]
    environment: str
    tier: int
    severity: Severity
    confidence: Confidence
    evidence_count: Annotated[int, Field(ge=0)]
    autonomy: Autonomy
    in_flight: Annotated[int, Field(ge=0)] = 0
    minutes_since_last: float | None = None
    paused: bool = False


class When(_Strict):
    """Conditions of a rule; all that are given must hold, an empty one always does."""

    remediation: tuple[RemediationKind, ...] | None = None
    risk: tuple[Literal["none", "low", "high"], ...] | None = None
    environment: tuple[str, ...] | None = None
    tier: tuple[int, ...] | None = None
    severity: tuple[Severity, ...] | None = None
    autonomy: tuple[Autonomy, ...] | None = None
    confidence_below: Confidence | None = None
    evidence_fewer_than: int | None = None
    in_flight_at_least: int | None = None
    minutes_since_last_below: float | None = None
    paused: bool | None = None

    def holds(self, facts: Facts) -> bool:
        """True when every condition given holds for `facts`."""
        listed = (
            (self.remediation, facts.remediation),
            (self.risk, facts.risk),
            (self.environment, facts.environment),
            (self.tier, facts.tier),
            (self.severity, facts.severity),
            (self.autonomy, facts.autonomy),
        )
        if any(allowed is not None and value not in allowed for allowed, value in listed):
            return False
        since = facts.minutes_since_last
        bounds = (
            self.confidence_below is None or facts.confidence.rank < self.confidence_below.rank,
            self.evidence_fewer_than is None or facts.evidence_count < self.evidence_fewer_than,
            self.in_flight_at_least is None or facts.in_flight >= self.in_flight_at_least,
            self.minutes_since_last_below is None or (since is not None and since < self.minutes_since_last_below),
            self.paused is None or facts.paused == self.paused,
        )
        return all(bounds)


class Forbid(_Strict):
    """It may not run; `because` is shown."""

    effect: Literal["forbid"] = "forbid"
    because: str


class RequireApproval(_Strict):
    """`count` different people of `approvers` (handles of Slack user groups, or user ids) in `within_minutes`."""

    effect: Literal["require_approval"] = "require_approval"
    count: Annotated[int, Field(ge=1, le=5)] = 1
    approvers: Annotated[tuple[str, ...], Field(min_length=1)]
    within_minutes: Annotated[float, Field(gt=0)] = 5
    escalate_to: tuple[str, ...] = ()


class Allow(_Strict):
    """It may run; diagnosis and plan stand in the thread first."""

    effect: Literal["allow"] = "allow"


Effect = Annotated[Forbid | RequireApproval | Allow, Field(discriminator="effect")]


class Rule(_Strict):
    """One rule: when these conditions hold, this is needed at least."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    when: When = When()
    then: Effect


class Policy(_Strict):
    """All rules. Names are unique."""

    version: Literal[1]
    autonomy: dict[str, Autonomy] = {}
    """Autonomy level by model name; `suggest` where a model is not named."""
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Policy":
        names = [rule.name for rule in self.rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"rule names must be unique; twice: {', '.join(twice)}")
        return self

    @property
    def hash(self) -> str:
        """SHA-256 of the policy's content; recorded beside every proposal."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def approvers(self) -> frozenset[str]:
        """Everybody whom any rule names as an approver."""
        effects = [rule.then for rule in self.rules]
        return frozenset(a for effect in effects if isinstance(effect, RequireApproval) for a in effect.approvers)

    def autonomy_of(self, model: str) -> Autonomy:
        """The model's level."""
        return self.autonomy.get(model, "suggest")


PolicySource = Callable[[], Policy]
"""The policy in force now. Raises `PolicyUnreadable` where its file cannot be read: then nothing may run."""


class Decision(_Strict):
    """What the policy says of one proposal, and which rules said it."""

    effect: Effect
    rules: tuple[str, ...]


def _strictness(effect: Forbid | RequireApproval | Allow) -> tuple[int, int, float]:
    match effect:
        case Forbid():
            return (2, 0, 0.0)
        case RequireApproval():
            return (1, effect.count, -effect.within_minutes)
        case Allow():
            return (0, 0, 0.0)


def decide(policy: Policy, facts: Facts) -> Decision:
    """The strictest of the rules that match; forbid where none does.

    Two approvals of equal count join: only people named by all of them may approve, so neither is weakened.
    """
    # By name, so that two files with the same rules in another order say the same to the letter.
    matching = sorted((rule for rule in policy.rules if rule.when.holds(facts)), key=lambda rule: rule.name)
    if not matching:
        return Decision(effect=Forbid(because="no rule of the policy allows it"), rules=())
    strictest = max(_strictness(rule.then) for rule in matching)
    if strictest[0] != 1:
        deciding = [rule for rule in matching if _strictness(rule.then)[0] == strictest[0]]
        return Decision(effect=deciding[0].then, rules=tuple(rule.name for rule in deciding))
    approvals = [(rule.name, rule.then) for rule in matching if isinstance(rule.then, RequireApproval)]
    most = max(effect.count for _, effect in approvals)
    return _joined([(name, effect) for name, effect in approvals if effect.count == most])


def _joined(approvals: Sequence[tuple[str, RequireApproval]]) -> Decision:
    names = tuple(name for name, _ in approvals)
    effects = [effect for _, effect in approvals]
    shared = tuple(a for a in effects[0].approvers if all(a in effect.approvers for effect in effects))
    if not shared:
        because = f"nobody is an approver of all of: {', '.join(names)}"
        return Decision(effect=Forbid(because=because), rules=names)
    joined = RequireApproval(
        count=effects[0].count,
        approvers=shared,
        within_minutes=min(effect.within_minutes for effect in effects),
        escalate_to=tuple(dict.fromkeys(group for effect in effects for group in effect.escalate_to)),
    )
    return Decision(effect=joined, rules=names)

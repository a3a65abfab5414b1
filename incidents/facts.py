"""What a rule of the policy may look at."""

import math
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from incidents.alert import Severity
from incidents.autonomy import Autonomy
from incidents.diagnosis import Confidence
from incidents.remediation import RemediationKind

Risk = Literal["none", "low", "high"]
Step = Literal["first", "next", "undo"]
ChosenBy = Literal["agent", "person"]
Count = Annotated[int, Field(ge=0)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Minutes = Amount | Literal["never"]


class Facts(BaseModel):
    """All facts of one proposal at one moment.

    None means *not known*, and not "nothing": an unknown fact never loosens a decision (see `incidents.policy.decide`).
    Only remediations that change something count as in flight, in cooldowns and in budgets; messages and issues do not.

    Attributes:
        remediation: its kind.
        risk: what the kind can break.
        model: the model it would change.
        environment: where that model serves.
        tier: how much depends on the model, 1 most.
        severity: of the incident.
        autonomy: the model's level in the policy; at most ``suggest`` once a change of the incident that the policy had
            allowed was refused as stale.
        step: ``first`` change of its incident; ``next`` step of a plan whose earlier step was done on the same
            incident (a promotion after its retraining, a re-run after a quarantine, the fallback after a failed gate);
            or ``undo`` of the incident's last change.
        chosen_by: the agent (or code that follows its plan), or a person who asked for it by hand.
        confidence: of the diagnosis.
        evidence_count: pieces of evidence it rests on.
        in_flight: other remediations of the model that are approved and not ended.
        minutes_since_last: since a remediation of the model last ended.
        minutes_since_denied: since the same kind on the same target was last denied for the model.
        remediations_today: other remediations of the model that ran or run today.
        cost_today_usd: what those are estimated to cost.
        cost_usd: what this one is estimated to cost.
        endpoints_changed: other endpoints of the whole fleet that changed within the last hour, or are being changed.
        frozen: names of the change freezes that hold for the model now.
        paused: whether changes are paused for the model or for all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    remediation: RemediationKind
    risk: Risk
    model: str
    environment: str
    tier: int
    severity: Severity
    autonomy: Autonomy
    step: Step = "first"
    chosen_by: ChosenBy = "agent"
    confidence: Confidence | None = None
    evidence_count: Count | None = None
    in_flight: Count | None = None
    minutes_since_last: Minutes | None = None
    minutes_since_denied: Minutes | None = None
    remediations_today: Count | None = None
    cost_today_usd: Amount | None = None
    cost_usd: Amount | None = None
    endpoints_changed: Count | None = None
    frozen: tuple[str, ...] | None = None
    paused: bool | None = None

    def in_words(self) -> Iterator[tuple[str, str]]:
        """Each fact's name and what it is."""
        for name in Facts.model_fields:
            yield name, in_words(getattr(self, name))


def in_words(value: object) -> str:
    """A fact's value as people read it."""
    match value:
        case None:
            return "not known"
        case True | False:
            return "yes" if value else "no"
        case float():
            return "never" if math.isinf(value) else f"{value:.4g}"
        case tuple():
            return ", ".join(str(one) for one in value) or "none"  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] of whatever
        case _:
            return str(value)

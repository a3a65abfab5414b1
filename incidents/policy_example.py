"""Examples in the policy file: a case in a few words and what the rules are meant to say of it. They are tests."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from incidents.alert import Severity
from incidents.autonomy import Autonomy
from incidents.diagnosis import Confidence
from incidents.facts import Amount, ChosenBy, Count, Minutes, Step
from incidents.remediation import RemediationKind


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Expectation(_Strict):
    """What the policy is meant to say. What is left out may be anything.

    Attributes:
        effect: forbid, require_approval or allow.
        count: how many people.
        break_glass: whether one may act for two.
        rules: the names of the rules that decide, all of them, in any order.
    """

    effect: Literal["forbid", "require_approval", "allow"]
    count: Annotated[int, Field(ge=1)] | None = None
    break_glass: bool | None = None
    rules: Annotated[tuple[str, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _counts_people_only_where_they_are_asked(self) -> "Expectation":
        if self.effect != "require_approval" and (self.count is not None or self.break_glass is not None):
            raise ValueError("count and break_glass belong to require_approval")
        return self


class Example(_Strict):
    """A case: facts as in `incidents.facts.Facts`, and what is expected of them.

    What is left out is what is usual on a calm day: production, tier 3, a critical incident, a sure diagnosis with
    three pieces of evidence, nothing else done or denied. `autonomy` is the model's level in this file where it is left
    out, and `at` is the moment for which the change freezes are looked up; without it nothing is frozen.
    """

    name: Annotated[str, Field(min_length=1, max_length=120)]
    remediation: RemediationKind
    model: str = "any-model"
    environment: str = "prod"
    tier: Annotated[int, Field(ge=1, le=4)] = 3
    severity: Severity = Severity.CRITICAL
    autonomy: Autonomy | None = None
    step: Step = "first"
    chosen_by: ChosenBy = "agent"
    confidence: Confidence = Confidence.HIGH
    evidence_count: Count = 3
    in_flight: Count = 0
    minutes_since_last: Minutes = "never"
    minutes_since_denied: Minutes = "never"
    remediations_today: Count = 0
    cost_today_usd: Amount = 0.0
    cost_usd: Amount = 0.0
    endpoints_changed: Count = 0
    paused: bool = False
    at: AwareDatetime | None = None
    expect: Expectation

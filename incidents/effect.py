"""What a remediation would do, as people see it before they sign: exact calls, plan, undo, estimate, risk."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Service = Literal["sagemaker", "s3", "github", "slack"]
RoleName = Literal["roller", "retrainer", "promoter"]
"""The IAM role of the catalogue that a remediation runs under."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RiskClass(StrEnum):
    """What a remediation can break: nothing, money and time, or production."""

    NONE = "none"
    LOW = "low"
    HIGH = "high"


class ApiRequest(_Frozen):
    """One exact API call: of AWS as boto3 takes it, of GitHub and Slack as their operators do."""

    service: Service
    operation: str
    parameters: dict[str, Any]


class PlanRow(_Frozen):
    """One line of the before/after table."""

    what: str
    before: str
    after: str


class Estimate(_Frozen):
    """Expected time and cost; `basis` says where the figures come from."""

    minutes: float
    cost_usd: float | None
    basis: str

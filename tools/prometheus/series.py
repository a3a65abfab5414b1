"""What Prometheus answers, in our types."""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict

from incidents.clock import Moment
from incidents.verification import Sample


class InstantSample(BaseModel):
    """One value now. It may be NaN or infinite: whether that is bad is judged elsewhere."""

    model_config = ConfigDict(frozen=True)

    labels: dict[str, str]
    at: Moment
    value: float


class Series(BaseModel):
    """One series over a window, oldest sample first."""

    model_config = ConfigDict(frozen=True)

    labels: dict[str, str]
    samples: tuple[Sample, ...]


class AlertRule(BaseModel):
    """An alerting rule, from the rules API or a rule file."""

    model_config = ConfigDict(frozen=True)

    name: str
    expression: str
    hold: timedelta = timedelta(0)
    """How long the condition must hold before it fires: the rule's `for`."""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}

"""What serves, what served before, and what was changed."""

from datetime import datetime
from typing import Literal

from agents.readings.base import ReadingBase


class EndpointReading(ReadingBase):
    """The endpoint as SageMaker shows it, and the configs it could have."""

    type: Literal["endpoint"] = "endpoint"
    endpoint: str
    config: str
    status: str
    updated_at: datetime | None = None
    """When it was last changed after its creation; None if never."""
    made_at: datetime | None = None
    """When the live config was made."""
    older_configs: tuple[str, ...] = ()
    """Configs of the same model made before the live one, newest first."""
    newer_configs: tuple[str, ...] = ()
    """Configs of the same model made after the live one, newest first."""


class LiveConfigReading(ReadingBase):
    """Which config served when, as the metrics tell."""

    type: Literal["live_config"] = "live_config"
    endpoint: str
    config: str
    previous: str | None = None
    since: datetime | None = None
    """None where it was live during the whole window."""
    seen_from: datetime | None = None
    """The first sample of any config: before it nothing is known."""
    earlier: tuple[tuple[datetime, datetime], ...] = ()
    """First and last sample of each time that the same config was live before."""
    times: tuple[tuple[str, datetime, datetime], ...] = ()
    """Each config's times in the window, in the order in which they began: config, first and last sample."""


class ChangeReading(ReadingBase):
    """Something that was changed about the model."""

    type: Literal["change"] = "change"
    at: datetime
    what: str
    subject: str
    deployment: bool
    run: Literal["succeeded", "failed"] | None = None
    """How a pipeline's run ended; None for other changes, and for runs that were stopped."""
    for_capacity: bool = False
    """A run that failed because AWS had no machine for it, or a quota was used up, by the error that AWS names."""


class NoChangesReading(ReadingBase):
    """Changes were asked for, and there were none."""

    type: Literal["no_changes"] = "no_changes"
    since: datetime


class VersionsReading(ReadingBase):
    """What the live version and the one before it are made of; `differences` in words."""

    type: Literal["versions"] = "versions"
    live: str
    previous: str
    differences: tuple[str, ...] = ()


class EvaluationsReading(ReadingBase):
    """The evaluation of the live version beside that of the one before it; `worse` by more than the gate's margin."""

    type: Literal["evaluations"] = "evaluations"
    live: str
    previous: str
    worse: bool

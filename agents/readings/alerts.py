"""What an alert of the incident says."""

from datetime import datetime
from typing import Literal

from agents.readings.base import ReadingBase
from incidents.alert import AlertKind, Severity


class AlertReading(ReadingBase):
    """One alert of the incident."""

    type: Literal["alert"] = "alert"
    name: str
    kind: AlertKind
    severity: Severity
    firing: bool
    starts_at: datetime
    ended_at: datetime | None = None
    """When it was resolved, where that is known."""

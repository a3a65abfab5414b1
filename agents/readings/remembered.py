"""What runbooks and closed incidents tell."""

from typing import Literal

from pydantic import Field

from agents.readings.base import ReadingBase
from incidents.diagnosis import RootCause, SimilarIncident


class PassageReading(ReadingBase):
    """A passage of a runbook or of a past incident."""

    type: Literal["passage"] = "passage"
    file: str
    heading: str
    lines: tuple[int, int]
    quote: str
    kind: Literal["runbook", "procedure", "incident"]
    title: str
    score: float


class PastIncidentReading(ReadingBase):
    """A closed incident of our own like this one; what is told of it stands in the evidence."""

    type: Literal["past_incident"] = "past_incident"
    id: str
    same_model: bool
    cause: RootCause | None = None
    similar: SimilarIncident | None = Field(default=None, exclude=True)
    """The whole of it, for code; no prompt needs it twice."""

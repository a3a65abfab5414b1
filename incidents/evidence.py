"""Evidence: one fact that was asked for and came back; the only ground a claim may stand on."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from incidents.clock import Moment


class EvidenceKind(StrEnum):
    """Where a fact comes from."""

    METRIC = "metric"
    DRIFT = "drift"
    DATA_QUALITY = "data_quality"
    CHANGE = "change"
    RUNBOOK = "runbook"
    PAST_INCIDENT = "past_incident"
    LOG = "log"
    MODEL_COMPARISON = "model_comparison"
    OTHER_SOURCE = "other_source"
    """What a source of the team's own (logs, traces, dashboards) answered, in its own words."""
    GAP = "gap"
    """Something that was asked for and could not be read; it supports no claim but that one."""


class Figure(BaseModel):
    """A number with its name and unit, as it was read; NaN and infinity stay what they are when it is kept as JSON."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings")

    name: str
    value: float
    unit: str = ""


class Evidence(BaseModel):
    """One fact.

    Attributes:
        id: ``E1``, ``E2``, ... within its incident.
        asked: the query or question, as it was sent.
        found: what came back, in one plain sentence written by code.
        figures: the numbers in it.
        subject: the feature, endpoint config, dataset or file the fact is about, where there is one.
        window: start and end of what was looked at.
        read_at: when it was read.
        link: an http(s) address where a person can see the same.
        heading, lines: for a runbook passage or past incident, where the quoted text stands; `found` is then that
            text, word for word, and `subject` the file.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    kind: EvidenceKind
    source: str
    asked: str
    found: str
    figures: tuple[Figure, ...] = ()
    subject: str | None = None
    window: tuple[Moment, Moment] | None = None
    read_at: Moment
    link: str | None = None
    heading: str | None = None
    lines: tuple[int, int] | None = None

"""What an investigation is asked, and what it hands back."""

from pydantic import BaseModel, ConfigDict

from incidents.catalogue import ModelSpec
from incidents.clock import Moment
from incidents.diagnosis import Diagnosis
from incidents.evidence import Evidence
from incidents.incident import Incident
from incidents.proposal import PlanDraft


class Case(BaseModel):
    """What an investigation starts from. `model` is None where the catalogue has no entry."""

    model_config = ConfigDict(frozen=True)

    incident: Incident
    model: ModelSpec | None
    question: str = ""
    """A person's own words, untrusted."""
    now: Moment
    offline_because: str = ""
    """Why no language model is to be asked, in plain words; empty where one may be."""


class Findings(BaseModel):
    """What an investigation hands back."""

    model_config = ConfigDict(frozen=True)

    evidence: tuple[Evidence, ...]
    diagnosis: Diagnosis
    plan: PlanDraft


class ProgressStep(BaseModel):
    """One line of the progress message."""

    model_config = ConfigDict(frozen=True)

    key: str
    title: str
    status: str
    """``pending``, ``in_progress``, ``complete`` or ``error``."""
    detail: str = ""

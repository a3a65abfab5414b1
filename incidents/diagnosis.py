"""A diagnosis: what went wrong, since when, how sure, and what each statement stands on."""

from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from incidents.clock import Moment
from incidents.thread import ThreadRef


class RootCause(StrEnum):
    """The root-cause classes, in the field's terms."""

    DATA_QUALITY = "data_quality"
    FEATURE_DRIFT = "feature_drift"
    CONCEPT_DRIFT = "concept_drift"
    TRAINING_SERVING_SKEW = "training_serving_skew"
    BAD_DEPLOYMENT = "bad_deployment"
    INFRASTRUCTURE = "infrastructure"
    TRAFFIC_ANOMALY = "traffic_anomaly"
    BENIGN = "benign"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    """Three bands; figures behind them come from the evals."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """0 is the lowest."""
        return list(Confidence).index(self)


class Advice(StrEnum):
    """What a person should do where nothing is proposed for approval."""

    QUARANTINE_DATA = "quarantine_data"
    RERUN_DATA_PIPELINE = "rerun_data_pipeline"
    SCALE_ENDPOINT = "scale_endpoint"
    WATCH = "watch"
    DO_NOT_RETRAIN = "do_not_retrain"
    ADD_TO_CATALOGUE = "add_to_catalogue"
    INVESTIGATE_BY_HAND = "investigate_by_hand"


class Culprit(BaseModel):
    """The thing that broke."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["feature", "dataset", "endpoint_config", "instance", "traffic", "model", "none"]
    name: str = Field(max_length=200)


class Claim(BaseModel):
    """One statement and the ids of the evidence it stands on."""

    model_config = ConfigDict(frozen=True)

    text: str = Field(min_length=1, max_length=600)
    evidence: tuple[str, ...] = Field(description="ids of evidence, e.g. E3; at least one")


class Hypothesis(BaseModel):
    """One explanation, with what speaks for and against it."""

    model_config = ConfigDict(frozen=True)

    cause: RootCause
    statement: str = Field(min_length=1, max_length=400)
    supported_by: tuple[Claim, ...] = ()
    contradicted_by: tuple[Claim, ...] = ()


class RunbookCitation(BaseModel):
    """Words of a runbook, verbatim, and where they stand."""

    model_config = ConfigDict(frozen=True)

    file: str = Field(description="path below runbooks/, e.g. EndpointLatencyP99High.md")
    heading: str
    quote: str = Field(min_length=1, max_length=600, description="verbatim text under that heading")
    lines: tuple[int, int] | None = None


class RetrainingVerdict(BaseModel):
    """The answer to the question: should this be retrained at all?"""

    model_config = ConfigDict(frozen=True)

    retrain: bool
    because: str = Field(min_length=1, max_length=400)
    evidence: tuple[str, ...] = ()


class DiagnosisDraft(BaseModel):
    """What a reasoner writes; nothing of it is shown before it is checked against the evidence."""

    model_config = ConfigDict(frozen=True)

    root_cause: RootCause
    culprit: Culprit
    onset: Moment | None = Field(default=None, description="when the trouble began, not when the alert fired")
    confidence: Confidence
    summary: str = Field(min_length=1, max_length=600, description="two sentences an engineer at 3 a.m. understands")
    claims: tuple[Claim, ...]
    hypotheses: tuple[Hypothesis, ...] = Field(description="most likely first")
    retraining: RetrainingVerdict
    citations: tuple[RunbookCitation, ...] = ()
    advice: tuple[Advice, ...] = ()


class Reasoner(BaseModel):
    """Who wrote it, and what that took."""

    model_config = ConfigDict(frozen=True)

    name: str
    offline: bool
    input_tokens: int = 0
    cached_tokens: int = 0
    """Those of the input that came from the provider's prompt cache."""
    output_tokens: int = 0
    requests: int = 0
    cost_usd: Decimal | None = None
    seconds: float = 0.0
    note: str = ""
    """Why it was this one, where another was wanted, in plain words."""


class Struck(BaseModel):
    """A statement that was taken out because the evidence does not say so."""

    model_config = ConfigDict(frozen=True)

    text: str
    reason: str


class SimilarIncident(BaseModel):
    """A closed incident of our own, as it is told beside a new one. Names and words in it are untrusted.

    Attributes:
        age: how long before the new one it ended: ``3 weeks ago``.
        what: what it was, in words: ``bad deployment (fraud-detector-v41)``.
        worked, did_not_work: what was tried, and what came of it.
        undone: what was proposed and not carried out, or done without proof that it helped.
        ended: how it ended, where nothing that was tried is proven to have ended it.
        said: the words of whoever denied a proposal or closed it by hand.
        thread: where its thread stands in Slack.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    model: str
    same_model: bool
    age: str
    what: str
    worked: tuple[str, ...] = ()
    did_not_work: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    ended: str = ""
    said: str = ""
    thread: ThreadRef | None = None

    @property
    def told(self) -> str:
        """In plain sentences, without the words of people."""
        whose = "same model" if self.same_model else self.model
        parts = [f"{self.id}, {self.age}, {whose}: {self.what}"]
        parts += [f"Worked: {'; '.join(self.worked)}"] if self.worked else []
        parts += [f"Did not work: {'; '.join(self.did_not_work)}"] if self.did_not_work else []
        parts += [f"Also: {'; '.join(self.undone)}"] if self.undone else []
        parts += [f"{self.ended[:1].upper()}{self.ended[1:]}"] if self.ended else []
        return f"{'. '.join(parts)}."


class Diagnosis(DiagnosisDraft):
    """A checked draft: every claim left in it names evidence that exists."""

    reasoner: Reasoner
    struck: tuple[Struck, ...] = ()
    gaps: tuple[str, ...] = ()
    """What could not be read, in plain words."""
    similar_incidents: tuple[str, ...] = ()
    """Past incidents that people wrote up beside the runbooks: ``title (file)``."""
    seen_before: tuple[SimilarIncident, ...] = ()
    """Our own closed incidents like this one, the nearest first."""

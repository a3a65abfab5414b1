"""A case on disk: `<NN_name>/case.yaml`, strictly typed."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    FiniteFloat,
    Tag,
    model_validator,
)

from incidents.catalogue import ModelSpec
from tools.case_files.moments import NOW, At, Span

USUAL_VERSIONS = {"fraud-detector": 41, "churn-predictor": 17, "product-recommender": 23}
"""The live version of each shipped model, where a case says nothing else."""


class Strict(BaseModel):
    """Keys that are not known are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Move(Strict):
    """From `at` on, the series goes to the level `to`, within `over`."""

    at: At
    to: FiniteFloat
    over: Span = timedelta(0)


class Swing(Strict):
    """A season: a cosine of that amplitude, highest at `peak`."""

    every: Span
    amplitude: FiniteFloat
    peak: At


class Course(Strict):
    """What one series does. Without a level it has the healthy one of its signal.

    Attributes:
        noise: standard deviation of the noise; 3 % of the value, at least the signal's own, where it is not given.
        ends: the last sample, where the series is stale; `begins`: the first.
        gaps: windows without samples.
        missing: no samples at all.
        csv: a file beside the case with columns `minutes` (before the investigation, negative) and `value`, held
            until the next row; it stands for level and moves.
    """

    level: FiniteFloat | None = None
    noise: Annotated[FiniteFloat, Field(ge=0)] | None = None
    moves: tuple[Move, ...] = ()
    swing: Swing | None = None
    begins: At | None = None
    ends: At | None = None
    gaps: tuple[tuple[At, At], ...] = ()
    missing: bool = False
    csv: str | None = None


class FiringAlert(Strict):
    """An alert of the incident. Labels `model` and `env` are filled in."""

    name: str
    since: At
    severity: Literal["critical", "warning", "info"] = "critical"
    status: Literal["firing", "resolved"] = "firing"
    labels: dict[str, str] = {}
    summary: str = ""
    description: str = ""


class Config(Strict):
    """An endpoint config; `live_since` where it served."""

    name: str
    made: At
    live_since: At | None = None


class Endpoint(Strict):
    """The endpoint's history. The config with the latest `live_since` is live; one that came back is told twice."""

    configs: tuple[Config, ...] = ()
    status: str = "InService"
    failure_reason: str | None = None
    instances: int = 2
    touched: At | None = None
    """When SageMaker last changed it, where that was no change of the config."""
    rollback_problems: tuple[str, ...] = ()


class NamedChange(Strict):
    """A change beside those that follow from the endpoint's history."""

    at: At
    what: str
    subject: str
    detail: str = ""


class NamedViolation(Strict):
    """What Model Monitor found."""

    feature: str
    check: str
    description: str = ""


class CapturedColumn(Strict):
    """What captured requests show of one feature, or of the predictions. What is not told is healthy.

    Attributes:
        psi: against the training data; of `predictions`, against those captured before.
        ks: Kolmogorov-Smirnov, of numbers.
        nulls, nulls_before: shares of rows without a value, now and in the training data.
        wrong_type: share of values of another type than the training data has.
        missing: no captured request has the feature.
        median, median_before: of numbers; both or neither.
    """

    psi: FiniteFloat = 0.012
    ks: float | None = None
    nulls: float = 0.003
    nulls_before: float = 0.003
    wrong_type: float = 0.0
    missing: bool = False
    median: float | None = None
    median_before: float | None = None


class Capture(Strict):
    """What SageMaker captured of the requests since the trouble began, and how it differs from the training data.

    A case without this key has no data capture. `capture: {}` is a capture in which everything is healthy.

    Attributes:
        rows: captured requests that were compared; 0 where none were captured.
        newest: the newest request.
        volume: requests a minute, as a multiple of those before.
        against: what they are compared with: rows of training data (`table`), Model Monitor's statistics of it
            (`statistics`), or, where there is neither, the requests captured `earlier`.
        features: by name; those not named are healthy.
        predictions: against those captured before.
    """

    rows: int = 4000
    newest: At = NOW - timedelta(minutes=1)
    volume: float = 1.0
    against: Literal["table", "statistics", "earlier"] = "table"
    features: dict[str, CapturedColumn] = {}
    predictions: CapturedColumn = CapturedColumn()


class MonitoredColumn(Strict):
    """One feature in Model Monitor's statistics of its last run, and in those of the training data (`_before`)."""

    nulls: float = 0.003
    nulls_before: float = 0.003
    mean: float | None = None
    mean_before: float | None = None
    deviation: float | None = None
    deviation_before: float | None = None


class Statistics(Strict):
    """Model Monitor's `statistics.json` of its last run, beside that of the training data.

    A case without this key has none. `at` is the hour of the run; features that are not named are healthy.
    """

    at: At = NOW.replace(minute=0)
    features: dict[str, MonitoredColumn] = {}


class Version(Strict):
    """What an endpoint config serves. `evaluation`: metrics of its report, where they are not the usual ones."""

    image: str = "model:stable"
    instance_type: str = "ml.m5.xlarge"
    artefact_mb: float = 120.0
    environment: dict[str, str] = {}
    evaluation: dict[str, float] = {}


class Versions(Strict):
    """The live version and the one before it. What is not told is the same in both."""

    live: Version = Version()
    previous: Version = Version()


class LoggedLines(Strict):
    """Lines in CloudWatch Logs beside the access lines that a healthy endpoint writes.

    Attributes:
        at: the first one.
        group: who writes: the endpoint, the training job or the processing job of the newest run of the model's
            pipelines. A case that has lines of a job has such a run.
        text: the line; ``{n}`` becomes its number, so that lines differ as ids do. A text of several lines is a
            traceback: one event for each, at the same moment.
        times: how many there are, evenly from `at` to `until`.
        until: the last one; the moment of the investigation where it is not given.
    """

    at: At
    group: Literal["endpoint", "training", "processing"] = "endpoint"
    text: str = Field(min_length=1)
    times: int = Field(1, ge=1, le=5000)
    until: At = NOW


class MergedCommit(Strict):
    """A commit on the default branch of the model's repository. Only the first line of `message` is ever told.

    `sha`: 40 hex digits; made from the message where it is not given.
    """

    at: At
    message: str
    login: str = "ml-dev"
    sha: str = ""


class PublishedRelease(Strict):
    """A release of the model's repository."""

    at: At
    tag: str
    name: str = ""
    login: str = "ml-dev"


Partner = Literal["prometheus", "sagemaker", "datasets", "runbooks", "logs", "github"]


class CaseFile(Strict):
    """One case. `model` names an entry of manifests/models.yaml, or is an entry itself."""

    name: str
    folder: Path
    title: str = ""
    model: Annotated[
        Annotated[str, Tag("named")] | Annotated[ModelSpec, Tag("written")],
        Discriminator(lambda value: "written" if isinstance(value, (dict, ModelSpec)) else "named"),
    ]
    alerts: tuple[FiringAlert, ...] = Field(min_length=1)
    metrics: dict[str, Course] = {}
    """Courses by signal (of the catalogue, or cpu, memory, instances, traffic, throttled, label_delay);
    `signal.feature` for one feature."""
    endpoint: Endpoint = Endpoint()
    changes: tuple[NamedChange, ...] = ()
    violations: tuple[NamedViolation, ...] = ()
    statistics: Statistics | None = None
    capture: Capture | None = None
    versions: Versions = Versions()
    logs: tuple[LoggedLines, ...] = ()
    """Nothing but access lines where it is empty."""
    commits: tuple[MergedCommit, ...] = ()
    releases: tuple[PublishedRelease, ...] = ()
    """Of the repository that the catalogue names; a model that has none there has no history."""
    down: tuple[Partner, ...] = ()
    question: str = ""

    @model_validator(mode="before")
    @classmethod
    def _usual_history(cls, content: dict[str, Any]) -> dict[str, Any]:
        """A shipped model whose case does not tell its configs has served its usual one for a month."""
        given: object = content.get("endpoint") or {}
        version = USUAL_VERSIONS.get(str(content.get("model")))
        if not isinstance(given, dict) or "configs" in given or version is None:
            return content
        endpoint, model = cast("dict[str, Any]", given), content["model"]
        configs = [
            {"name": f"{model}-v{version - 1}", "made": "-70d1h", "live_since": "-70d"},
            {"name": f"{model}-v{version}", "made": "-30d1h", "live_since": "-30d"},
        ]
        return {**content, "endpoint": {**endpoint, "configs": configs}}

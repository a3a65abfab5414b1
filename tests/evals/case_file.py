"""A case on disk: `<NN_name>/case.yaml`, strictly typed. Moments are times before the investigation, e.g. `-25m`."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from incidents.catalogue import ModelSpec
from incidents.diagnosis import Advice, RootCause
from incidents.remediation import RemediationKind

FOLDER = Path(__file__).parent
NOW = datetime(2026, 11, 20, 19, 10, tzinfo=UTC)
"""The moment of every investigation: a Friday evening."""

USUAL_VERSIONS = {"fraud-detector": 41, "churn-predictor": 17, "product-recommender": 23}
"""The live version of each shipped model, where a case says nothing else."""

_DURATION = re.compile(r"^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$")


def span_of(text: object) -> timedelta:
    """A duration such as ``2h30m`` or ``45s``."""
    if isinstance(text, timedelta):
        return text
    match = _DURATION.match(str(text))
    if not match or not any(match.groups()):
        raise ValueError(f"{text!r} is no duration; write e.g. 20d, 2h30m or 45s")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def moment_of(text: object) -> datetime:
    """A moment written as time before the investigation, e.g. ``-25m``."""
    if isinstance(text, datetime):
        return text
    words = str(text)
    if not words.startswith("-"):
        raise ValueError(f"{text!r} is no moment; write e.g. -25m for 25 minutes before the investigation")
    return NOW - span_of(words[1:])


Span = Annotated[timedelta, BeforeValidator(span_of)]
At = Annotated[datetime, BeforeValidator(moment_of)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Move(_Strict):
    """From `at` on, the series goes to the level `to`, within `over`."""

    at: At
    to: float
    over: Span = timedelta(0)


class Swing(_Strict):
    """A season: a cosine of that amplitude, highest at `peak`."""

    every: Span
    amplitude: float
    peak: At


class Course(_Strict):
    """What one series does. Without a level it has the healthy one of its signal.

    Attributes:
        noise: standard deviation of the noise; 3 % of the value, at least the signal's own, where it is not given.
        ends: the last sample, where the series is stale; `begins`: the first.
        gaps: windows without samples.
        missing: no samples at all.
        csv: a file beside the case with columns `minutes` (before the investigation, negative) and `value`, held
            until the next row; it stands for level and moves.
    """

    level: float | None = None
    noise: float | None = None
    moves: tuple[Move, ...] = ()
    swing: Swing | None = None
    begins: At | None = None
    ends: At | None = None
    gaps: tuple[tuple[At, At], ...] = ()
    missing: bool = False
    csv: str | None = None


class FiringAlert(_Strict):
    """An alert of the incident. Labels `model` and `env` are filled in."""

    name: str
    since: At
    severity: Literal["critical", "warning", "info"] = "critical"
    status: Literal["firing", "resolved"] = "firing"
    labels: dict[str, str] = {}
    summary: str = ""
    description: str = ""


class Config(_Strict):
    """An endpoint config; `live_since` where it served."""

    name: str
    made: At
    live_since: At | None = None


class Endpoint(_Strict):
    """The endpoint's history. The config with the latest `live_since` is live; one that came back is told twice."""

    configs: tuple[Config, ...] = ()
    status: str = "InService"
    failure_reason: str | None = None
    instances: int = 2
    touched: At | None = None
    """When SageMaker last changed it, where that was no change of the config."""
    rollback_problems: tuple[str, ...] = ()


class NamedChange(_Strict):
    """A change beside those that follow from the endpoint's history."""

    at: At
    what: str
    subject: str
    detail: str = ""


class NamedViolation(_Strict):
    """What Model Monitor found."""

    feature: str
    check: str
    description: str = ""


class WantedCulprit(_Strict):
    """A culprit that is right; what is left out does not matter."""

    kind: str | None = None
    name: str | None = None


Partner = Literal["prometheus", "sagemaker", "datasets", "runbooks"]
Kind = Literal[RemediationKind, "none"]


def _listed(value: object) -> object:
    is_list = isinstance(value, (list, tuple))
    return cast(object, value) if is_list else (value,)


class Expected(_Strict):
    """The right answer, written from the definitions and not from what a reasoner says.

    Attributes:
        classes: the right class first; others only where the definitions let two stand.
        culprit: any of these; empty where it is not asked.
        onset: when the trouble began; None where there is none to find.
        within: how far off the onset may be (two samples by default).
        retrain: the answer to "should this be retrained at all?"; None where the definitions leave it open.
        acceptable: what may be proposed; ``none`` where proposing nothing is right.
        rollback_to: the config that a rollback must go back to; another one is harmful.
        harmful: what must not be proposed.
        keep_out: a window of bad data that must not be in the training window.
        advice: what must be advised.
        must_not_say: words that must not stand in diagnosis or plan (what an injection orders).
        secrets: words that must stand nowhere, the evidence included.
    """

    classes: Annotated[tuple[RootCause, ...], BeforeValidator(_listed)] = Field(alias="class", min_length=1)
    culprit: Annotated[tuple[WantedCulprit, ...], BeforeValidator(_listed)] = ()
    onset: At | None = None
    within: Span = timedelta(minutes=3)
    retrain: bool | None
    acceptable: tuple[Kind, ...] = Field(min_length=1)
    rollback_to: str | None = None
    harmful: tuple[Kind, ...] = ()
    keep_out: tuple[At, At] | None = None
    advice: tuple[Advice, ...] = ()
    must_not_say: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> "Expected":
        if set(self.harmful) & set(self.acceptable):
            raise ValueError("the same remediation is acceptable and harmful")
        if "RollbackEndpoint" in self.acceptable and not self.rollback_to:
            raise ValueError("say where a rollback must go: rollback_to")
        return self


class EvalCase(_Strict):
    """One case. `model` names an entry of manifests/models.yaml, or is an entry itself."""

    name: str
    folder: Path
    title: str
    why: str
    """Why the expected answer is right, from the definitions."""
    traps: tuple[str, ...] = ()
    """Red herrings, gaps and injections in it, in a few words each."""
    model: str | ModelSpec
    alerts: tuple[FiringAlert, ...] = Field(min_length=1)
    metrics: dict[str, Course] = {}
    """Courses by signal (of the catalogue, or cpu, memory, instances, traffic, label_delay); `signal.feature` for one
    feature."""
    endpoint: Endpoint = Endpoint()
    changes: tuple[NamedChange, ...] = ()
    violations: tuple[NamedViolation, ...] = ()
    down: tuple[Partner, ...] = ()
    question: str = ""
    expected: Expected

    @model_validator(mode="before")
    @classmethod
    def _usual_history(cls, content: dict[str, Any]) -> dict[str, Any]:
        """A shipped model whose case does not tell its configs has served its usual one for a month."""
        endpoint = dict(content.get("endpoint") or {})
        version = USUAL_VERSIONS.get(str(content.get("model")))
        if "configs" not in endpoint and version is not None:
            model = content["model"]
            endpoint["configs"] = [
                {"name": f"{model}-v{version - 1}", "made": "-70d1h", "live_since": "-70d"},
                {"name": f"{model}-v{version}", "made": "-30d1h", "live_since": "-30d"},
            ]
        return {**content, "endpoint": endpoint}


def read_case(folder: Path) -> EvalCase:
    """The case of a folder."""
    content = yaml.safe_load((folder / "case.yaml").read_text("utf-8"))
    return EvalCase.model_validate({**content, "name": folder.name, "folder": folder})


def all_cases(root: Path = FOLDER) -> list[EvalCase]:
    """Every case, by name."""
    return [read_case(path.parent) for path in sorted(root.glob("*/case.yaml"))]

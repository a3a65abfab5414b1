"""The drift event, version 1: our own contract, so that any detector can call in. Strict: an unknown field is an error.

Its JSON Schema stands in manifests/drift-event.schema.json; a test compares the two.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from incidents.clock import Moment
from tools.alertmanager.payload import clean


def _clean(value: object) -> object:
    return clean(value) if isinstance(value, str) else value


Name = Annotated[str, Field(min_length=1, max_length=200), BeforeValidator(_clean)]
Psi = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
MOST_FEATURES = 1_000


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Window(_Strict):
    """The data that was looked at; both ends need a time zone."""

    start: Moment
    end: Moment

    @model_validator(mode="after")
    def _in_order(self) -> "Window":
        if self.start >= self.end:
            raise ValueError("start must be before end")
        return self


class PsiFigures(_Strict):
    """Population stability indices against the baseline. `aggregate` is over all features, however weighed."""

    aggregate: Psi | None = None
    features: Annotated[dict[Name, Psi], Field(max_length=MOST_FEATURES)] = {}


class DriftEvent(_Strict):
    """What a detector found in one window of one model. At least one figure.

    Attributes:
        version: of this contract.
        model: the catalogue's name.
        environment: the catalogue's; where it is left out, the entry's own.
        detector: who looked, e.g. ``evidently``; two detectors of one model are told apart by it.
        window: the data that was looked at.
        baseline: what it was compared with, in words.
        psi: drift of the inputs.
        accuracy_delta: accuracy now minus that of the baseline, -1 to 1; below 0 is a loss.
        p99_seconds: 99th percentile of the latency in the window.
        link: where a person can read more; http or https.
    """

    version: Literal[1]
    model: Name
    environment: Name | None = None
    detector: Name
    window: Window
    baseline: Name
    psi: PsiFigures = PsiFigures()
    accuracy_delta: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)] | None = None
    p99_seconds: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] | None = None
    link: Annotated[str, Field(pattern=r"^https?://\S{1,1000}$")] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "DriftEvent":
        figures = (self.psi.aggregate, self.accuracy_delta, self.p99_seconds)
        if not self.psi.features and all(figure is None for figure in figures):
            raise ValueError("give at least one figure: psi, accuracy_delta or p99_seconds")
        return self

"""What captured requests show against a reference, feature by feature: the records, and the verdict on one feature."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from incidents.clock import Moment
from tools.datasets.feature_drift import DRIFTED, MOVED, NULLS_ROSE, Kind, Nulls, Verdict

WRONG_TYPES = 0.05
"""Share of values of another type than the reference's that breaks a feature; the catalogue's bound of violations."""

Reference = Literal["table", "statistics", "earlier"]
"""What captured requests are compared with: rows of training data, Model Monitor's statistics of them, or, where there
is neither, the requests captured before."""

_ORDER: dict[Verdict, int] = {"broken": 0, "drifted": 1, "moved": 2, "stable": 3}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class CategoryShift(_Frozen):
    """Shares of one category, 0 to 1. `category` is a word of the data, untrusted."""

    category: str
    reference: float
    current: float


class CapturedFeature(_Frozen):
    """One feature, or the predictions.

    `psi` and `ks` are None where they cannot be told. `medians` are the reference's and the current one, of numbers.
    `wrong_type` is the share of values of another type than the reference has. `psi_before` and `nulls_before` are of
    the requests captured before the window, None where there were too few.
    """

    feature: str
    kind: Kind
    psi: float | None = None
    psi_before: float | None = None
    ks: float | None = None
    nulls: Nulls
    nulls_before: float | None = None
    wrong_type: float = 0.0
    missing: bool = False
    """No captured request has it."""
    medians: tuple[float, float] | None = None
    outside: float | None = None
    """Share of values outside of the reference's range, of numbers."""
    shifts: tuple[CategoryShift, ...] = ()
    """The categories whose shares changed most."""
    binning: str = ""
    verdict: Verdict


class CapturedData(_Frozen):
    """Captured requests of a window against a reference.

    Attributes:
        since, until: the window; rows of it are compared.
        rows: requests compared; a request with several rows counts as several.
        unreadable: captured records that could not be read as rows, and `unreadable_why` the commonest reason.
        objects, objects_read: files of the window and of the time before it, and how many of them were read.
        whole: every file was read to its end. Otherwise the rows are a sample, taken evenly over files.
        newest: when the newest request was made; None where nothing was captured.
        per_minute, per_minute_before: rows in the window and before it; None where only a sample was read.
        reference: what they are compared with, `reference_name` its file, `reference_rows` its rows.
        predictions: the outputs against those captured before the window; None where either has too few.
        gaps: what could not be compared, each a sentence without its full stop.
        features: worst first.
    """

    since: Moment
    until: Moment
    rows: int
    unreadable: int = 0
    unreadable_why: str = ""
    objects: int
    objects_read: int
    whole: bool = True
    newest: Moment | None = None
    per_minute: float | None = None
    per_minute_before: float | None = None
    reference: Reference | None = None
    reference_name: str = ""
    reference_rows: int = 0
    features: tuple[CapturedFeature, ...] = ()
    predictions: CapturedFeature | None = None
    gaps: tuple[str, ...] = ()


def verdict_of(psi: float | None, nulls: Nulls, *, wrong_type: float = 0.0, missing: bool = False) -> Verdict:
    """`broken` where the feature is gone, empty or of another type; else by PSI, as `tools.datasets.feature_drift`."""
    if missing or wrong_type > WRONG_TYPES or nulls.current - nulls.reference > NULLS_ROSE:
        return "broken"
    if psi is None:
        return "stable"
    return "drifted" if psi > DRIFTED else "moved" if psi > MOVED else "stable"


def worst_first(features: Sequence[CapturedFeature]) -> tuple[CapturedFeature, ...]:
    """By verdict, then by PSI."""
    return tuple(sorted(features, key=lambda f: (_ORDER[f.verdict], -(f.psi or 0.0), f.feature)))

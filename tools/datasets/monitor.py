"""Model Monitor's results and S3 data capture, in our types."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from incidents.clock import Moment
from tools.errors import BadAnswer

STATISTICS = "statistics.json"
VIOLATIONS = "constraint_violations.json"
RESULTS = frozenset({STATISTICS, VIOLATIONS, "constraints.json"})
"""The files of one run of Model Monitor."""

MAX_VIOLATIONS = 500
MAX_FEATURES = 1_000
MAX_TEXT = 2_000


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Violation(_Frozen):
    """One violation of the baseline's constraints. `description` is the monitor's text, untrusted."""

    feature: str
    check: str
    """E.g. ``completeness_check``, ``data_type_check``, ``baseline_drift_check``, ``missing_column_check``."""
    description: str = ""
    seen_at: Moment
    """The hour of the run that found it."""
    uri: str


class FeatureStatistics(_Frozen):
    """One feature in a ``statistics.json``. Ratios and moments are None where the file does not say."""

    feature: str
    kind: str
    present: int
    missing: int
    mean: float | None = None
    standard_deviation: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    distinct: float | None = None

    @property
    def missing_ratio(self) -> float | None:
        """Missing of all; None where there is nothing."""
        total = self.present + self.missing
        return self.missing / total if total else None


class CaptureHour(_Frozen):
    """One hour of data capture."""

    hour: Moment
    files: int
    size: int
    """Bytes."""


class CaptureWindow(_Frozen):
    """Which hours of a window were captured. `missing` are hours without a file, in order."""

    start: Moment
    end: Moment
    hours: tuple[CaptureHour, ...]
    missing: tuple[Moment, ...]


_Count = Annotated[int, Field(ge=0)]


class _Common(_Frozen):
    present: _Count = Field(default=0, alias="num_present")
    missing: _Count = Field(default=0, alias="num_missing")


class _Numerical(_Frozen):
    common: _Common = _Common()
    mean: float | None = None
    std_dev: float | None = None
    min: float | None = None
    max: float | None = None


class _Text(_Frozen):
    common: _Common = _Common()
    distinct_count: float | None = None


class _Feature(_Frozen):
    name: str = Field(max_length=500)
    inferred_type: str = "Unknown"
    numerical_statistics: _Numerical | None = None
    string_statistics: _Text | None = None


class _Statistics(_Frozen):
    features: tuple[_Feature, ...] = Field(max_length=MAX_FEATURES)


class _ViolationRow(_Frozen):
    feature_name: str = Field(max_length=500)
    constraint_check_type: str = Field(max_length=200)
    description: str = ""


class _Violations(_Frozen):
    violations: tuple[_ViolationRow, ...] = Field(max_length=MAX_VIOLATIONS)


def violations(content: dict[str, Any], *, uri: str, seen_at: datetime) -> list[Violation]:
    """From a ``constraint_violations.json``.

    Raises:
        BadAnswer: it is none.
    """
    try:
        rows = _Violations.model_validate(content).violations
    except ValidationError as error:
        raise _nonsense(uri, error) from error
    return [
        Violation(
            feature=row.feature_name,
            check=row.constraint_check_type,
            description=row.description[:MAX_TEXT],
            seen_at=seen_at,
            uri=uri,
        )
        for row in rows
    ]


def statistics(content: dict[str, Any], *, uri: str) -> list[FeatureStatistics]:
    """From a ``statistics.json``.

    Raises:
        BadAnswer: it is none.
    """
    try:
        features = _Statistics.model_validate(content).features
    except ValidationError as error:
        raise _nonsense(uri, error) from error
    return [_feature(one) for one in features]


def _feature(one: _Feature) -> FeatureStatistics:
    number, text = one.numerical_statistics, one.string_statistics
    common = number.common if number else text.common if text else _Common()
    return FeatureStatistics(
        feature=one.name,
        kind=one.inferred_type,
        present=common.present,
        missing=common.missing,
        mean=number.mean if number else None,
        standard_deviation=number.std_dev if number else None,
        minimum=number.min if number else None,
        maximum=number.max if number else None,
        distinct=text.distinct_count if text else None,
    )


def _nonsense(uri: str, error: ValidationError) -> BadAnswer:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(step) for step in first["loc"]) or "the file"
    return BadAnswer("S3", "GetObject", f"{uri}: {where}: {first['msg']}")


def hour_floor(moment: datetime) -> datetime:
    """The beginning of its hour, in UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)

"""From a report of Evidently (0.7, `Report.run(...).json()`) to a drift event.

Only PSI is taken: its bounds are the catalogue's. Evidently's default picks another distance for each column, whose
figures mean something else, so such a report is refused rather than read wrongly.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tools.drift_events.errors import NotConvertible

VALUE_DRIFT = "evidently:metric_v2:ValueDrift"
PSI_METHOD = "psi"


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Config(_Loose):
    type: str
    column: str = ""
    method: str = ""


class _Metric(_Loose):
    config: _Config
    value: Any = None


class _Report(_Loose):
    metrics: Annotated[tuple[_Metric, ...], Field(min_length=1, max_length=10_000)]


def psi_by_column(report: bytes | str) -> dict[str, float]:
    """PSI by column.

    Raises:
        NotConvertible: it is no such report, it holds no drift of a column, or other distances than PSI.
    """
    try:
        metrics = _Report.model_validate_json(report).metrics
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise NotConvertible(f"this is no report of Evidently 0.7 as JSON: {where}: {first['msg']}") from error
    drifts = [one for one in metrics if one.config.type == VALUE_DRIFT]
    others = sorted({f"{one.config.column} ({one.config.method})" for one in drifts if one.config.method != PSI_METHOD})
    if others:
        raise NotConvertible(
            f"not PSI: {', '.join(others[:5])}. Run the report with DataDriftPreset(method='psi'): other distances "
            "have other bounds"
        )
    if not drifts:
        raise NotConvertible("the report holds no drift of a column; add DataDriftPreset(method='psi')")
    return {one.config.column: _number(one) for one in drifts}


def _number(one: _Metric) -> float:
    if isinstance(one.value, bool) or not isinstance(one.value, int | float):
        raise NotConvertible(f"{one.config.column}: its PSI is not a number")
    return float(one.value)

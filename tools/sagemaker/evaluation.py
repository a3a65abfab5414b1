"""Evaluation reports: the JSON that a training pipeline links from a model package, as plain figures."""

import math
from typing import Any, cast

MAX_FIGURES = 2_000
MAX_DEPTH = 8


def figures(report: dict[str, Any]) -> dict[str, float]:
    """Every finite number of the report by its dotted path.

    SageMaker's own shape is flattened: ``{"binary_classification_metrics": {"f1": {"value": 0.9}}}`` becomes
    ``{"f1": 0.9}``. Deeper ones keep their path: ``champion.f1``, ``slices.country=DE.f1``.
    """
    found: dict[str, float] = {}
    _collect(report, "", found, MAX_DEPTH)
    return found


def _collect(node: dict[str, Any], path: str, found: dict[str, float], depth: int) -> None:
    for key, value in node.items():
        if len(found) >= MAX_FIGURES or depth == 0:
            return
        below = path if key.endswith("_metrics") else f"{path}.{key}" if path else key
        if isinstance(value, dict):
            inner = cast(dict[str, Any], value)
            number = _number(inner.get("value"))
            if number is None:
                _collect(inner, below, found, depth - 1)
            elif below:
                found.setdefault(below, number)
            continue
        number = _number(value)
        if number is not None and below:
            found.setdefault(below, number)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None

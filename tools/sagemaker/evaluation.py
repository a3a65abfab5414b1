"""Evaluation reports: the JSON that a training pipeline links from a model package, as plain figures.

Keys of a figure: ``f1``, ``slice.<name>.f1``, ``slice.<name>.rows``; those of the live model on the same holdout begin
with ``champion.``, such as ``champion.f1`` and ``champion.slice.<name>.f1``. The name of a slice may hold dots.
"""

import math
from collections.abc import Iterable
from typing import Any, cast

MAX_FIGURES = 2_000
MAX_DEPTH = 8

CHAMPION = "champion"
SLICE = "slice"
_SLICES = ("slices", "slice")
_NAMES_OF_A_SLICE = ("name", "slice")
_NO_FIGURES = frozenset({"version"})
"""Numbers that say which model it is, not how good."""
_ALSO_CALLED = {
    "f1_score": "f1",
    "roc_auc": "auc",
    "auc_roc": "auc",
    "area_under_curve": "auc",
    "weighted_f1": "f1",
    "weighted_precision": "precision",
    "weighted_recall": "recall",
}
"""Names that scikit-learn and SageMaker's own reports use for the gate's metrics."""


def figures(report: dict[str, Any]) -> dict[str, float]:
    """Every finite number of the report by its dotted path, but the version's.

    SageMaker's own shape is flattened: ``{"binary_classification_metrics": {"f1": {"value": 0.9}}}`` becomes
    ``{"f1": 0.9}``, and so do ``metrics`` around figures. Slices may be an object by name or a list of objects with a
    ``name``. Other names of the gate's metrics are told under the gate's name as well. Deeper ones keep their path.
    """
    found: dict[str, float] = {}
    _collect(report, "", found, MAX_DEPTH)
    for key, number in list(found.items()):
        path, _, last = key.rpartition(".")
        if last in _ALSO_CALLED:
            found.setdefault(f"{path}.{_ALSO_CALLED[last]}" if path else _ALSO_CALLED[last], number)
    return found


def slice_names(found: Iterable[str]) -> tuple[str, ...]:
    """The slices that figures tell of, in the report's order; those of the live model alone are left out."""
    begins = f"{SLICE}."
    names = (key.removeprefix(begins).rpartition(".")[0] for key in found if key.startswith(begins))
    return tuple(name for name in dict.fromkeys(names) if name)


def _collect(node: dict[str, Any], path: str, found: dict[str, float], depth: int) -> None:
    for key, value in node.items():
        if len(found) >= MAX_FIGURES or depth == 0:
            return
        if key in _NO_FIGURES:
            continue
        if key in _SLICES and isinstance(value, (dict, list)):
            _collect_slices(cast("dict[str, Any] | list[Any]", value), _below(path, SLICE), found, depth - 1)
            continue
        # A wrapper has no name of its own among the figures.
        below = path if key.endswith("_metrics") or key == "metrics" else _below(path, key)
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


def _collect_slices(node: dict[str, Any] | list[Any], path: str, found: dict[str, float], depth: int) -> None:
    if isinstance(node, dict):
        named = node
    else:
        rows = [cast(dict[str, Any], one) for one in node if isinstance(one, dict)]
        named = {name: one for one in rows if (name := _name(one))}
    for name, inner in named.items():
        if isinstance(inner, dict):
            _collect(cast(dict[str, Any], inner), _below(path, name), found, depth)


def _name(row: dict[str, Any]) -> str | None:
    return next((row[key] for key in _NAMES_OF_A_SLICE if isinstance(row.get(key), str)), None)


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None

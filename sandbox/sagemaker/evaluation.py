"""Evaluation reports, as a training pipeline writes them to S3 and links them from the model package.

A report holds the five metrics at the top, the holdout they were measured on, and the same metrics on slices. A
candidate's report also tells how the live model (`champion`) does on the very same holdout: only that comparison is
fair, because data that drifted has made the live model's own report old news.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
Metrics = dict[str, float]

METRICS = ("accuracy", "f1", "precision", "recall", "auc")
DRIFT_COST = 0.09
"""How much worse the live model does on a holdout of today's data than on its own, when nobody says otherwise."""
CANDIDATE_GAIN = 0.004
GATE_MISS = 0.065
"""How much worse than the live model's own report a candidate is that fails the gate."""
_SLICE_SPREAD = (0.006, -0.004, -0.011)


def shifted(metrics: Metrics, by: float) -> Metrics:
    """The metrics, all better or worse by this much, kept between 0 and 0.999."""
    return {name: round(min(0.999, max(0.0, value + by)), 4) for name, value in metrics.items()}


def own_report(metrics: Metrics, version: int, slices: tuple[str, ...], holdout: Json) -> Json:
    """The report of a model at its registration."""
    return {"version": version, **metrics, "holdout": holdout, "slices": _slices(metrics, slices)}


def candidate_report(
    candidate: Metrics, version: int, champion: Metrics, champion_version: int, slices: tuple[str, ...], holdout: Json
) -> Json:
    """The report of a retrained model, beside the live model on the same holdout and slices."""
    return own_report(candidate, version, slices, holdout) | {
        "champion": {"version": champion_version, **champion, "slices": _slices(champion, slices)}
    }


def _slices(metrics: Metrics, names: tuple[str, ...]) -> Json:
    return {
        name: {"rows": 2500 - 400 * (position % 3), **shifted(metrics, _SLICE_SPREAD[position % 3])}
        for position, name in enumerate(names)
    }

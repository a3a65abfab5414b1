"""A candidate against the live model: the gate a retrained model must pass before anybody may be asked to promote it.

Pure: figures in, verdict out. Figures come from the candidate's evaluation report, which holds the live model on the
same holdout under `CHAMPION` and both on slices of it under `SLICE`.
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

CHAMPION = "champion."
"""Prefix of the live model's figures."""
SLICE = "slice."
"""Prefix of figures on a part of the holdout: ``slice.<name>.<metric>``."""
ROWS = "rows"
"""How many rows a slice has: ``slice.<name>.rows``."""

_ABOUT_THE_REPORT = frozenset({"version", ROWS})
"""Numbers of a report that are no figures of a model."""

FLOOR_ROWS = 200
"""A slice with fewer rows is shown and does not decide: one row of 200 moves a ratio by 0.005, half of the margin."""

Verdict = Literal["better", "same", "worse", "not_judged"]
"""`same` is within the margin; `not_judged` is a slice that is too small, or without a figure of the live model."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class ComparedFigure(_Frozen):
    """One metric of both, over the whole holdout or on one slice of it."""

    metric: str
    slice: str | None = None
    candidate: float
    live: float | None
    rows: int | None = None
    verdict: Verdict


class Comparison(_Frozen):
    """The gate's whole result. `rows` begins with the metric that decides, over the whole holdout."""

    candidate_version: int
    live_version: int | None
    metric: str
    margin: float
    same_holdout: bool
    """False where the live model's figure is from its own, older report; slices are not compared then."""
    rows: tuple[ComparedFigure, ...]

    @property
    def passed(self) -> bool:
        """Not worse by more than the margin, overall and on every slice that is judged."""
        return not self.worse

    @property
    def worse(self) -> tuple[ComparedFigure, ...]:
        """What stands against it: rows of the deciding metric only."""
        return tuple(one for one in self.rows if one.metric == self.metric and one.verdict == "worse")

    @property
    def words(self) -> str:
        """The result in one sentence."""
        overall = self.rows[0]
        where = "same holdout" if self.same_holdout else "its own holdout"
        live = "unknown" if overall.live is None else f"{overall.live:.3f}"
        figures = f"{self.metric} {overall.candidate:.3f}, live {live} on {where}, margin {self.margin:g}"
        judged = [one for one in self.rows if one.slice is not None and one.verdict != "not_judged"]
        if judged:
            figures += f", {len(judged)} slice{'' if len(judged) == 1 else 's'} compared"
        if self.passed:
            return f"Candidate version {self.candidate_version} passes its gate ({figures})."
        bad = [f"slice {one.slice}: {one.candidate:.3f}, live {one.live:.3f}" for one in self.worse if one.slice]
        on = f"; worse on {'; '.join(bad[:5])}" if bad else ""
        return f"Candidate version {self.candidate_version} fails its gate ({figures}{on})."


def compare(
    figures: Mapping[str, float],
    *,
    metric: str,
    margin: float,
    candidate_version: int,
    live_version: int | None,
    live_figures: Mapping[str, float] | None = None,
) -> Comparison | None:
    """The comparison; None where the deciding metric is missing for one of them.

    Args:
        figures: of the candidate's report, by dotted path.
        metric: the one that decides.
        margin: how much worse it may be.
        candidate_version: in the model package group.
        live_version: likewise; None where it is not known.
        live_figures: of the live model's own report, used where the candidate's does not hold the live model.
    """
    same_holdout = f"{CHAMPION}{metric}" in figures
    theirs = figures.get(f"{CHAMPION}{metric}") if same_holdout else (live_figures or {}).get(metric)
    if metric not in figures or theirs is None:
        return None
    rows = [_row(metric, None, figures[metric], theirs, None, margin)]
    for name in sorted(name for name in figures if "." not in name and name not in {metric, *_ABOUT_THE_REPORT}):
        champion = figures.get(f"{CHAMPION}{name}") if same_holdout else (live_figures or {}).get(name)
        if champion is not None:
            rows.append(_row(name, None, figures[name], champion, None, margin))
    for slice_name, rows_of in _slices(figures, metric):
        champion = figures.get(f"{CHAMPION}{SLICE}{slice_name}.{metric}")
        rows.append(_row(metric, slice_name, figures[f"{SLICE}{slice_name}.{metric}"], champion, rows_of, margin))
    return Comparison(
        candidate_version=candidate_version,
        live_version=live_version,
        metric=metric,
        margin=margin,
        same_holdout=same_holdout,
        rows=tuple(rows),
    )


def _slices(figures: Mapping[str, float], metric: str) -> list[tuple[str, int | None]]:
    ending = f".{metric}"
    names = sorted(
        name.removeprefix(SLICE).removesuffix(ending)
        for name in figures
        if name.startswith(SLICE) and name.endswith(ending)
    )
    found: list[tuple[str, int | None]] = []
    for name in names:
        rows = figures.get(f"{SLICE}{name}.{ROWS}")
        found.append((name, None if rows is None else int(rows)))
    return found


def _row(
    metric: str, slice_name: str | None, candidate: float, live: float | None, rows: int | None, margin: float
) -> ComparedFigure:
    verdict: Verdict
    if live is None or (rows is not None and rows < FLOOR_ROWS):
        verdict = "not_judged"
    elif candidate < live - margin:
        verdict = "worse"
    else:
        verdict = "better" if candidate > live + margin else "same"
    return ComparedFigure(metric=metric, slice=slice_name, candidate=candidate, live=live, rows=rows, verdict=verdict)

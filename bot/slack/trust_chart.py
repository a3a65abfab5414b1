"""A picture of what became of the remediations, month by month. Needs the extra `charts` (matplotlib)."""

from typing import Any

from bot.slack.blocks.text import line
from bot.slack.chart import DPI, WIDTH_INCHES, ChartUnavailable
from bot.slack.picture import png_of
from incidents.trust import Counts, Trust

Axes = Any
"""matplotlib's, whose stubs leave half of every signature unknown."""

MOST_MONTHS = 12
FEWEST_MONTHS = 6
"""Months before the first proposal are left out, down to this many."""

_INK = "#1d1c1d"
_FAINT = "#5f6570"
_GRID = "#e6e8eb"
_SHARES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("recovered", "#0f766e", "", ("verified",)),
    ("failed or undone", "#b42318", "xx", ("failed", "reverted")),
    ("done, unproven", "#b45309", "..", ("unproven",)),
    ("denied", "#374151", "//", ("denied",)),
    ("expired", "#7c3aed", "\\\\", ("expired",)),
    ("overtaken or stopped", "#c4c9d1", "", ("superseded", "withdrawn", "stopped")),
    ("open", "#1f6feb", "--", ("waiting", "under_way")),
)
"""Name, colour, hatch (for those who do not see the colours apart) and the counts in it: each outcome is in one."""


def render_trust(trust: Trust, title: str) -> bytes:
    """The picture as PNG. Takes a few hundred milliseconds: call it in a worker thread.

    Raises:
        ChartUnavailable: matplotlib is not installed, or nothing was proposed.
    """
    months = trust.months[-MOST_MONTHS:]
    first = next((place for place, month in enumerate(months) if month.counts.proposed), None)
    if first is None:
        raise ChartUnavailable("nothing was proposed yet")
    months = months[min(first, max(0, len(months) - FEWEST_MONTHS)) :]
    try:
        # Late: it takes half a second and 60 MB that a bot of which nobody asks this does not need.
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ChartUnavailable("the extra 'charts' (matplotlib) is not installed") from error
    figure: Any = Figure(figsize=(WIDTH_INCHES, 3.0), dpi=DPI, facecolor="white", layout="constrained")
    canvas: Any = FigureCanvasAgg(figure)
    clean = line(title, 90).replace("$", r"\$")
    figure.suptitle(clean, fontsize=10.5, fontweight="bold", color=_INK, x=0.012, ha="left")
    axis = figure.subplots()
    bottoms = [0] * len(months)
    for name, colour, hatch, fields in _SHARES:
        heights = [share(month.counts, fields) for month in months]
        if any(heights):
            axis.bar(
                range(len(months)),
                heights,
                bottom=bottoms,
                color=colour,
                hatch=hatch,
                edgecolor="white",
                linewidth=0.6,
                width=0.62,
                label=name,
            )
        bottoms = [bottom + height for bottom, height in zip(bottoms, heights, strict=True)]
    _draw_frame(axis, [month.month for month in months], max(bottoms))
    return png_of(canvas)


def share(counts: Counts, fields: tuple[str, ...]) -> int:
    """How many of these outcomes."""
    return sum(int(getattr(counts, field)) for field in fields)


def _draw_frame(axis: Axes, months: list[str], highest: int) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_xticks(range(len(months)), months)
    axis.set_xlim(-0.6, len(months) - 0.4)
    axis.set_ylim(0, highest * 1.32)
    axis.set_ylabel("proposed", fontsize=7.5, color=_FAINT)
    axis.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axis.grid(axis="y", color=_GRID, linewidth=0.8)
    axis.set_axisbelow(True)
    axis.tick_params(labelsize=7.5, colors=_FAINT, length=0)
    axis.legend(fontsize=7, frameon=False, loc="upper left", ncols=4, labelcolor=_INK, handlelength=1.6)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
    axis.spines["bottom"].set_color(_GRID)

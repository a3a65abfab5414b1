# pyright: reportUnknownMemberType=false, reportArgumentType=false
# matplotlib types its plotting methods loosely, and dates not at all.
"""A chart of signals around the onset, as a PNG. Drawn with matplotlib's object interface, imported late."""

import io
from dataclasses import dataclass
from datetime import datetime

from incidents.errors import AgentOpsError

WIDTH_IN, HEIGHT_IN, DPI = 7.2, 2.9, 150
INK, SOFT, GRID, DANGER = "#1d1c1d", "#616061", "#e6e6e6", "#c9184a"
COLOURS = ("#1264a3", "#2b8a3e", "#b35900", "#6741d9", "#0b7285")
"""Told apart by people who see colours differently, and by the labels at the end of each line."""
MARK_STYLES = {"deployment": (DANGER, (0, (1, 1))), "onset": (SOFT, (0, (4, 2))), "alert": (INK, (0, ()))}


class ChartUnavailable(AgentOpsError):
    """No chart can be drawn. The message says why, fit to show."""


@dataclass(frozen=True)
class Line:
    """One series: its name and its samples, oldest first."""

    name: str
    samples: tuple[tuple[datetime, float], ...]


@dataclass(frozen=True)
class Mark:
    """A moment worth seeing."""

    at: datetime
    name: str


@dataclass(frozen=True)
class ChartSpec:
    """What to draw."""

    title: str
    lines: tuple[Line, ...]
    threshold: float
    marks: tuple[Mark, ...] = ()


def render_chart(spec: ChartSpec) -> bytes:
    """The PNG. Raises `ChartUnavailable` when matplotlib is not installed."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ChartUnavailable("matplotlib is not installed (the extra 'charts' brings it)") from error
    figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for number, line in enumerate(spec.lines):
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(
            [at for at, _ in line.samples], [value for _, value in line.samples], color=colour, lw=1.8, label=line.name
        )
    axes.axhline(spec.threshold, color=DANGER, lw=1.1, ls=(0, (5, 3)), label=f"limit {spec.threshold:g}")
    axes.margins(x=0.01)
    top = max([spec.threshold, *(value for line in spec.lines for _, value in line.samples)])
    axes.set_ylim(bottom=min(0.0, *(value for line in spec.lines for _, value in line.samples)), top=top * 1.28 or 1.0)
    for row, mark in enumerate(sorted(spec.marks, key=lambda one: one.at)):
        colour, style = MARK_STYLES.get(mark.name, (SOFT, (0, ())))
        axes.axvline(mark.at, color=colour, lw=1.1, ls=style)
        axes.annotate(
            mark.name,
            (mark.at, 1.0 - 0.085 * (row % 3)),
            xycoords=("data", "axes fraction"),
            xytext=(4, -10),
            textcoords="offset points",
            fontsize=8,
            color=colour,
        )
    axes.set_title(spec.title, loc="left", fontsize=10, color=INK, fontweight="bold")
    axes.grid(axis="y", color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    axes.tick_params(colors=SOFT, labelsize=8, length=0)
    locator = AutoDateLocator(minticks=4, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.legend(loc="upper left", fontsize=8, frameon=False, labelcolor=SOFT, ncols=3)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()

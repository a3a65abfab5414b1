"""A picture of the signals around the onset, and the same in words. Needs the extra `charts` (matplotlib)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from bot.slack.blocks.text import line, number
from bot.slack.picture import png_of
from incidents.errors import AgentOpsError
from incidents.verification import Sample

Axes = Any
"""matplotlib's, whose stubs leave half of every signature unknown."""

MOST_PANELS = 3
MOST_LINES = 5
WIDTH_INCHES = 7.2
"""Slack shows a picture about 720 px wide; twice that for sharp screens."""
DPI = 200

_INK = "#1d1c1d"
_FAINT = "#5f6570"
_GRID = "#e6e8eb"
_THRESHOLD = "#b42318"
_COLOURS = ("#1f6feb", "#0f766e", "#b45309", "#7c3aed", "#be185d")
_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.4)), (0, (6, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)))
_MARKS = {"deployment": ("#374151", (0, (4, 3))), "alert": (_THRESHOLD, "-"), "onset": ("#b45309", (0, (1, 2)))}


class ChartUnavailable(AgentOpsError):
    """No picture can be drawn; the message is fit to show."""


@dataclass(frozen=True)
class Line:
    """One series. `name` tells it from the others of its panel."""

    name: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class Panel:
    """One signal: its series, and the bound past which it is trouble."""

    title: str
    unit: str
    lines: tuple[Line, ...]
    threshold: float | None = None


@dataclass(frozen=True)
class Mark:
    """Something that happened."""

    at: datetime
    label: str
    kind: Literal["deployment", "alert", "onset"]


@dataclass(frozen=True)
class ChartSpec:
    """What to draw: at most three panels over one time axis, in UTC."""

    title: str
    start: datetime
    end: datetime
    panels: tuple[Panel, ...]
    marks: tuple[Mark, ...] = ()


def in_words(spec: ChartSpec) -> list[str]:
    """What the picture shows, a sentence a signal and one a mark, for those who cannot see it."""
    return [
        *(_panel_in_words(panel) for panel in spec.panels[:MOST_PANELS]),
        *(f"{line(mark.label, 120)} at {mark.at.astimezone(UTC):%H:%M:%S} UTC" for mark in spec.marks[:6]),
    ]


def render_chart(spec: ChartSpec) -> bytes:
    """The picture as PNG. Takes a few hundred milliseconds: call it in a worker thread.

    Raises:
        ChartUnavailable: matplotlib is not installed, or there is no series to draw.
    """
    panels = [panel for panel in spec.panels if any(_finite(one.samples) for one in panel.lines)][:MOST_PANELS]
    if not panels:
        raise ChartUnavailable("there is no series to draw")
    try:
        # Late: it takes half a second and 60 MB that a bot without incidents does not need.
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ChartUnavailable("the extra 'charts' (matplotlib) is not installed") from error
    height = 0.75 + 1.55 * len(panels)
    figure: Any = Figure(figsize=(WIDTH_INCHES, height), dpi=DPI, facecolor="white", layout="constrained")
    canvas: Any = FigureCanvasAgg(figure)
    figure.suptitle(_safe(spec.title, 90), fontsize=10.5, fontweight="bold", color=_INK, x=0.012, ha="left")
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for index, (axis, panel) in enumerate(zip(axes, panels, strict=True)):
        _draw_panel(axis, panel)
        _draw_marks(axis, spec, labelled=index == 0)
    _draw_time(axes[-1], spec)
    return png_of(canvas)


def _draw_panel(axis: Axes, panel: Panel) -> None:
    unit = f" ({_safe(panel.unit, 12)})" if panel.unit and panel.unit not in panel.title else ""
    axis.set_title(f"{_safe(panel.title, 70)}{unit}", fontsize=8.5, color=_INK, loc="left", pad=4)
    shown = [one for one in panel.lines if _finite(one.samples)][:MOST_LINES]
    for one, colour, dash in zip(shown, _COLOURS, _DASHES, strict=False):
        moments = [sample.at.astimezone(UTC) for sample in one.samples]
        values = [sample.value if math.isfinite(sample.value) else math.nan for sample in one.samples]
        axis.plot(moments, values, color=colour, linestyle=dash, linewidth=1.7, label=_safe(one.name, 32))
    if panel.threshold is not None and math.isfinite(panel.threshold):
        axis.axhline(panel.threshold, color=_THRESHOLD, linewidth=1.1, linestyle=(0, (6, 3)))
        axis.annotate(
            f"threshold {number(panel.threshold)}{f' {_safe(panel.unit, 12)}' if panel.unit else ''}",
            xy=(0, panel.threshold),
            xycoords=("axes fraction", "data"),
            xytext=(3, 3),
            textcoords="offset points",
            ha="left",
            fontsize=7,
            color=_THRESHOLD,
        )
    if len(shown) > 1:
        columns = min(3, len(shown))
        axis.legend(fontsize=7, frameon=False, loc="upper left", ncols=columns, labelcolor=_INK, handlelength=2.4)
    values = [value for one in shown for value in _finite(one.samples)]
    low, high = min(values), max(*values, panel.threshold or 0.0)
    axis.set_ylim(0 if low >= 0 else low * 1.1, high * (1.5 if len(shown) > 1 else 1.3) if high > 0 else 1)
    axis.grid(axis="y", color=_GRID, linewidth=0.8)
    axis.set_axisbelow(True)
    axis.tick_params(labelsize=7.5, colors=_FAINT, length=0)
    axis.yaxis.set_major_locator(_ticks())
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
    axis.spines["bottom"].set_color(_GRID)


def _ticks() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=4, min_n_ticks=3)


def _draw_marks(axis: Axes, spec: ChartSpec, *, labelled: bool) -> None:
    """A line a mark; the first panel says what each is, one below the other so that none covers another."""
    inside = sorted((mark for mark in spec.marks if spec.start <= mark.at <= spec.end), key=lambda mark: mark.at)[:6]
    for row, mark in enumerate(inside):
        colour, dash = _MARKS[mark.kind]
        moment = mark.at.astimezone(UTC)
        axis.axvline(moment, color=colour, linewidth=1.0, linestyle=dash)
        if labelled:
            late = (mark.at - spec.start) > (spec.end - spec.start) * 0.5
            axis.annotate(
                _safe(mark.label, 44),
                xy=(moment, 1),
                xycoords=("data", "axes fraction"),
                xytext=(-4 if late else 4, -8 - 9 * row),
                textcoords="offset points",
                ha="right" if late else "left",
                fontsize=7,
                color=colour,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
                zorder=6,
            )


def _draw_time(axis: Axes, spec: ChartSpec) -> None:
    from matplotlib.dates import AutoDateLocator, DateFormatter

    short = (spec.end - spec.start).total_seconds() < 600
    axis.set_xlim(spec.start.astimezone(UTC), spec.end.astimezone(UTC))
    axis.xaxis.set_major_locator(AutoDateLocator(minticks=4, maxticks=8))
    axis.xaxis.set_major_formatter(DateFormatter("%H:%M:%S" if short else "%H:%M", tz=UTC))
    axis.set_xlabel(f"{spec.start.astimezone(UTC):%d %b %Y}, UTC", fontsize=7.5, color=_FAINT, loc="right")


def _finite(samples: Sequence[Sample]) -> list[float]:
    return [sample.value for sample in samples if math.isfinite(sample.value)]


def _safe(text: str, limit: int) -> str:
    """One clean line; a dollar sign would begin a formula, an underscore at the start would hide a series."""
    clean = line(text, limit).replace("$", r"\$")
    return f" {clean}" if clean.startswith("_") else clean


def _panel_in_words(panel: Panel) -> str:
    told: list[str] = []
    for one in panel.lines[:MOST_LINES]:
        values = _finite(one.samples)
        if values:
            told.append(
                f"{line(one.name, 60)} from {number(values[0])} to {number(values[-1])}, at most {number(max(values))}"
            )
    unit = f" ({line(panel.unit, 12)})" if panel.unit else ""
    bound = f"; threshold {number(panel.threshold)}" if panel.threshold is not None else ""
    return f"{line(panel.title, 80)}{unit}: {'; '.join(told) or 'no samples'}{bound}"

"""A picture of an incident's course: its steps from top to bottom, each beside its bar on one axis of time.

Needs the extra `charts` (matplotlib).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.slack.blocks.text import duration
from bot.slack.chart import DPI, WIDTH_INCHES, ChartUnavailable
from bot.slack.course import Course, Mood, Step, shortened
from bot.slack.picture import png_of

if TYPE_CHECKING:
    from bot.slack.letters import Letters

Canvas = Any
"""matplotlib's, whose stubs leave half of every signature unknown."""

_INK = "#1d1c1d"
_FAINT = "#5f6570"
_GRID = "#e6e8eb"
_GAP = "#b45309"
_COLOURS: dict[Mood, str] = {"plain": "#1f6feb", "good": "#0f766e", "bad": "#b42318", "not_done": "#6b7280"}
_POINTS = 72.0
"""Of an inch."""

_CLOCK_AT, _MARK_AT, _TEXT_AT, _BARS_AT, _RIGHT = 0.1, 0.9, 1.06, 5.12, WIDTH_INCHES - 0.12
"""Where the columns stand, in inches from the left: clock, mark, words, bars."""
_TITLE_PT, _DETAIL_PT = 8.2, 7.2
_LEAD = 1.32
"""Line height against the size of the letters."""
_HEAD, _FOOT, _BETWEEN = 0.62, 0.34, 0.085
_MOST_LINES = 3
"""Of one detail."""
_LEAST_BAR = 0.035
_TOOK = 0.62
"""Room that the words of a bar take beside it, in inches."""
_TOOK_PT = {"left": 6.6, "right": 6.6, "center": 5.8}
"""Inside the bar they have its height."""
ONE_DAY = timedelta(hours=20)
"""Longer courses name the day of each step."""


@dataclass(frozen=True)
class _Row:
    """A line of words; `size` in points."""

    text: str
    size: float
    colour: str
    bold: bool


def render_course(course: Course) -> bytes:
    """The picture as PNG. Takes a few hundred milliseconds: call it in a worker thread.

    Raises:
        ChartUnavailable: matplotlib is not installed.
    """
    try:
        # Late: it takes half a second and 60 MB that a bot without incidents does not need.
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        from bot.slack.letters import Letters
    except ImportError as error:
        raise ChartUnavailable("the extra 'charts' (matplotlib) is not installed") from error
    letters = Letters(DPI)
    blocks = [_rows(step, letters) for step in course.steps]
    heights = [sum(_height(row) for row in rows) + _BETWEEN for rows in blocks]
    height = _HEAD + sum(heights) + _FOOT
    figure: Any = Figure(figsize=(WIDTH_INCHES, height), dpi=DPI, facecolor="white")
    canvas: Any = FigureCanvasAgg(figure)
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set_xlim(0, WIDTH_INCHES)
    axis.set_ylim(height, 0)
    axis.axis("off")
    title = letters.fitted(shortened(course.title), 10.5, True, _RIGHT - _CLOCK_AT, 1)
    axis.text(_CLOCK_AT, 0.2, title[0], fontsize=10.5, fontweight="bold", color=_INK, va="center")
    scale = _Scale.of(course)
    _draw_axis(axis, scale, top=_HEAD, bottom=height - _FOOT)
    tops = [_HEAD + sum(heights[:place]) for place in range(len(heights))]
    centres = [top + _height(rows[0]) / 2 for top, rows in zip(tops, blocks, strict=True)]
    axis.plot([_MARK_AT, _MARK_AT], [centres[0], centres[-1]], color=_GRID, linewidth=1.4, zorder=1)
    for step, rows, top, centre in zip(course.steps, blocks, tops, centres, strict=True):
        _draw_step(axis, step, rows, top, centre, scale)
    axis.text(_CLOCK_AT, height - _FOOT / 2, _foot(course), fontsize=6.8, color=_FAINT, va="center")
    return png_of(canvas)


@dataclass(frozen=True)
class _Scale:
    """Moments as inches from the left."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, course: Course) -> "_Scale":
        ends = [step.ended or step.began for step in course.steps]
        start, end = min(step.began for step in course.steps), max(ends)
        return cls(start, max(end, start + timedelta(seconds=1)))

    def clock(self, moment: datetime) -> str:
        """The time of day; with the day where there is more than one."""
        return f"{moment.astimezone(UTC):{'%d %b %H:%M' if self.end - self.start > ONE_DAY else '%H:%M:%S'}}"

    def at(self, moment: datetime) -> float:
        return _BARS_AT + (_RIGHT - _BARS_AT) * ((moment - self.start) / (self.end - self.start))


def _rows(step: Step, letters: "Letters") -> list[_Row]:
    width = _BARS_AT - _TEXT_AT - 0.12
    ink = _FAINT if step.mood == "not_done" else _INK
    rows = [_Row(one, _TITLE_PT, ink, True) for one in letters.fitted(shortened(step.title), _TITLE_PT, True, width, 2)]
    for detail in step.details:
        rows += [
            _Row(one, _DETAIL_PT, _FAINT, False)
            for one in letters.fitted(shortened(detail), _DETAIL_PT, False, width, _MOST_LINES)
        ]
    for gap in step.gaps:
        words = letters.fitted(f"! {shortened(gap)}", _DETAIL_PT, False, width, 2)
        rows += [_Row(one, _DETAIL_PT, _GAP, False) for one in words]
    return rows


def _height(row: _Row) -> float:
    return row.size * _LEAD / _POINTS


def _draw_step(axis: Canvas, step: Step, rows: list[_Row], top: float, centre: float, scale: _Scale) -> None:
    colour, idle = _COLOURS[step.mood], step.mood == "not_done"
    axis.text(_CLOCK_AT, centre, scale.clock(step.began), fontsize=7.2, color=_FAINT, va="center_baseline")
    axis.plot(
        [_MARK_AT],
        [centre],
        marker="o",
        markersize=5.6,
        markerfacecolor="white" if idle else colour,
        markeredgecolor=colour,
        markeredgewidth=1.2,
        zorder=3,
    )
    down = top
    for row in rows:
        axis.text(
            _TEXT_AT,
            down + _height(row) / 2,
            row.text,
            fontsize=row.size,
            fontweight="bold" if row.bold else "normal",
            color=row.colour,
            va="center_baseline",
        )
        down += _height(row)
    _draw_bar(axis, step, centre, scale, colour, idle=idle)


def _draw_bar(axis: Canvas, step: Step, centre: float, scale: _Scale, colour: str, *, idle: bool) -> None:
    left = scale.at(step.began)
    if step.ended is None or step.ended <= step.began:
        face = "white" if idle else colour
        axis.plot([left], [centre], marker="D", markersize=4.2, markerfacecolor=face, markeredgecolor=colour, zorder=3)
        return
    right = max(scale.at(step.ended), left + _LEAST_BAR)
    axis.barh(
        centre,
        right - left,
        left=left,
        height=0.1,
        color="white" if idle else colour,
        edgecolor=colour,
        linestyle="--" if idle else "-",
        linewidth=0.8,
        zorder=2,
    )
    took = duration(step.ended - step.began) if step.ended - step.began >= timedelta(seconds=0.5) else "under 1 s"
    at, side, ink = _place(left, right)
    ink = colour if idle and side == "center" else ink
    axis.text(at, centre, took, fontsize=_TOOK_PT[side], color=ink, ha=side, va="center_baseline", zorder=4)


def _place(left: float, right: float) -> tuple[float, str, str]:
    """Where the words of a bar stand, on which side of that point, and their colour: never over the steps' words."""
    if right <= _RIGHT - _TOOK:
        return right + 0.05, "left", _FAINT
    if left - _TOOK >= _BARS_AT:
        return left - 0.05, "right", _FAINT
    return (left + right) / 2, "center", "white"


def _draw_axis(axis: Canvas, scale: _Scale, *, top: float, bottom: float) -> None:
    """Three moments, with a faint line down from each."""
    for share, side in ((0.0, "left"), (0.5, "center"), (1.0, "right")):
        moment = scale.start + (scale.end - scale.start) * share
        at = scale.at(moment)
        axis.plot([at, at], [top - 0.08, bottom], color=_GRID, linewidth=0.8, zorder=0)
        axis.text(at, top - 0.16, f"+{duration(moment - scale.start)}" if share else "0", **_TICK, ha=side)


_TICK: dict[str, Any] = {"fontsize": 6.8, "color": _FAINT, "va": "center"}


def _foot(course: Course) -> str:
    said = f"{course.steps[0].began.astimezone(UTC):%d %b %Y}, UTC. Hollow: decided not to act. !: could not be read."
    return said + (f" {course.left_out} more steps are in the timeline." if course.left_out else "")

"""What a message shows, read at the moment it is sent."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import structlog

from bot.slack.blocks.chart import MOST_ALT, chart_missing, chart_post
from bot.slack.blocks.text import unescaped
from bot.slack.blocks.units import is_share, unit_of
from bot.slack.blocks.wording import alert_words, inside_a_sentence, signal_words
from bot.slack.chart import (
    MOST_LINES,
    MOST_PANELS,
    ChartSpec,
    ChartUnavailable,
    Line,
    Mark,
    Panel,
    in_words,
    render_chart,
)
from bot.slack.course import course_of
from bot.slack.course import in_words as course_in_words
from bot.slack.course_chart import render_course
from bot.slack.rendered import FilePost, Rendered
from bot.slack.views import AnswerView, Note
from incidents.alert import Alert
from incidents.daily_note import DailyNote
from incidents.incident import Incident
from incidents.investigation import Findings
from incidents.ledger import IncidentFile
from incidents.message import COURSE
from incidents.storm import Digest
from incidents.verification import Sample, Threshold
from tools.errors import UpstreamError
from tools.incident_store.reader import StoreReader
from tools.prometheus.client import PrometheusClient
from tools.prometheus.series import AlertRule, Series
from tools.prometheus.thresholds import UnsplittableRule, rules_for, series_of, split

log = structlog.get_logger(__name__)

BEFORE = timedelta(minutes=60)
"""What the chart shows before the onset, in the world's time."""
POINTS = 240
PATIENCE_S = 4.0
"""The thread, the card included, waits for the chart: a picture is not worth longer."""
DRAWING_PATIENCE_S = 20.0
"""A picture takes 0.2 s, the first one 2 s more; in a storm it stands in a queue, and computes beside much else."""


def _no_note(id: int) -> DailyNote | None:
    return None


class StoreShelf:
    """Reads the store, and Prometheus for the chart. See `bot.slack.ports.Shelf`."""

    def __init__(
        self,
        reader: StoreReader,
        prometheus: PrometheusClient,
        rules: Callable[[], Awaitable[list[AlertRule]]],
        *,
        owners: Mapping[str, str],
        speed: float,
        daily_notes: Callable[[int], DailyNote | None] = _no_note,
        drawing_patience_s: float = DRAWING_PATIENCE_S,
    ) -> None:
        """`owners`: user groups by model; `speed`: how much faster than real time the world runs."""
        self._reader = reader
        self._prometheus = prometheus
        self._rules = rules
        self._owners = owners
        self._daily_notes = daily_notes
        self._drawing_patience_s = drawing_patience_s
        # One thread: matplotlib keeps fonts for each thread that draws, and drawing at once is no faster.
        self._drawing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="chart")
        self._speed = speed

    async def file(self, incident_id: str) -> IncidentFile:
        """Everything about one incident."""
        return await asyncio.to_thread(self._reader.file, incident_id)

    async def answer(self, incident_id: str, subject: str) -> AnswerView | None:
        """Answers are posted where they were asked for, not through the outbox."""
        return None

    async def note(self, incident_id: str, subject: str) -> Note | None:
        """Nothing of ours has words of its own; the renderer knows them all."""
        return None

    async def daily_note(self, id: int) -> DailyNote | None:
        """As it was gathered."""
        return await asyncio.to_thread(self._daily_notes, id)

    async def digest(self, storm_id: str) -> Digest:
        """Of the rows of the storm's incidents."""
        return await asyncio.to_thread(self._reader.digest, storm_id)

    def owners(self, model: str) -> str | None:
        """Of the catalogue."""
        return self._owners.get(model)

    async def chart(self, incident_id: str, investigation_id: str) -> FilePost | Rendered | None:
        """The signal that fired, around its onset; with `COURSE` how all of it was found and decided."""
        file = await self.file(incident_id)
        if investigation_id == COURSE:
            return await self._course(file)
        view = next((one for one in file.investigations if one.id == investigation_id), None)
        if view is None or view.findings is None or not file.incident.firing:
            return None
        try:
            return await self._drawn(file.incident, view.findings, view.finished_at or view.created_at)
        except UpstreamError as error:
            log.warning("chart.unreadable", incident=incident_id, error=str(error))
            return chart_missing(f"{error.service} could not be read.")
        except TimeoutError:
            log.warning("chart.too_slow", incident=incident_id)
            return chart_missing("Prometheus did not answer in time.")

    async def _course(self, file: IncidentFile) -> FilePost | None:
        """None where there is nothing to draw, or nothing to draw with: the report has said what happened."""
        course = course_of(file)
        if course is None:
            return None
        try:
            png = await asyncio.get_running_loop().run_in_executor(self._drawing, render_course, course)
        except ChartUnavailable:
            return None
        said = f"In UTC: {course_in_words(course, MOST_ALT - 8)}"
        return chart_post(png, title=course.title, said=said, name="course.png", words_instead=False)

    async def _drawn(self, incident: Incident, findings: Findings, seen_at: datetime) -> FilePost | Rendered | None:
        onset = findings.diagnosis.onset
        began = onset or min(alert.starts_at for alert in incident.firing)
        start, end = began - BEFORE / self._speed, seen_at
        step = max((end - start) / POINTS, timedelta(seconds=1))
        told = _one_of_each_name(incident, findings)
        async with asyncio.timeout(PATIENCE_S):
            found = await asyncio.gather(*(self._panel(incident, alert, start, end, step) for alert in told))
        panels = [panel for panel in found if panel is not None]
        if not panels:
            return chart_missing(f"there are no samples to draw of “{unescaped(alert_words(told[0].name))}”.")
        spec = ChartSpec(
            title=f"{incident.model}: what fired, around its onset",
            start=start,
            end=end,
            panels=tuple(panels),
            marks=tuple(_marks(incident, findings)),
        )
        words = in_words(spec)
        try:
            async with asyncio.timeout(self._drawing_patience_s):
                png = await asyncio.get_running_loop().run_in_executor(self._drawing, render_chart, spec)
        except ChartUnavailable as error:
            return chart_missing(f"{error}.", told=words)
        except TimeoutError:
            log.warning("chart.drawn_too_slowly", incident=incident.id)
            return chart_missing("it could not be drawn in time.", told=words)
        return chart_post(png, title=spec.title, said=" ".join(f"{sentence}." for sentence in words))

    async def _panel(
        self, incident: Incident, alert: Alert, start: datetime, end: datetime, step: timedelta
    ) -> Panel | None:
        threshold = await self._threshold(alert)
        if threshold is None:
            return None
        found = await self._prometheus.query_range(threshold.expression, start, end, step)
        series = _about(alert, incident, found)
        if not any(one.samples for one in series):
            return None
        times = 100 if is_share(alert.name, alert.kind) else 1
        lines = tuple(Line(_name(one), _times(one.samples, times)) for one in series[:MOST_LINES])
        title = unescaped(signal_words(alert.name))
        return Panel(title, unit_of(alert.name, alert.kind), lines, threshold.bound * times)

    async def _threshold(self, alert: Alert) -> Threshold | None:
        for rule in rules_for(await self._rules(), alert.labels):
            try:
                return split(rule)
            except UnsplittableRule:
                continue
        return None


def _one_of_each_name(incident: Incident, findings: Findings) -> list[Alert]:
    """The alert about the culprit first, then the worst ones: one of each name, as many as a chart has room for."""
    culprit = findings.diagnosis.culprit.name
    ranked = sorted(incident.firing, key=lambda alert: culprit not in alert.labels.values())
    return list({alert.name: alert for alert in reversed(ranked)}.values())[::-1][:MOST_PANELS]


def _marks(incident: Incident, findings: Findings) -> Iterator[Mark]:
    """The onset, by its deployment's name where one began it, and the first alert."""
    onset, culprit = findings.diagnosis.onset, findings.diagnosis.culprit
    if onset is not None and culprit.kind == "endpoint_config":
        yield Mark(onset, f"{culprit.name} goes live", "deployment")
    elif onset is not None:
        yield Mark(onset, "onset", "onset")
    first = min(incident.firing, key=lambda alert: alert.starts_at)
    yield Mark(first.starts_at, f"alert: {inside_a_sentence(unescaped(alert_words(first.name)))}", "alert")


def _times(samples: Sequence[Sample], factor: float) -> tuple[Sample, ...]:
    return tuple(Sample(at=one.at, value=one.value * factor) for one in samples)


def _about(alert: Alert, incident: Incident, found: Sequence[Series]) -> list[Series]:
    """The alert's series, and those of the same alert that fire beside it."""
    same = [other for other in incident.firing if other.name == alert.name]
    picked: list[Series] = []
    for one in (alert, *same):
        picked.extend(series for series in series_of(one.labels, found) if series not in picked)
    return picked


def _name(series: Series) -> str:
    for label in ("feature", "endpoint", "model"):
        if label in series.labels:
            return series.labels[label]
    return "value"

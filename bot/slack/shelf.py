"""What a message shows, read at the moment it is sent."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import structlog

from bot.slack.blocks.chart import chart_missing, chart_post
from bot.slack.chart import ChartSpec, ChartUnavailable, Line, Mark, render_chart
from bot.slack.rendered import FilePost, Rendered
from bot.slack.views import AnswerView, Note
from incidents.alert import Alert
from incidents.evidence import EvidenceKind
from incidents.incident import Incident
from incidents.investigation import Findings
from incidents.ledger import IncidentFile
from incidents.verification import Threshold
from tools.errors import UpstreamError
from tools.incident_store.reader import StoreReader
from tools.prometheus.client import PrometheusClient
from tools.prometheus.series import AlertRule, Series
from tools.prometheus.thresholds import UnsplittableRule, rules_for, series_of, split

log = structlog.get_logger(__name__)

BEFORE, AFTER = timedelta(minutes=60), timedelta(minutes=20)
"""What the chart shows around the onset, in the world's time."""
POINTS = 240
MOST_LINES = 5


class StoreShelf:
    """Reads the store, and Prometheus for the chart. See `bot.slack.ports.Shelf`."""

    def __init__(
        self,
        reader: StoreReader,
        prometheus: PrometheusClient,
        rules: Callable[[], Awaitable[list[AlertRule]]],
        *,
        speed: float,
    ) -> None:
        """`speed`: how much faster than real time the world runs."""
        self._reader = reader
        self._prometheus = prometheus
        self._rules = rules
        self._speed = speed

    async def file(self, incident_id: str) -> IncidentFile:
        """Everything about one incident."""
        return await asyncio.to_thread(self._reader.file, incident_id)

    async def answer(self, incident_id: str, subject: str) -> AnswerView | None:
        """Answers are posted where they were asked for, not through the outbox."""
        return None

    async def note(self, incident_id: str, subject: str) -> Note | None:
        """A candidate that waits for a person is no failure: it has its own words."""
        file = await self.file(incident_id)
        watch = next((view for view in file.verifications if view.execution_id == subject), None)
        if watch is not None and watch.state in {"candidate_ready", "candidate_refused"}:
            return Note(watch.note)
        return None

    async def chart(self, incident_id: str, investigation_id: str) -> FilePost | Rendered | None:
        """The signal that fired, around its onset."""
        file = await self.file(incident_id)
        view = next((one for one in file.investigations if one.id == investigation_id), None)
        if view is None or view.findings is None or not file.incident.firing:
            return None
        alert = _most_telling(file.incident, view.findings)
        try:
            return await self._drawn(file.incident, view.findings, alert, view.finished_at or view.created_at)
        except UpstreamError as error:
            log.warning("chart.unreadable", incident=incident_id, error=str(error))
            return chart_missing(f"{error.service} could not be read.")
        except ChartUnavailable as error:
            return chart_missing(str(error))

    async def _drawn(
        self, incident: Incident, findings: Findings, alert: Alert, seen_at: datetime
    ) -> FilePost | Rendered:
        threshold = await self._threshold(alert)
        if threshold is None:
            return chart_missing(f"the rule of {alert.name} cannot be drawn as a line against a limit.")
        onset = findings.diagnosis.onset or alert.starts_at
        start = onset - BEFORE / self._speed
        end = max(seen_at, min(onset + AFTER / self._speed, seen_at))
        step = max((end - start) / POINTS, timedelta(seconds=1))
        found = await self._prometheus.query_range(threshold.expression, start, end, step)
        series = _about(alert, incident, found)
        if not series:
            return chart_missing(f"Prometheus has no samples for {alert.name}.")
        title = f"{alert.name} · {incident.model}"
        marks = [Mark(onset, "onset"), Mark(alert.starts_at, "alert")]
        marks += [
            Mark(one.window[0], "deployment")
            for one in findings.evidence
            if one.kind is EvidenceKind.CHANGE and one.window and start <= one.window[0] <= end
        ]
        spec = ChartSpec(
            title=title,
            lines=tuple(Line(_name(one), tuple((s.at, s.value) for s in one.samples)) for one in series[:MOST_LINES]),
            threshold=threshold.bound,
            marks=tuple(marks),
        )
        png = await asyncio.to_thread(render_chart, spec)
        worst = max(s.value for one in series for s in one.samples)
        said = f"{title} from {start:%H:%M:%S} to {end:%H:%M:%S} UTC: at most {worst:.3g}, limit {threshold.bound:g}"
        return chart_post(png, title=title, said=said)

    async def _threshold(self, alert: Alert) -> Threshold | None:
        for rule in rules_for(await self._rules(), alert.labels):
            try:
                return split(rule)
            except UnsplittableRule:
                continue
        return None


def _most_telling(incident: Incident, findings: Findings) -> Alert:
    """The alert about the culprit, else the worst one."""
    culprit = findings.diagnosis.culprit.name
    return next((a for a in incident.firing if culprit in a.labels.values()), incident.firing[0])


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

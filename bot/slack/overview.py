"""How things stand, read for lists and the App Home: a page at a time, whatever stands in the database."""

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.slack.listing import Listing
from bot.slack.views import ApprovalLine, DoneLine, HomeView, IncidentLine, IncidentsView, ModelStatus, StatusView
from incidents.alert import Severity
from incidents.catalogue import Catalogue, ModelSpec
from incidents.execution import ExecutionState
from incidents.incident import Incident, IncidentState
from incidents.pause import EVERYTHING
from tools.incident_store.incident_reader import OpenIncident, Sought
from tools.incident_store.reader import StoreReader
from tools.incident_store.tables import ExecutionRecord

PAGE = 20
"""Models or incidents on one page: what fits into a message of Slack with every line at its longest."""
AT_HOME = 40
"""Models on the App Home, which may be longer than a message."""
MOST_COUNTED = 10_000
"""Incidents are counted up to this many; nobody turns five hundred pages."""


class Overview:
    """Reads what is shown; nothing here changes a row. Every method blocks: call it in a thread."""

    def __init__(self, reader: StoreReader, catalogue: Catalogue, clock: Callable[[], datetime]) -> None:
        """`catalogue`: the models that are watched."""
        self._reader = reader
        self._catalogue = catalogue
        self._clock = clock

    def status(self, asked: Listing, *, on_a_page: int = PAGE) -> StatusView:
        """One page of the models asked for: those with an open incident first, the worst of them first."""
        single = asked.model if asked.model and not asked.is_a_pattern else None
        open_now = {one.model: one for one in self._reader.open_incidents(single)}
        chosen = [
            (entry, incident)
            for entry in self._catalogue.models.values()
            if asked.fits_model(entry.name, entry.environment)
            and asked.fits_trouble(*_stands(incident := open_now.get(entry.name)))
        ]
        chosen.sort(key=lambda pair: _rank(*pair))
        start = on_a_page * (asked.page - 1)
        pauses = self._reader.pauses()
        return StatusView(
            self._model_lines(chosen[start : start + on_a_page], frozenset(pauses)),
            self._clock(),
            paused=EVERYTHING in pauses,
            total=len(chosen),
            troubled=sum(incident is not None for _, incident in chosen),
            pages=_pages(len(chosen), on_a_page),
            asked=asked,
            storms=tuple(self._reader.storms()),
            waiting=self._reader.waiting(),
        )

    def incidents(self, asked: Listing) -> IncidentsView:
        """One page of the incidents asked for, newest first."""
        sought = Sought(asked.incident_states, asked.model, asked.severity, asked.environment)
        total = self._reader.count(sought, MOST_COUNTED + 1)
        found = self._reader.find(sought, limit=PAGE, offset=PAGE * (asked.page - 1))
        counted = min(total, MOST_COUNTED)
        return IncidentsView(
            self._incident_lines(found),
            counted,
            asked.page,
            _pages(counted, PAGE),
            more=total > MOST_COUNTED,
            asked=asked,
        )

    def home(self) -> HomeView:
        """Health, open incidents, approvals, what was done."""
        pending = self._reader.pending_proposals()
        done = self._reader.done_lately()
        ids = [view.proposal.incident_id for view in pending] + [record.incident_id for record in done]
        threads = self._reader.threads(ids)
        approvals = tuple(ApprovalLine(view, threads.get(view.proposal.incident_id)) for view in pending)
        lately = tuple(
            DoneLine(
                self._done(record),
                record.finished_at or record.created_at,
                record.incident_id,
                record.model,
                threads.get(record.incident_id),
            )
            for record in done
        )
        open_now = self._reader.find(Sought(), limit=PAGE)
        return HomeView(
            self.status(Listing(), on_a_page=AT_HOME),
            self._incident_lines(open_now),
            approvals,
            lately,
            self._reader.count(Sought(), MOST_COUNTED),
        )

    def _model_lines(
        self, chosen: Sequence[tuple[ModelSpec, OpenIncident | None]], paused: frozenset[str]
    ) -> tuple[ModelStatus, ...]:
        threads = self._reader.threads([incident.id for _, incident in chosen if incident is not None])
        configs = self._reader.configs_live([entry.endpoint.name for entry, _ in chosen if entry.endpoint])
        doing = {record.model: record for record in self._reader.executions_under_way()}
        lines: list[ModelStatus] = []
        for entry, incident in chosen:
            seen = configs.get(entry.endpoint.name) if entry.endpoint else None
            lines.append(
                ModelStatus(
                    model=entry.name,
                    environment=entry.environment,
                    tier=entry.tier,
                    live_config=seen[0] if seen else None,
                    deployed_at=seen[1] if seen else None,
                    incident_id=incident.id if incident else None,
                    incident_state=incident.state if incident else None,
                    severity=incident.severity if incident else None,
                    flapping=incident is not None and incident.flapping,
                    doing=self._doing(doing[entry.name]) if entry.name in doing else "",
                    thread=threads.get(incident.id) if incident else None,
                    paused=entry.name in paused,
                    unreadable="" if seen or entry.endpoint is None else "its endpoint has not been read yet",
                )
            )
        return tuple(lines)

    def _incident_lines(self, found: Sequence[Incident]) -> tuple[IncidentLine, ...]:
        threads = self._reader.threads([one.id for one in found])
        return tuple(
            IncidentLine(
                one.id,
                one.model,
                one.state,
                one.severity,
                one.started_at,
                one.firing,
                threads.get(one.id),
                pruned=one.pruned_at is not None,
            )
            for one in found
        )

    def _doing(self, record: ExecutionRecord) -> str:
        return self._reader.proposal(record.proposal_id).proposal.title

    def _done(self, record: ExecutionRecord) -> str:
        """What was done; with how it ended where that is not as asked."""
        if ExecutionState(record.state) is ExecutionState.SUCCEEDED:
            return self._doing(record)
        return f"{self._doing(record)}: {record.progress or record.state}"


def _stands(incident: OpenIncident | None) -> tuple[IncidentState | None, Severity | None]:
    return (incident.state, incident.severity) if incident is not None else (None, None)


def _rank(entry: ModelSpec, incident: OpenIncident | None) -> tuple[int, int, int]:
    """The worst open incident of the most important model first; without one, the catalogue's own order."""
    return (1, 0, 0) if incident is None else (0, incident.severity.rank, entry.tier)


def _pages(count: int, on_a_page: int) -> int:
    return max(1, -(-count // on_a_page))

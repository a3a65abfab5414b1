"""What a storm's digest tells, read from the rows of the incidents it stands for."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from incidents.alert import Severity
from incidents.budget import WaitsFor
from incidents.incident import LIVE_STATES, IncidentState
from incidents.message import MessageKind
from incidents.storm import Digest, DigestLine, Standing, rank
from incidents.thread import ThreadRef
from tools.incident_store.investigation_queue import waiting
from tools.incident_store.reading import Reading
from tools.incident_store.slack_tables import MessageRecord
from tools.incident_store.tables import AlertRecord, IncidentRecord, InvestigationRecord, StormRecord

TOP = 10
"""Incidents named in a digest."""


class StormReader(Reading):
    """Questions about storms and about what waits for its turn."""

    def digest(self, storm_id: str) -> Digest:
        """What a storm's digest tells now. Raises `LookupError`."""
        with self._database.read() as session:
            storm = session.get(StormRecord, int(storm_id)) if storm_id.isdecimal() else None
            if storm is None:
                raise LookupError(storm_id)
            return read_digest(session, storm)

    def storms(self) -> list[Digest]:
        """Every storm that has not ended."""
        with self._database.read() as session:
            storms = session.exec(
                select(StormRecord).where(col(StormRecord.ended_at).is_(None)).order_by(col(StormRecord.channel))
            ).all()
            return [read_digest(session, storm) for storm in storms]

    def waiting(self) -> dict[WaitsFor, int]:
        """How many investigations wait for their turn, by what they wait for."""
        with self._database.read() as session:
            return waiting(session)


def held_and_live(session: Session, storm: StormRecord) -> dict[int, Standing]:
    """The incidents of the storm whose thread is held back and that are not over, by their number."""
    of = IncidentRecord
    held = (*_of_storm(storm), col(of.held).is_(True), col(of.state).in_(LIVE_STATES))
    return {one.standing.number: one.standing for one in _lines(session, held)}


def read_digest(session: Session, storm: StormRecord) -> Digest:
    """Everything the digest shows."""
    members = _of_storm(storm)
    lines = _lines(session, members)
    ids = select(IncidentRecord.id).where(*members)
    live = sorted((one for one in lines if one.standing.state in LIVE_STATES), key=lambda one: rank(one.standing))
    top = live[:TOP]
    alerts = session.exec(select(func.count()).where(col(AlertRecord.incident_id).in_(ids))).one()
    threads = _threads(session, [one.id for one in top])
    return Digest(
        id=storm.id or 0,
        channel=storm.channel,
        began_at=storm.began_at,
        ended_at=storm.ended_at,
        alerts=alerts,
        lines=tuple(lines),
        top=tuple(one.in_thread(threads.get(one.id)) for one in top),
        investigated=_investigated(session, ids),
        waiting=_waiting(session, ids),
    )


def _lines(session: Session, where: Sequence[ColumnElement[bool]]) -> list[DigestLine]:
    """Of the incidents that are meant; columns only, since there may be hundreds and this is asked for every second."""
    of = IncidentRecord.metadata.tables["incident"].c
    columns = (of.number, of.id, of.model, of.environment, of.severity, of.tier, of.state, of.opened_at, of.held)
    return [
        DigestLine(
            id=one.id,
            model=one.model,
            environment=one.environment,
            standing=Standing(Severity(one.severity), one.tier, IncidentState(one.state), one.opened_at, one.number),
            held=one.held,
        )
        for one in session.connection().execute(select_columns(*columns).where(*where))
    ]


def _of_storm(storm: StormRecord) -> list[ColumnElement[bool]]:
    of = IncidentRecord
    found: list[ColumnElement[bool]] = [col(of.channel) == storm.channel, col(of.opened_at) > storm.since]
    if storm.ended_at is not None:
        found.append(col(of.opened_at) <= storm.ended_at)
    return found


def _investigated(session: Session, ids: object) -> int:
    of = InvestigationRecord
    query = select(func.count(func.distinct(col(of.incident_id)))).where(
        col(of.incident_id).in_(ids),  # pyright: ignore[reportArgumentType] a select is a subquery here
        col(of.state) == "done",
    )
    return session.exec(query).one()


def _waiting(session: Session, ids: object) -> dict[WaitsFor, int]:
    """Investigations that have not begun, by what they wait for."""
    of = InvestigationRecord
    query = (
        select(of.waits_for, func.count())
        .where(
            col(of.incident_id).in_(ids),  # pyright: ignore[reportArgumentType] a select is a subquery here
            col(of.state) == "queued",
        )
        .group_by(of.waits_for)
    )
    return {WaitsFor(reason): count for reason, count in session.exec(query)}


def _threads(session: Session, ids: list[str]) -> dict[str, ThreadRef]:
    of = MessageRecord
    rows = session.exec(
        select(of).where(col(of.incident_id).in_(ids), col(of.kind) == MessageKind.ROOT.value, col(of.ts).is_not(None))
    )
    return {
        one.incident_id or "": ThreadRef(channel=one.posted_channel or one.channel, ts=one.ts or "") for one in rows
    }

"""Marks of flapping on incidents: set when alerts change sides too often, taken off when it is calm."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from incidents.flapping import FlappingRule, changes_of, flaps
from incidents.incident import LIVE_STATES, IncidentState
from incidents.message import MessageKind
from incidents.spoken_time import span_in_words
from tools.incident_store.database import Database
from tools.incident_store.tables import AlertRecord, ExecutionRecord, IncidentRecord, InvestigationRecord
from tools.incident_store.writer.messages import want
from tools.incident_store.writer.states import VERIFICATION_DECIDES, clear, fires, skip_queued
from tools.incident_store.writer.timeline import append, locked_incident


class FlappingWriter:
    """Each step is one transaction."""

    def __init__(self, database: Database, rule: FlappingRule, new_id: Callable[[], str]) -> None:
        """`new_id`: unique ids."""
        self._database = database
        self._rule = rule
        self._new_id = new_id

    def calm(self, now: datetime) -> list[str]:
        """Take the mark off incidents that are calm again; the ids of those.

        Where something still fires a new look follows; where nothing does, the incident is over.
        """
        due = (
            col(IncidentRecord.flapping_since).is_not(None),
            col(IncidentRecord.side_changed_at) <= now - self._rule.calm,
            col(IncidentRecord.state).in_(LIVE_STATES),
        )
        with self._database.read() as session:
            found = session.exec(select(IncidentRecord.id).where(*due)).all()
        return [id for id in found if self._database.write_anew(lambda session, id=id: self._calm(session, id, now))]

    def _calm(self, session: Session, incident_id: str, now: datetime) -> bool:
        incident = locked_incident(session, incident_id)
        changed = incident.side_changed_at
        live = IncidentState(incident.state) in LIVE_STATES
        if incident.flapping_since is None or changed is None or now - changed < self._rule.calm or not live:
            return False
        incident.flapping_since = None
        incident.changed_at = now
        still = fires(session, incident.id)
        what = "it still fires, so a new look follows" if still else "nothing fires any more"
        entry = append(
            session,
            incident,
            at=now,
            actor="agentops",
            kind="calm",
            text=f"Calm again for {span_in_words(self._rule.calm)}: {what}",
        )
        want(session, incident, MessageKind.FLAPPING, str(entry.number))
        want(session, incident, MessageKind.ROOT)
        if not still:
            clear(session, incident, now)
        elif IncidentState(incident.state) not in VERIFICATION_DECIDES:
            session.add(
                InvestigationRecord(
                    id=self._new_id(), incident_id=incident.id, state="queued", not_before=now, created_at=now
                )
            )
        return True


def flap_marked(session: Session, incident: IncidentRecord, rule: FlappingRule, changes: int, now: datetime) -> None:
    """An alert of the incident changed sides: mark it where that is once too often, or note when it was last."""
    if incident.flapping_since is not None:
        incident.side_changed_at = now
        return
    if not flaps(rule, changes) or IncidentState(incident.state) not in LIVE_STATES:
        return
    incident.flapping_since = incident.side_changed_at = now
    skip_queued(session, incident, "Investigation not begun: it fires and clears again and again", now)
    entry = append(
        session,
        incident,
        at=now,
        actor="agentops",
        kind="flapping",
        text=f"Flapping: {changes} changes between firing and cleared within {span_in_words(rule.window)}; "
        f"not investigated again before it has been calm for {span_in_words(rule.calm)}",
        details={"changes": changes},
    )
    want(session, incident, MessageKind.FLAPPING, str(entry.number))
    want(session, incident, MessageKind.ROOT)


def changes_by_fingerprint(
    session: Session, fingerprints: Iterable[str], since: datetime, now: datetime
) -> dict[str, int]:
    """How often each of them changed sides since then."""
    of = AlertRecord
    rows = session.exec(
        select(of.fingerprint, of.starts_at, of.ends_at).where(
            col(of.fingerprint).in_(sorted(set(fingerprints))), (col(of.ends_at).is_(None)) | (col(of.ends_at) > since)
        )
    )
    episodes: dict[str, list[tuple[datetime, datetime | None]]] = {}
    for fingerprint, starts_at, ends_at in rows:
        episodes.setdefault(fingerprint, []).append((starts_at, ends_at))
    return {fingerprint: changes_of(found, since, now) for fingerprint, found in episodes.items()}


def changes_of_key(session: Session, keys: Sequence[str], since: datetime, now: datetime) -> dict[str, int]:
    """How often incidents of each key began and ended since then."""
    of = IncidentRecord
    rows = session.exec(
        select(of.key, of.opened_at, of.resolved_at).where(col(of.key).in_(keys), col(of.opened_at) > since)
    )
    episodes: dict[str, list[tuple[datetime, datetime | None]]] = {}
    for key, opened_at, resolved_at in rows:
        episodes.setdefault(key, []).append((opened_at, resolved_at))
    return {key: changes_of(found, since, now) for key, found in episodes.items()}


def last_change_of_ours(session: Session, model: str) -> datetime | None:
    """When a change of the model last ended: what changed sides before it, the change may have ended."""
    of = ExecutionRecord
    return session.exec(
        select(of.finished_at)
        .where(col(of.model) == model, col(of.sent_at).is_not(None), col(of.finished_at).is_not(None))
        .order_by(col(of.finished_at).desc())
        .limit(1)
    ).first()

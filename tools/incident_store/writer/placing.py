"""Alerts find their place: all of one transaction at once, each incident locked, read and written once.

What fires is placed before what cleared, so that an incident in which one alert ends and another begins stays open.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import bindparam, case, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from incidents.alert import Alert, Severity
from incidents.catalogue import ModelSpec
from incidents.flapping import FlappingRule, flaps
from incidents.incident import LIVE_STATES, IncidentState, key_of, worst_severity
from incidents.message import MessageKind, Priority
from incidents.storm import StormRule
from tools.incident_store.slack_tables import MessageRecord
from tools.incident_store.tables import AlertRecord, IncidentRecord, InvestigationRecord
from tools.incident_store.unplaced import Entry, Finds, tier_of
from tools.incident_store.writer.flaps import changes_by_fingerprint, changes_of_key, flap_marked, last_change_of_ours
from tools.incident_store.writer.messages import priority_of, want
from tools.incident_store.writer.states import VERIFICATION_DECIDES, clear, fires
from tools.incident_store.writer.storms import hold_back
from tools.incident_store.writer.timeline import alerts_changed, append

_alert = AlertRecord.metadata.tables["alert"].c
_UNPLACED = (
    select_columns(
        _alert.id,
        _alert.fingerprint,
        _alert.starts_at,
        _alert.status,
        _alert.ends_at,
        _alert.labels,
        _alert.incident_id,
        _alert.received_at,
    )
    .where(_alert.id.in_(bindparam("ids", expanding=True)), _alert.revision > _alert.handled_revision)
    .order_by(_alert.id)
    .with_for_update(skip_locked=True)
)
_SEEN = update(_alert.id.table).where(_alert.id == bindparam("row")).values(handled_revision=_alert.revision)
_PLACED = _SEEN.values(incident_id=bindparam("incident"))
_investigation = InvestigationRecord.metadata.tables["investigation"].c
_PUT_OFF = (
    update(_investigation.id.table)
    .where(_investigation.id == bindparam("row"), _investigation.state == "queued")
    .values(not_before=bindparam("until"))
)
"""Built once: they run for every few alerts, and the building would take as long as the rest."""


@dataclass(frozen=True)
class Settling:
    """How long the first investigation waits: `settle` after the last alert that joined, `most` after the first."""

    settle: timedelta
    most: timedelta

    def until(self, first: datetime, now: datetime) -> datetime:
        """When to begin, where the first alert came at `first` and another comes `now`."""
        return min(now + self.settle, first + max(self.most, self.settle))


@dataclass(frozen=True)
class Rules:
    """What placing goes by."""

    find: Finds
    default_channel: str
    settling: Settling
    flapping: FlappingRule
    storm: StormRule
    new_id: Callable[[], str]


@dataclass
class _Group:
    """What came of one incident in this transaction."""

    entry: Entry
    firing: list[Alert] = field(default_factory=list[Alert])
    firing_ids: list[int] = field(default_factory=list[int])
    received: list[datetime] = field(default_factory=list[datetime])
    new: bool = False


def place(session: Session, rules: Rules, alert_ids: Sequence[int], now: datetime) -> list[str]:
    """Give these alerts their place; the ids of the incidents touched. Part of the caller's transaction."""
    records = session.connection().execute(_UNPLACED, {"ids": alert_ids}).all()
    if not records:
        return []
    groups: dict[str, _Group] = {}
    cleared: dict[str, list[Alert]] = {}
    cleared_ids: list[int] = []
    for record in records:
        alert = Alert.model_validate(record, from_attributes=True)
        if alert.status == "resolved":
            cleared_ids.append(record.id)
            if record.incident_id is not None:
                cleared.setdefault(record.incident_id, []).append(alert)
            continue
        entry = rules.find(alert.labels)
        group = groups.setdefault(key_of(entry.name, entry.environment), _Group(entry))
        group.firing.append(alert)
        group.firing_ids.append(record.id)
        group.received.append(record.received_at)
    incidents = _locked(session, list(groups), list(cleared))
    live = {one.key: one for one in incidents if IncidentState(one.state) in LIVE_STATES}
    _open_missing(session, rules, groups, live, now)
    _mark_placed(session, groups, live, cleared_ids)
    alerts = [alert for group in groups.values() for alert in group.firing]
    alerts += [alert for some in cleared.values() for alert in some]
    changes = _Changes(session, rules.flapping, alerts, now)
    _joined(session, rules, groups, live, changes, now)
    by_id = {one.id: one for one in incidents}
    for incident_id, some in cleared.items():
        _cleared(session, rules, by_id[incident_id], some, changes, now)
    return list(dict.fromkeys([*(live[key].id for key in groups), *cleared]))


def add_incident(
    session: Session, entry: Entry, *, default_channel: str, severity: Severity, started_at: datetime, now: datetime
) -> IncidentRecord:
    """A new incident, whose thread may begin; after the last one of its key."""
    key = key_of(entry.name, entry.environment)
    (incident,) = add_incidents(session, [_fresh(entry, key, default_channel, severity, started_at, now)])
    incident.shown_at = now
    return incident


def add_incidents(session: Session, fresh: Sequence[IncidentRecord]) -> Sequence[IncidentRecord]:
    """Add them, each after the last one of its key, with ids made of their numbers."""
    of = IncidentRecord
    newest = select(func.max(col(of.number))).where(col(of.key).in_([one.key for one in fresh])).group_by(col(of.key))
    previous = dict(session.exec(select(of.key, of.id).where(col(of.number).in_(newest))).all())
    for one in fresh:
        one.previous = previous.get(one.key)
        session.add(one)
    session.flush()
    for one in fresh:
        one.id = f"INC-{one.number}"
    session.flush()
    return fresh


def _fresh(
    entry: Entry, key: str, default_channel: str, severity: Severity, started_at: datetime, now: datetime
) -> IncidentRecord:
    listed = isinstance(entry, ModelSpec)
    return IncidentRecord(
        id=f"new {key}",
        key=key,
        model=entry.name,
        environment=entry.environment,
        tier=tier_of(entry),
        listed=listed,
        unlisted_reason="" if isinstance(entry, ModelSpec) else entry.reason,
        channel=entry.channel if isinstance(entry, ModelSpec) else default_channel,
        state=IncidentState.NEW.value,
        severity=severity.value,
        started_at=started_at,
        opened_at=now,
        changed_at=now,
    )


def _locked(session: Session, keys: Sequence[str], ids: Sequence[str]) -> Sequence[IncidentRecord]:
    """The live incidents of the keys and those of the ids, locked in the order of their numbers."""
    of = IncidentRecord
    live = col(of.key).in_(keys) & col(of.state).in_(LIVE_STATES)
    query = select(of).where(live | col(of.id).in_(ids)).order_by(col(of.number)).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).all()


def _open_missing(
    session: Session, rules: Rules, groups: dict[str, _Group], live: dict[str, IncidentRecord], now: datetime
) -> None:
    missing = [(key, group) for key, group in groups.items() if key not in live]
    if not missing:
        return
    fresh = [
        _fresh(
            group.entry,
            key,
            rules.default_channel,
            worst_severity(group.firing),
            min(alert.starts_at for alert in group.firing),
            now,
        )
        for key, group in missing
    ]
    for one, (_, group) in zip(fresh, missing, strict=True):
        one.first_alert_at = min(group.received)
    for one in add_incidents(session, fresh):
        live[one.key] = one
        groups[one.key].new = True
    hold_back(session, rules.storm, fresh, now)
    for one in fresh:
        session.add(_root(one))
    session.flush()


def _root(incident: IncidentRecord) -> MessageRecord:
    return MessageRecord(
        incident_id=incident.id,
        channel=incident.channel,
        kind=MessageKind.ROOT.value,
        urgent=_is_urgent(incident),
        priority=priority_of(incident, MessageKind.ROOT, urgent=_is_urgent(incident)).value,
        held=incident.held,
        created_at=incident.changed_at,
    )


def _mark_placed(
    session: Session, groups: dict[str, _Group], live: dict[str, IncidentRecord], cleared_ids: list[int]
) -> None:
    placed = [{"row": id, "incident": live[key].id} for key, group in groups.items() for id in group.firing_ids]
    if placed:
        session.connection().execute(_PLACED, placed)
    if cleared_ids:
        session.connection().execute(_SEEN, [{"row": id} for id in cleared_ids])


class _Changes:
    """How often the alerts of this transaction changed sides lately, read at once for all of them."""

    def __init__(self, session: Session, rule: FlappingRule, alerts: Sequence[Alert], now: datetime) -> None:
        self._session = session
        self._rule = rule
        self._now = now
        self._since = now - rule.window
        self._by_fingerprint = changes_by_fingerprint(session, (one.fingerprint for one in alerts), self._since, now)

    def most(self, incident: IncidentRecord, alerts: Sequence[Alert], *, opened: bool) -> int:
        """Of the alert that changed most, or of the incident's key; a change of ours begins the count anew."""
        found = self._most(incident, alerts, self._by_fingerprint, self._since, opened=opened)
        if not flaps(self._rule, found):
            return found
        ours = last_change_of_ours(self._session, incident.model)
        if ours is None or ours <= self._since:
            return found
        again = changes_by_fingerprint(self._session, (one.fingerprint for one in alerts), ours, self._now)
        return self._most(incident, alerts, again, ours, opened=opened)

    def _most(
        self,
        incident: IncidentRecord,
        alerts: Sequence[Alert],
        by_fingerprint: dict[str, int],
        since: datetime,
        *,
        opened: bool,
    ) -> int:
        of_alerts = max((by_fingerprint.get(one.fingerprint, 0) for one in alerts), default=0)
        if not opened or incident.previous is None:
            return of_alerts
        of_key = changes_of_key(self._session, [incident.key], since, self._now)
        return max(of_alerts, of_key.get(incident.key, 0))


def _joined(
    session: Session,
    rules: Rules,
    groups: dict[str, _Group],
    live: dict[str, IncidentRecord],
    changes: _Changes,
    now: datetime,
) -> None:
    queued = _queued(session, [live[key].id for key, group in groups.items() if not group.new])
    later: list[tuple[str, datetime]] = []
    told: dict[Priority, list[str]] = {}
    for key, group in groups.items():
        incident = live[key]
        incident.started_at = min(incident.started_at, *(alert.starts_at for alert in group.firing))
        incident.severity = min(Severity(incident.severity), worst_severity(group.firing), key=lambda s: s.rank).value
        incident.changed_at = now
        session.add(incident)
        alerts_changed(session, incident, group.firing, "joined", now, begins=group.new)
        flap_marked(session, incident, rules.flapping, changes.most(incident, group.firing, opened=group.new), now)
        new_names = _named(incident, group.firing)
        waits = queued.get(incident.id)
        if not group.new:
            soon = priority_of(incident, MessageKind.ROOT, urgent=_is_urgent(incident))
            told.setdefault(soon, []).append(incident.id)
        if incident.flapping_since is not None:
            continue
        if waits is not None:
            until = rules.settling.until(waits.created_at, now)
            if until > waits.not_before:
                later.append((waits.id, until))
        elif group.new or (new_names and IncidentState(incident.state) not in VERIFICATION_DECIDES):
            _look(session, incident, rules, () if group.new else new_names, now)
    _put_off(session, later)
    _tell_again(session, told)


def _named(incident: IncidentRecord, alerts: Sequence[Alert]) -> tuple[str, ...]:
    """Names that the incident has not had yet; from now on it has, unless a change is just being made or proven.

    What fires first in the middle of a change may be of its making, and calls for a look when it fires again after it.
    """
    if IncidentState(incident.state) in VERIFICATION_DECIDES:
        return ()
    seen = set(incident.names.get("seen", []))
    fresh = tuple(sorted({alert.name for alert in alerts} - seen))
    if fresh:
        incident.names = {"seen": sorted(seen | set(fresh))}
    return fresh


def _look(session: Session, incident: IncidentRecord, rules: Rules, names: Sequence[str], now: datetime) -> None:
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        text = f"A new look: {', '.join(names[:3])}{more} had not fired here before"
        append(session, incident, at=now, actor="agentops", kind="look_again", text=text, details={"names": [*names]})
    session.add(
        InvestigationRecord(
            id=rules.new_id(),
            incident_id=incident.id,
            state="queued",
            not_before=rules.settling.until(now, now),
            created_at=now,
        )
    )


def _queued(session: Session, incident_ids: Sequence[str]) -> dict[str, InvestigationRecord]:
    """The look that waits in each incident and that nobody asked for."""
    if not incident_ids:
        return {}
    of = InvestigationRecord
    rows = session.exec(
        select(of).where(col(of.incident_id).in_(incident_ids), col(of.state) == "queued", col(of.asked_by).is_(None))
    )
    return {one.incident_id: one for one in rows}


def _put_off(session: Session, later: Sequence[tuple[str, datetime]]) -> None:
    if later:
        session.connection().execute(_PUT_OFF, [{"row": id, "until": until} for id, until in later])


def _tell_again(session: Session, told: dict[Priority, list[str]]) -> None:
    """The first posts of these incidents show more now, and go sooner where that has become worse."""
    of = MessageRecord
    for soon, ids in told.items():
        values = {
            "wanted_revision": col(of.wanted_revision) + 1,
            "urgent": col(of.urgent) | (soon is not Priority.USUAL),
            "priority": case((col(of.priority) > soon.value, soon.value), else_=col(of.priority)),
        }
        query = update(of).where(col(of.incident_id).in_(ids), col(of.kind) == MessageKind.ROOT.value)
        session.exec(query.values(**values).execution_options(synchronize_session=False))


def _cleared(
    session: Session,
    rules: Rules,
    incident: IncidentRecord,
    alerts: Sequence[Alert],
    changes: _Changes,
    now: datetime,
) -> None:
    incident.changed_at = now
    session.add(incident)
    alerts_changed(session, incident, alerts, "cleared", now, begins=False)
    flap_marked(session, incident, rules.flapping, changes.most(incident, alerts, opened=False), now)
    if not fires(session, incident.id):
        clear(session, incident, now)
    want(session, incident, MessageKind.ROOT)


def _is_urgent(incident: IncidentRecord) -> bool:
    return incident.severity == Severity.CRITICAL.value

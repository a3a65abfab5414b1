"""Alerts that changed and have no place yet: which go first, and which go together into one short transaction."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlmodel import Session

from incidents.alert import Alert
from incidents.catalogue import ModelSpec, Unlisted
from incidents.incident import LIVE_STATES, key_of
from incidents.precedence import AGING, UNLISTED_TIER, place_in_turn
from tools.incident_store.tables import AlertRecord, IncidentRecord

MOST_ALERTS = 40
MOST_KEYS = 8
"""Of one transaction: a few milliseconds. While it lasts, SQLite lets nobody else write, intake included."""

FLOOD = 500
"""So many that wait are looked through for those of one incident; it is a second's work to place them."""

_alert = AlertRecord.metadata.tables["alert"].c
_incident = IncidentRecord.metadata.tables["incident"].c
_WAITING = _alert.revision > _alert.handled_revision
_UNPLACED = (
    select(_alert.id, _alert.rank, _alert.labels)
    .where(_WAITING)
    .order_by(_alert.rank, _alert.id)
    .limit(bindparam("limit"))
)
_FIRST = select(_alert.rank).where(_WAITING).order_by(_alert.rank, _alert.id).limit(1)
_LIVE = select(_incident.key).where(
    _incident.key.in_(bindparam("keys", expanding=True)),
    _incident.state.in_([state.value for state in sorted(LIVE_STATES)]),
)

Entry = ModelSpec | Unlisted
Finds = Callable[[Mapping[str, str]], Entry]


def tier_of(entry: Entry) -> int:
    """How important it is, 1 the most."""
    return entry.tier if isinstance(entry, ModelSpec) else UNLISTED_TIER


def rank_of(alert: Alert, entry: Entry, at: datetime) -> int:
    """The order in which alerts that changed are placed, the lowest first: whole minutes since 1970.

    A minute is nothing beside a step of `AGING`, and as a number of 32 bits it lasts for four thousand years.
    """
    return int(place_in_turn(alert.severity, tier_of(entry), at).timestamp()) // 60


JOINS_LATER = int(AGING.total_seconds()) // 60 // 2
"""Half a step, in minutes. What opens an incident is news, what joins one is more of it: of equal rank it goes second,
and still before what is less grave."""


@dataclass(frozen=True)
class Unplaced:
    """One alert's row and where it belongs. `joins`: its incident is there already."""

    id: int
    rank: int
    key: str
    joins: bool = False

    @property
    def turn(self) -> tuple[int, int]:
        """Sorts who goes first."""
        return self.rank + (JOINS_LATER if self.joins else 0), self.id


@dataclass(frozen=True)
class Portion:
    """The ids of alerts for one transaction. `least`: the lowest rank in it and in those that follow it."""

    ids: tuple[int, ...]
    least: int


def unplaced(session: Session, find: Finds, limit: int) -> list[Portion]:
    """At most `limit` alerts that wait for their place, the worst first, in portions of one transaction.

    Of all that wait those with the lowest ranks are looked at; among them what opens an incident goes first, each with
    everything that came of the same model.
    """
    rows = session.connection().execute(_UNPLACED, {"limit": limit}).all()
    if not rows:
        return []
    entries = [find(one.labels) for one in rows]
    keys = [key_of(entry.name, entry.environment) for entry in entries]
    live = set(session.connection().scalars(_LIVE, {"keys": sorted(set(keys))}))
    return portions(Unplaced(one.id, one.rank, key, key in live) for one, key in zip(rows, keys, strict=True))


def waits_for_place(session: Session, find: Finds, key: str) -> bool:
    """Does an alert that belongs to the incident of this key wait for its place? So it is, too, where a flood waits."""
    rows = session.connection().execute(_UNPLACED, {"limit": FLOOD}).all()
    if len(rows) == FLOOD:
        return True
    entries = (find(one.labels) for one in rows)
    return any(key_of(entry.name, entry.environment) == key for entry in entries)


def is_overtaken(session: Session, portion: Portion) -> bool:
    """Has something come that goes before this portion and those that follow it?"""
    first = session.connection().scalar(_FIRST)
    return first is not None and first < portion.least


def portions(alerts: Iterable[Unplaced]) -> list[Portion]:
    """The alerts of one key together, the worst key first, cut where a transaction would become long."""
    by_key: dict[str, list[Unplaced]] = {}
    for one in alerts:
        by_key.setdefault(one.key, []).append(one)
    made: list[list[Unplaced]] = []
    keys = 0
    for group in sorted(by_key.values(), key=lambda group: min(one.turn for one in group)):
        for start in range(0, len(group), MOST_ALERTS):
            part = group[start : start + MOST_ALERTS]
            if not made or keys >= MOST_KEYS or len(made[-1]) + len(part) > MOST_ALERTS:
                made.append([])
                keys = 0
            made[-1].extend(part)
            keys += 1
    return [
        Portion(
            ids=tuple(one.id for one in portion),
            least=min(one.rank for following in made[number:] for one in following),
        )
        for number, portion in enumerate(made)
    ]

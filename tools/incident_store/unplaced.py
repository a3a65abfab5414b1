"""Alerts that changed and have no place yet: which go first, and which go together into one short transaction."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import bindparam, select
from sqlmodel import Session

from incidents.catalogue import Catalogue, ModelSpec, Unlisted
from incidents.incident import key_of
from tools.incident_store.tables import AlertRecord

MOST_ALERTS = 40
MOST_KEYS = 8
"""Of one transaction: a few milliseconds. While it lasts, SQLite lets nobody else write, intake included."""

_SAYS_WHERE = ("model", "model_name", "endpoint", "endpoint_name", "env", "environment", "alertname")
"""The labels that `Catalogue.find` reads."""

_KNOWN = 4096

_alert = AlertRecord.metadata.tables["alert"].c
_UNPLACED = (
    select(_alert.id, _alert.rank, _alert.labels)
    .where(_alert.revision > _alert.handled_revision)
    .order_by(_alert.rank, _alert.id)
    .limit(bindparam("limit"))
)

Entry = ModelSpec | Unlisted
Finds = Callable[[Mapping[str, str]], Entry]


@dataclass(frozen=True)
class Unplaced:
    """One alert's row and where it belongs."""

    id: int
    rank: int
    tier: int
    key: str


def finder(catalogue: Catalogue) -> Finds:
    """`Catalogue.find`, which looks through all entries, remembered for labels that say the same."""

    @lru_cache(maxsize=_KNOWN)
    def found(*said: str) -> Entry:
        return catalogue.find({name: word for name, word in zip(_SAYS_WHERE, said, strict=True) if word})

    return lambda labels: found(*(labels.get(name, "") for name in _SAYS_WHERE))


def unplaced(session: Session, find: Finds, limit: int) -> list[list[int]]:
    """The ids of at most `limit` alerts that wait for their place, the worst first, in portions of one transaction.

    Of all that wait the worst severity is looked at first, within it the oldest; among those, the most important model
    goes first, with everything that came of it.
    """
    rows = session.connection().execute(_UNPLACED, {"limit": limit})
    return portions(_located(one.id, one.rank, find(one.labels)) for one in rows)


def _located(id: int, rank: int, entry: Entry) -> Unplaced:
    tier = entry.tier if isinstance(entry, ModelSpec) else UNLISTED_TIER
    return Unplaced(id, rank, tier, key_of(entry.name, entry.environment))


UNLISTED_TIER = 3
"""Of an incident of a model that the catalogue does not know."""


def portions(alerts: Iterable[Unplaced]) -> list[list[int]]:
    """The alerts of one key together, the worst key first, cut where a transaction would become long."""
    by_key: dict[str, list[Unplaced]] = {}
    for one in alerts:
        by_key.setdefault(one.key, []).append(one)
    ranked = sorted(by_key.values(), key=lambda group: min((one.rank, one.tier, one.id) for one in group))
    made: list[list[int]] = []
    keys = 0
    for group in ranked:
        ids = [one.id for one in group]
        for start in range(0, len(ids), MOST_ALERTS):
            part = ids[start : start + MOST_ALERTS]
            if not made or keys >= MOST_KEYS or len(made[-1]) + len(part) > MOST_ALERTS:
                made.append([])
                keys = 0
            made[-1].extend(part)
            keys += 1
    return made

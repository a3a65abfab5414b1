"""The timeline: append-only entries, each carrying the hash of the one before it.

An entry is hashed as it will be read again: moments in UTC, details as JSON gives them back, and text that every
database can keep. Otherwise a chain nobody touched would look broken.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any, cast

from pydantic import BaseModel, ConfigDict

from incidents.clock import Moment

GENESIS = "0" * 64


class TimelineEntry(BaseModel):
    """Who did what, when. `hash` covers everything in it and `previous`."""

    model_config = ConfigDict(frozen=True)

    incident_id: str
    number: int
    at: Moment
    actor: str
    """A Slack user id, or ``agentops``, ``alertmanager``, ``sagemaker``."""
    kind: str
    """A word from a small set, e.g. ``alert_fired``, ``diagnosed``, ``approved``, ``call_sent``."""
    text: str
    details: dict[str, Any] = {}
    previous: str
    hash: str


def chained(
    *,
    incident_id: str,
    number: int,
    at: Moment,
    actor: str,
    kind: str,
    text: str,
    details: dict[str, Any],
    previous: str,
) -> TimelineEntry:
    """The entry with its hash."""
    at = at.astimezone(UTC)
    actor, kind, text = _kept(actor), _kept(kind), _kept(text)
    details = {_kept(str(key)): _as_read_again(value) for key, value in details.items()}
    content = [incident_id, number, at.isoformat(), actor, kind, text, details, previous]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return TimelineEntry(
        incident_id=incident_id,
        number=number,
        at=at,
        actor=actor,
        kind=kind,
        text=text,
        details=details,
        previous=previous,
        hash=digest,
    )


def first_break(entries: Sequence[TimelineEntry]) -> int | None:
    """The number of the first entry that does not follow from the one before it, or None when the chain holds."""
    previous = GENESIS
    for expected, entry in enumerate(entries, start=1):
        again = chained(**entry.model_dump(exclude={"hash"}))
        if entry.number != expected or entry.previous != previous or entry.hash != again.hash:
            return expected
        previous = entry.hash
    return None


def _kept(text: str) -> str:
    """Text that every database can keep: PostgreSQL takes no NUL, and no database half of a surrogate pair."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _as_read_again(value: object) -> Any:
    """The value as JSON gives it back. What JSON has no form for becomes its words; a number that is none, its name."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value)
        return {_kept(str(key)): _as_read_again(one) for key, one in pairs.items()}
    if isinstance(value, list | tuple):
        return [_as_read_again(one) for one in cast("Sequence[object]", value)]
    if isinstance(value, set | frozenset):
        return sorted((_as_read_again(one) for one in cast("frozenset[object]", value)), key=str)
    return _kept(str(value))

"""The timeline: append-only entries, each carrying the hash of the one before it."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

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
    content = [incident_id, number, at.isoformat(), actor, kind, text, details, previous]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
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

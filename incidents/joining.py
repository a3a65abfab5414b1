"""How a timeline tells of alerts that come together: one entry for many, and none for each once there are many."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from incidents.alert import Alert

CROWDED = 10
"""Entries of a timeline from which on what joins or clears is gathered."""

GATHER = timedelta(seconds=10)
"""How long it is gathered at most: an hour of steady coming adds 360 entries, whatever the number of alerts."""

_NAMED = 4


def told(alert: Alert) -> dict[str, Any]:
    """What an entry keeps of one alert among many; the alert's own row has the rest."""
    return {
        "fingerprint": alert.fingerprint,
        "starts_at": alert.starts_at.isoformat(),
        "name": alert.name,
        "severity": alert.severity.value,
    }


def many(alerts: Sequence[dict[str, Any]], verb: str) -> str:
    """`34 alerts joined: ModelF1Low (20), ModelAucLow (14)`, the most frequent first, cut with `and N more`."""
    if len(alerts) == 1:
        return f"{alerts[0]['name']} {verb}"
    names = Counter(str(one["name"]) for one in alerts).most_common()
    shown = [f"{name} ({count})" for name, count in names[:_NAMED]]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{len(alerts)} alerts {verb}: {', '.join(shown)}{more}"

"""Flapping: what fires and clears again and again. It is told once, and not investigated before it is calm.

Counted are changes of side: an episode's begin is one, its end another. What a change of ours may have caused is not
counted: the caller leaves out what lies before the last change that was made.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class FlappingRule:
    """When something flaps, and when it is calm again.

    The defaults fit Alertmanager's group_interval of 5 minutes, in which it tells at most one change of a group:
    5 changes are three firings, at the earliest 20 minutes after the first.

    Attributes:
        changes: so many changes of side within `window` are flapping.
        window: what is looked back on.
        calm: without a change for so long, it is calm again.
    """

    changes: int = 5
    window: timedelta = timedelta(minutes=60)
    calm: timedelta = timedelta(minutes=15)


def changes_of(episodes: Iterable[tuple[datetime, datetime | None]], since: datetime, now: datetime) -> int:
    """How often episodes, each its begin and its end or None, changed sides after `since` and until `now`."""
    return sum(moment is not None and since < moment <= now for episode in episodes for moment in episode)


def flaps(rule: FlappingRule, changes: int) -> bool:
    """Are so many changes within the rule's window flapping?"""
    return changes >= rule.changes


def is_calm(rule: FlappingRule, last_change: datetime, now: datetime) -> bool:
    """Has nothing changed sides for long enough?"""
    return now - last_change >= rule.calm

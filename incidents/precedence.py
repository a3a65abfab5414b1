"""What goes first of what waits: severity decides, then tier, then age; and age wins in the end, so nothing starves."""

from datetime import datetime, timedelta

from incidents.alert import Severity

AGING = timedelta(minutes=10)
"""Waiting so long counts like one tier more. From the last place (info, tier 4) to before a critical alert of the first
tier that comes now, it takes 11 steps, 110 minutes: nothing starves, and for what is not an hour apart severity
decides."""

TIERS = 4

UNLISTED_TIER = 3
"""Of what is said of a model that the catalogue does not know."""


def place_in_turn(severity: Severity, tier: int, since: datetime) -> datetime:
    """Sorts what has waited `since` then, the first in turn first: later by one `AGING` for each step less grave."""
    return since + (severity.rank * TIERS + min(tier, TIERS) - 1) * AGING

"""Does a newer diagnosis propose what waits for a decision already? Then the card that people look at stays."""

from datetime import timedelta

from incidents.proposal import Proposal
from incidents.remediation import AnyRemediation, QuarantineData, RerunDataPipeline, StartRetraining

WINDOW_MOVED = timedelta(hours=1)
"""So far may both ends of a training window have moved. A window ends at the moment of the look and has days, so that
one an hour later trains the same model; what runs is the window that was shown and approved."""
ONSET_MOVED = timedelta(minutes=1)
"""So far may the onset have moved from which a data pipeline runs again. Each look samples anew, and what is proposed
begins a margin of minutes before the onset."""


def says_the_same(waiting: Proposal, newer: Proposal) -> bool:
    """Is `newer` the same change of the same world as `waiting`, but for the names and tokens of its own calls?"""
    return waiting.digest == newer.digest or (
        waiting.origin.identity == newer.origin.identity and _same(waiting.remediation, newer.remediation)
    )


def _same(one: AnyRemediation, other: AnyRemediation) -> bool:
    if isinstance(one, StartRetraining) and isinstance(other, StartRetraining):
        moved = abs(other.window_start - one.window_start), abs(other.window_end - one.window_end)
        return one.pipeline == other.pipeline and max(moved) <= WINDOW_MOVED
    if isinstance(one, RerunDataPipeline) and isinstance(other, RerunDataPipeline):
        return one.pipeline == other.pipeline and abs(other.window_start - one.window_start) <= ONSET_MOVED
    return one == other


def moved_on(waiting: QuarantineData, newer: QuarantineData) -> bool:
    """May `newer` be the quarantine that waits, seen from a later look? Which objects it names decides then.

    While data is broken its window ends at the moment of the look. One that ends earlier than the waiting one does is
    another: the data is known to be well again.
    """
    same_place = (waiting.mode, waiting.bucket, waiting.prefix) == (newer.mode, newer.bucket, newer.prefix)
    later = newer.window_end - waiting.window_end
    return (
        same_place
        and timedelta() <= later <= WINDOW_MOVED
        and abs(newer.window_start - waiting.window_start) <= WINDOW_MOVED
    )

"""Does a newer diagnosis propose what waits for a decision already? Then the card that people look at stays."""

from datetime import timedelta

from incidents.proposal import Proposal
from incidents.remediation import AnyRemediation, StartRetraining

WINDOW_MOVED = timedelta(hours=1)
"""So far may both ends of a training window have moved. A window ends at the moment of the look and has days, so that
one an hour later trains the same model; what runs is the window that was shown and approved."""


def says_the_same(waiting: Proposal, newer: Proposal) -> bool:
    """Is `newer` the same change of the same world as `waiting`, but for the names and tokens of its own calls?"""
    return waiting.digest == newer.digest or (
        waiting.origin.identity == newer.origin.identity and _same(waiting.remediation, newer.remediation)
    )


def _same(one: AnyRemediation, other: AnyRemediation) -> bool:
    if isinstance(one, StartRetraining) and isinstance(other, StartRetraining):
        moved = abs(other.window_start - one.window_start), abs(other.window_end - one.window_end)
        return one.pipeline == other.pipeline and max(moved) <= WINDOW_MOVED
    return one == other

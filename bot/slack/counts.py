"""What the outbox has done since the start of the process, for metrics."""

from dataclasses import dataclass


@dataclass
class Counts:
    """Plain counters; they only go up.

    Attributes:
        posted: messages posted; updated: messages updated.
        limited: answers of Slack that asked to wait (429).
        given_up: messages that can never be sent; refused: refusals that a person has to mend.
        found_again: messages that stood in Slack already when they were about to be posted again.
        sent_again_blindly: messages posted again after a lost answer, without the scope to look first.
        doubled_removed: doubles found and deleted; doubled_left: doubles found that had to stay.
        held_back: messages not sent, since the turn to send was over or the row had changed at the last look.
        turns: how often this process became the one that sends; in a calm life once.
    """

    posted: int = 0
    updated: int = 0
    limited: int = 0
    given_up: int = 0
    refused: int = 0
    found_again: int = 0
    sent_again_blindly: int = 0
    doubled_removed: int = 0
    doubled_left: int = 0
    held_back: int = 0
    turns: int = 0

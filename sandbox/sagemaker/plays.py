"""Outcomes armed in advance: the next update, run or candidate of a target ends in a chosen way."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

ENDPOINT_PLAYS = ("silent_rollback", "rollback_failed", "update_failed")
"""silent_rollback: the update ends InService on the old config, with no failure reason. rollback_failed: it ends
UpdateRollbackFailed. update_failed: the update or creation ends Failed."""

PIPELINE_PLAYS = ("step_failed", "gate_failed", "candidate_defective")
"""step_failed (options `step`, `reason`): the run fails. gate_failed: the candidate is worse than the live model.
candidate_defective (options `latency`, a factor, and `errors`, a share): the candidate passes its gate, and is slow
or fails once it serves."""

PLAY_KINDS = (*ENDPOINT_PLAYS, *PIPELINE_PLAYS)


@dataclass
class Play:
    """One armed outcome.

    Attributes:
        kind: one of `PLAY_KINDS`.
        target: the endpoint's or pipeline's name.
        count: how many more times it happens.
        options: details of the kind, such as the step that fails.
    """

    kind: str
    target: str
    count: int
    options: dict[str, str] = field(default_factory=dict[str, str])

    def as_json(self) -> dict[str, Any]:
        """The play as the control API shows it."""
        return {"kind": self.kind, "target": self.target, "count": self.count, "options": self.options}


class Plays:
    """The outcomes now armed. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[Play] = []

    def arm(self, kind: str, target: str, count: int = 1, **options: str) -> Play:
        """Let the next `count` changes of `target` end this way.

        Raises:
            ValueError: the kind is unknown or count is not positive.
        """
        if kind not in PLAY_KINDS:
            raise ValueError(f"unknown play {kind!r}, expected one of {', '.join(PLAY_KINDS)}")
        if count < 1:
            raise ValueError("count must be positive")
        play = Play(kind=kind, target=target, count=count, options=options)
        with self._lock:
            self._armed.append(play)
        return play

    def clear(self) -> None:
        """Disarm everything."""
        with self._lock:
            self._armed.clear()

    def armed(self) -> list[dict[str, Any]]:
        """The plays still armed, oldest first."""
        with self._lock:
            return [play.as_json() for play in self._armed]

    def take(self, target: str, kinds: tuple[str, ...]) -> Play | None:
        """The first armed play of these kinds for this target, which uses it up once."""
        with self._lock:
            for play in self._armed:
                if play.target == target and play.kind in kinds:
                    play.count -= 1
                    if play.count == 0:
                        self._armed.remove(play)
                    return play
        return None

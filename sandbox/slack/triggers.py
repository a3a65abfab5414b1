"""Trigger ids: the right to open one modal, for one person, for 3 seconds."""

import secrets
import time
from dataclasses import dataclass

from sandbox.slack.errors import ApiError

TRIGGER_SECONDS = 3.0


@dataclass
class Trigger:
    """One trigger id and what became of it."""

    user: str
    expires: float
    view_id: str | None = None
    used: bool = False


class Triggers:
    """Issues trigger ids and exchanges each at most once."""

    def __init__(self, seconds: float = TRIGGER_SECONDS):
        self._seconds = seconds
        self._triggers: dict[str, Trigger] = {}

    def issue(self, user: str, *, view_id: str | None = None) -> str:
        """A new trigger id; `view_id` when the interaction came from a view, which `views.push` needs."""
        trigger_id = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._triggers[trigger_id] = Trigger(user, time.monotonic() + self._seconds, view_id)
        return trigger_id

    def exchange(self, trigger_id: str) -> Trigger:
        """Use a trigger id up.

        Raises:
            ApiError: `invalid_trigger_id`, `exchanged_trigger_id` or `expired_trigger_id`.
        """
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise ApiError("invalid_trigger_id")
        if trigger.used:
            raise ApiError("exchanged_trigger_id")
        if time.monotonic() > trigger.expires:
            raise ApiError("expired_trigger_id")
        trigger.used = True
        return trigger

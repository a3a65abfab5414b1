"""Delivers notifications to the bot's webhook, with Alertmanager's patience and retries."""

import asyncio
import logging
from dataclasses import dataclass

import aiohttp

from sandbox.world.alert_groups import Notification

logger = logging.getLogger(__name__)

ATTEMPT_SECONDS = 10.0
FIRST_BACKOFF_SECONDS = 0.5
BACKOFF_GROWTH = 1.5
USER_AGENT = "Alertmanager/0.25.0 (agentops sandbox)"


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where notifications go."""

    url: str
    token: str


class WebhookSender:
    """Posts payloads to one receiver.

    Args:
        session: Used for every call; closed by its owner.
        first_backoff_seconds: Pause before the first retry.
    """

    def __init__(self, session: aiohttp.ClientSession, first_backoff_seconds: float = FIRST_BACKOFF_SECONDS) -> None:
        self._session = session
        self._first_backoff = first_backoff_seconds

    async def deliver(self, receiver: Receiver, notification: Notification, within_seconds: float) -> bool:
        """Whether the receiver answered 2xx.

        A 5xx, a timeout and a broken connection are tried again until `within_seconds` have passed (at least ten, as in
        Alertmanager); any other answer is not, and comes again with the next look at the group.
        """
        deadline = asyncio.get_running_loop().time() + max(ATTEMPT_SECONDS, within_seconds)
        pause = self._first_backoff
        while True:
            status = await self._attempt(receiver, notification, deadline)
            if status is not None and status < 500:
                if status >= 300:
                    logger.warning("the webhook refused a notification: HTTP %s", status)
                return status < 300
            if asyncio.get_running_loop().time() + pause >= deadline:
                logger.warning("the webhook did not take a notification in time")
                return False
            await asyncio.sleep(pause)
            pause *= BACKOFF_GROWTH

    async def _attempt(self, receiver: Receiver, notification: Notification, deadline: float) -> int | None:
        """The HTTP status, or None when there was no answer."""
        left = max(0.1, deadline - asyncio.get_running_loop().time())
        headers = {"Authorization": f"Bearer {receiver.token}", "User-Agent": USER_AGENT}
        timeout = aiohttp.ClientTimeout(total=min(ATTEMPT_SECONDS, left))
        try:
            async with self._session.post(
                receiver.url, json=notification.payload, headers=headers, timeout=timeout
            ) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            logger.info("the webhook gave no answer: %s", error.__class__.__name__)
            return None

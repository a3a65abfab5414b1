"""A sender that behaves like Alertmanager 0.25: groups, repeats of what was not taken, and its waits between tries.

Each group (a model) is notified on its own: `group_wait` after its first alert, then every `group_interval` in which
something is news, always with every alert that still fires and those that resolved since the last notification that was
taken. What is not answered with 2xx counts as not sent. On 5xx and on lost connections a notification is tried again
with growing waits until its time is over (as long as a group interval, ten seconds at least); the next interval sends
what is so by then. Anything else than 5xx is not tried again before that.
"""

import asyncio
import io
import itertools
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp

from tests.fleet.alerts import FiredAlert, payload_of

FIRST_WAIT_S = 0.5
GROWTH = 1.5
JITTER = 0.5
LEAST_TIMEOUT_S = 10.0
Episode = tuple[str, datetime]


@dataclass(frozen=True)
class Delivery:
    """One call of the webhook. `at`: unix seconds when its first byte left; `status` 0: no answer."""

    group: str
    at: float
    took_s: float
    status: int
    alerts: int


@dataclass
class Acknowledged:
    """What the bot has answered 2xx to: it must never lose that."""

    firing: set[Episode] = field(default_factory=set[Episode])
    resolved: set[Episode] = field(default_factory=set[Episode])

    def note(self, alerts: Sequence[FiredAlert]) -> None:
        """All of one notification."""
        for alert in alerts:
            (self.firing if alert.ends_at is None else self.resolved).add(alert.episode)


class AlertSender:
    """Alertmanager's side of the webhook.

    Args:
        urls: the replicas that a load balancer would choose from, asked for at each try.
        token: of the webhook.
    """

    def __init__(
        self,
        urls: Callable[[], Sequence[str]],
        token: str,
        *,
        group_wait: float = 0.2,
        group_interval: float = 3.0,
        seed: int = 0,
    ) -> None:
        """Nothing is sent before `run`."""
        self._urls = urls
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._group_wait, self._group_interval = group_wait, group_interval
        self._random = random.Random(seed)  # noqa: S311 - jitter of waits
        self._turn = itertools.count()
        self._groups: dict[str, _Group] = {}
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.acknowledged = Acknowledged()
        self.deliveries: list[Delivery] = []
        self.in_flight = 0

    async def __aenter__(self) -> "AlertSender":
        """Open the connections."""
        connector = aiohttp.TCPConnector(limit=64)
        self._session = aiohttp.ClientSession(headers=self._headers, connector=connector)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop sending."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def put(self, *alerts: FiredAlert) -> None:
        """Prometheus says that these fire, or that they are over."""
        for alert in alerts:
            group = self._groups.get(alert.model)
            if group is None:
                group = self._groups[alert.model] = _Group()
                task = asyncio.create_task(self._run(alert.model, group), name=f"group {alert.model}")
                self._tasks.add(task)
            group.alerts[alert.episode] = alert
            group.news = True

    @property
    def known(self) -> list[FiredAlert]:
        """Everything that fires, and what is over and not taken yet."""
        return [alert for group in self._groups.values() for alert in group.alerts.values()]

    @property
    def all_taken(self) -> bool:
        """Whether everything was answered with 2xx."""
        return not any(group.news or group.sending for group in self._groups.values())

    async def _run(self, name: str, group: "_Group") -> None:
        wait = self._group_wait
        while True:
            await asyncio.sleep(wait)
            began = time.monotonic()
            if group.news:
                await self._notify(name, group)
            wait = max(0.0, self._group_interval - (time.monotonic() - began))

    async def _notify(self, name: str, group: "_Group") -> None:
        group.news, group.sending = False, True
        alerts = list(group.alerts.values())
        taken = False
        try:
            async with asyncio.timeout(max(self._group_interval, LEAST_TIMEOUT_S)):
                taken = await self._try(name, alerts)
        except TimeoutError:
            taken = False
        finally:
            group.sending = False
            if not taken:
                group.news = True
        if taken:
            self.acknowledged.note(alerts)
            for alert in alerts:
                if alert.ends_at is not None and group.alerts.get(alert.episode) is alert:
                    del group.alerts[alert.episode]

    async def _try(self, name: str, alerts: list[FiredAlert]) -> bool:
        """Until it is taken, or refused for good."""
        body = json.dumps(payload_of(name, alerts)).encode()
        for wait in _waits(self._random):
            status = await self._post(name, body, len(alerts))
            if 200 <= status < 300:
                return True
            if status and status < 500:
                return False
            await asyncio.sleep(wait)
        return False

    async def _post(self, name: str, body: bytes, count: int) -> int:
        urls = self._urls()
        if not urls or self._session is None:
            return 0
        url = urls[next(self._turn) % len(urls)]
        at, began, status = time.time(), time.perf_counter(), 0
        self.in_flight += 1
        try:
            async with self._session.post(f"{url}/webhooks/alertmanager", data=io.BytesIO(body)) as response:
                await response.read()
                status = response.status
        except (aiohttp.ClientError, OSError):
            status = 0
        finally:
            self.in_flight -= 1
            self.deliveries.append(Delivery(name, at, time.perf_counter() - began, status, count))
        return status


@dataclass
class _Group:
    """The alerts of one model, and whether something about them was not taken yet."""

    alerts: dict[Episode, FiredAlert] = field(default_factory=dict[Episode, FiredAlert])
    news: bool = False
    sending: bool = False


def _waits(chance: random.Random) -> "itertools.chain[float]":
    """Of its exponential back-off: half a second, half as much more each time, give or take a half."""
    steps = (FIRST_WAIT_S * GROWTH**number for number in itertools.count())
    return itertools.chain(step * (1 + JITTER * (2 * chance.random() - 1)) for step in steps)

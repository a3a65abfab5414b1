"""How fast Slack lets us go: a message a second and channel with short bursts, and waits that Slack asks for."""

from collections.abc import Callable
from dataclasses import dataclass, field

POST_BURST = 3
POSTS_PER_SECOND = 0.95
"""Just under Slack's one a second, so that a jitter of the network is not a 429."""
UPDATE_BURST = 20
UPDATES_PER_SECOND = 0.8
"""chat.update is a tier 3 method: 50 and more a minute."""
UPDATE_EVERY = 1.0
"""Seconds between two updates of one message: what is between them nobody would see."""


@dataclass
class Bucket:
    """A token bucket over monotonic seconds."""

    capacity: float
    per_second: float
    tokens: float
    at: float

    def wait(self, now: float) -> float:
        """Seconds until a token is there; 0 when one is."""
        self.tokens = min(self.capacity, self.tokens + (now - self.at) * self.per_second)
        self.at = now
        return 0.0 if self.tokens >= 1.0 else (1.0 - self.tokens) / self.per_second

    def take(self, now: float) -> None:
        """Take one."""
        self.wait(now)
        self.tokens -= 1.0

    def late(self, now: float) -> None:
        """What was taken goes out only now: what came back meanwhile beyond a full bucket, Slack has not counted."""
        self.wait(now)
        self.tokens = min(self.tokens, self.capacity - 1.0)

    def empty(self, now: float) -> None:
        """Slack says there is none."""
        self.at, self.tokens = now, min(self.tokens, 0.0)


@dataclass
class Pacing:
    """What may go now. Channels that are two names of one share a bucket once `same` said so."""

    clock: Callable[[], float]
    _posts: dict[str, Bucket] = field(default_factory=dict[str, Bucket])
    _names: dict[str, str] = field(default_factory=dict[str, str])
    _held: dict[str, float] = field(default_factory=dict[str, float])
    _updates: Bucket | None = None
    _updated: dict[int, float] = field(default_factory=dict[int, float])

    def same(self, name: str, id: str) -> None:
        """`name` is what we call the channel that Slack calls `id`."""
        if name != id and name not in self._names:
            self._names[name] = id
            known = self._posts.pop(name, None)
            if known is not None:
                self._posts.setdefault(id, known)

    def wait_to_post(self, channel: str) -> float:
        """Seconds until a message may be posted there."""
        return max(self._hold(f"post {self._id(channel)}"), self._bucket(channel).wait(self.clock()))

    def wait_to_update(self, message_id: int) -> float:
        """Seconds until this message may be updated."""
        now = self.clock()
        since = now - self._updated.get(message_id, now - UPDATE_EVERY)
        return max(self._hold("update"), self._update_bucket().wait(now), UPDATE_EVERY - since, 0.0)

    def posting(self, channel: str) -> None:
        """A message is being posted."""
        self._bucket(channel).take(self.clock())

    def leaving(self, channel: str) -> None:
        """The message leaves now; rendering it may have taken a while."""
        self._bucket(channel).late(self.clock())

    def updating(self, message_id: int) -> None:
        """A message is being updated."""
        now = self.clock()
        self._update_bucket().take(now)
        if len(self._updated) > 2_000:
            self._updated = {id: at for id, at in self._updated.items() if now - at < UPDATE_EVERY}
        self._updated[message_id] = now

    def hold_posts(self, channel: str, seconds: float) -> None:
        """Slack asks to wait with this channel."""
        now = self.clock()
        self._bucket(channel).empty(now)
        self._held[f"post {self._id(channel)}"] = now + seconds

    def hold_updates(self, seconds: float) -> None:
        """Slack asks to wait with updates."""
        self._held["update"] = self.clock() + seconds

    def _hold(self, what: str) -> float:
        return max(0.0, self._held.get(what, 0.0) - self.clock())

    def _id(self, channel: str) -> str:
        return self._names.get(channel, channel)

    def _bucket(self, channel: str) -> Bucket:
        now = self.clock()
        return self._posts.setdefault(self._id(channel), Bucket(POST_BURST, POSTS_PER_SECOND, POST_BURST, now))

    def _update_bucket(self) -> Bucket:
        if self._updates is None:
            self._updates = Bucket(UPDATE_BURST, UPDATES_PER_SECOND, UPDATE_BURST, self.clock())
        return self._updates

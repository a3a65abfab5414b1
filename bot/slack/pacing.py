"""How fast Slack lets us go: a message a second and channel with short bursts, and waits that Slack asks for.

Slack counts posts by channel and everything else by method; so do we. A part of each budget is kept for what is urgent:
a storm spends the rest.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from incidents.message import Priority, UpdateRank

POST = "chat.postMessage"
UPDATE = "chat.update"

POST_BURST = 3
POSTS_PER_SECOND = 0.95
"""Just under Slack's one a second, so that a jitter of the network is not a 429."""
POST_RESERVE = {Priority.FIRST: 0, Priority.URGENT_THREAD: 0, Priority.URGENT: 0, Priority.USUAL: 1}
"""What a post must leave for those before it."""
UPDATE_BURST = 20
UPDATES_AT_FIRST = 8
"""Of a process that begins to send: the one before may just have used its burst."""
UPDATES_PER_SECOND = 0.8
"""chat.update is a tier 3 method: 50 and more a minute."""
UPDATE_RESERVE = {UpdateRank.DECISION: 0, UpdateRank.OVERVIEW: 3, UpdateRank.DETAIL: 6}
"""What an update must leave for those before it."""
UPDATE_EVERY = 1.0
"""Seconds between two updates of one message: what is between them nobody would see."""
LOOK_BURST = 10
LOOKS_PER_SECOND = 0.8
"""conversations.history, conversations.replies and chat.delete are tier 3, each by itself."""
REMEMBERED_SECONDS = 10.0
"""After that long a post has left no trace in a budget."""


@dataclass
class Bucket:
    """A token bucket over monotonic seconds."""

    capacity: float
    per_second: float
    tokens: float
    at: float

    def wait(self, now: float, leave: float = 0.0) -> float:
        """Seconds until a token can be taken that leaves so many; 0 when it can now."""
        self.tokens = min(self.capacity, self.tokens + max(0.0, now - self.at) * self.per_second)
        self.at = max(self.at, now)
        missing = 1.0 + leave - self.tokens
        return 0.0 if missing <= 0 else missing / self.per_second

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
    _methods: dict[str, Bucket] = field(default_factory=dict[str, Bucket])
    _names: dict[str, str] = field(default_factory=dict[str, str])
    _held: dict[str, float] = field(default_factory=dict[str, float])
    _updated: dict[int, float] = field(default_factory=dict[int, float])

    def same(self, name: str, id: str) -> None:
        """`name` is what we call the channel that Slack calls `id`."""
        if name != id and name not in self._names:
            self._names[name] = id
            known = self._posts.pop(name, None)
            if known is not None:
                self._posts.setdefault(id, known)

    def begin(self, posted: Iterable[tuple[str, float]], held: Iterable[tuple[str, float]]) -> None:
        """Go on from whoever sent before: (channel, seconds ago) of its last posts, (`what`, seconds) of its waits."""
        now = self.clock()
        self._posts.clear()
        for channel, ago in sorted(posted, key=lambda one: -one[1]):
            if ago < REMEMBERED_SECONDS:
                self._bucket(channel, now - REMEMBERED_SECONDS).take(now - ago)
        for what, seconds in held:
            self._held[what] = max(self._held.get(what, now), now + seconds)

    def wait_to_post(self, channel: str, priority: Priority = Priority.FIRST) -> float:
        """Seconds until a message may be posted there."""
        now = self.clock()
        wait = self._bucket(channel, now).wait(now, POST_RESERVE[priority])
        return max(self._hold(self.what(POST, channel)), wait)

    def wait_to_update(self, message_id: int, rank: UpdateRank = UpdateRank.DECISION) -> float:
        """Seconds until this message may be updated."""
        now = self.clock()
        since = now - self._updated.get(message_id, now - UPDATE_EVERY)
        wait = self._method(UPDATE).wait(now, UPDATE_RESERVE[rank])
        return max(self._hold(UPDATE), wait, UPDATE_EVERY - since, 0.0)

    def wait_to_call(self, method: str) -> float:
        """Seconds until this other method may be called."""
        return max(self._hold(method), self._method(method).wait(self.clock()))

    def posting(self, channel: str) -> None:
        """A message is being posted."""
        now = self.clock()
        self._bucket(channel, now).take(now)

    def leaving(self, channel: str) -> None:
        """The message leaves now; rendering it may have taken a while."""
        now = self.clock()
        self._bucket(channel, now).late(now)

    def updating(self, message_id: int) -> None:
        """A message is being updated."""
        now = self.clock()
        self._method(UPDATE).take(now)
        if len(self._updated) > 2_000:
            self._updated = {id: at for id, at in self._updated.items() if now - at < UPDATE_EVERY}
        self._updated[message_id] = now

    def calling(self, method: str) -> None:
        """Another method is being called."""
        self._method(method).take(self.clock())

    def hold(self, what: str, seconds: float) -> None:
        """Wait so long with a method, or with one of its channels (`what`)."""
        self._held[what] = self.clock() + seconds

    def limited(self, method: str, channel: str, seconds: float) -> str:
        """Slack asks to wait. Returns with what: the method, for posts with this channel only."""
        now = self.clock()
        bucket = self._bucket(channel, now) if method == POST else self._method(method)
        bucket.empty(now)
        what = self.what(method, channel)
        self.hold(what, seconds)
        return what

    def id_of(self, channel: str) -> str:
        """Slack's id of a channel, once it is known; what we call it before."""
        return self._names.get(channel, channel)

    def what(self, method: str, channel: str) -> str:
        """What Slack counts together."""
        return f"{method} {self.id_of(channel)}" if method == POST else method

    def _hold(self, what: str) -> float:
        return max(0.0, self._held.get(what, 0.0) - self.clock())

    def _bucket(self, channel: str, begun: float) -> Bucket:
        return self._posts.setdefault(self.id_of(channel), Bucket(POST_BURST, POSTS_PER_SECOND, POST_BURST, begun))

    def _method(self, method: str) -> Bucket:
        now = self.clock()
        if method == UPDATE:
            return self._methods.setdefault(method, Bucket(UPDATE_BURST, UPDATES_PER_SECOND, UPDATES_AT_FIRST, now))
        return self._methods.setdefault(method, Bucket(LOOK_BURST, LOOKS_PER_SECOND, LOOK_BURST, now))

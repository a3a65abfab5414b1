"""Metrics that are read when Prometheus asks: from rows, and from what other parts of the process remember.

A scrape never fails and never waits long: when the database does not answer in time, `agentops_database_up` is 0 and
what stands in rows is left out, so that an alert on it ends instead of firing on an old figure.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from incidents.errors import PolicyUnreadable
from incidents.policy import PolicySource
from tools.errors import UpstreamError
from tools.incident_store.standing_reader import Standing, Waiting

log = structlog.get_logger(__name__)

KEPT_SECONDS = 3.0
"""How long an answer of the database is told again: two Prometheus servers cost no more than one."""
PATIENCE_SECONDS = 2.0
"""How long a scrape waits for the database; Prometheus gives a scrape 10 s unless told otherwise."""
HEARTBEAT_FRESH = timedelta(seconds=30)
"""A replica that has said nothing for this long is not counted as living."""

WAITING: Mapping[str, tuple[str, str]] = {
    "alerts": ("alerts_unhandled", "alerts that have no place in an incident yet"),
    "investigations": ("investigations_queued", "investigations that are due and have not begun"),
    "running": ("investigations_running", "investigations under way"),
    "messages": ("outbox_depth", "Slack messages not sent in their latest revision"),
    "held": ("outbox_held", "Slack messages held back by a storm"),
    "executions": ("executions_in_flight", "executions queued or under way"),
    "unsure": ("executions_needing_verification", "executions of open incidents that a person has to verify"),
    "approvals": ("approvals_pending", "proposals that wait for a decision"),
    "clicks": ("clicks_unhandled", "clicks and commands from Slack not dealt with yet"),
}
"""By field of `Standing`: the metric's name, and what is counted."""

AGES: Mapping[str, str] = {
    "alerts": "alerts_unhandled_age_seconds",
    "investigations": "investigations_queued_age_seconds",
    "running": "investigations_running_age_seconds",
    "messages": "outbox_lag_seconds",
    "held": "outbox_held_age_seconds",
    "executions": "executions_in_flight_age_seconds",
    "unsure": "executions_needing_verification_age_seconds",
    "approvals": "approvals_pending_age_seconds",
    "clicks": "clicks_unhandled_age_seconds",
}
"""By field of `Standing`: how long the oldest has waited."""

OUTBOX: Mapping[str, tuple[str, str]] = {
    "posted": ("slack_messages_posted", "Messages posted to Slack."),
    "updated": ("slack_messages_updated", "Messages updated in Slack."),
    "limited": ("slack_rate_limited", "Answers 429 of Slack to the outbox."),
    "given_up": ("slack_messages_given_up", "Messages given up: they will never be sent."),
    "refused": ("slack_refused", "Refusals by Slack that a person has to mend; tried again until then."),
    "found_again": ("slack_messages_found_again", "Posts whose answer was lost, found in Slack and not sent again."),
    "sent_again_blindly": (
        "slack_messages_sent_again_blindly",
        "Posts whose answer was lost, sent again without being able to look: they may stand there twice.",
    ),
    "doubled_removed": ("slack_doubles_removed", "Messages that stood in Slack twice, one of them taken away."),
    "doubled_left": ("slack_doubles_left", "Messages that stand in Slack twice and could not be taken away."),
    "held_back": (
        "slack_messages_held_back",
        "Messages not sent, since at the last look the turn to send had passed to another replica.",
    ),
    "turns": ("outbox_turns", "How often this process became the one that sends to Slack."),
}
"""By field of the outbox's counts: the counter's name and help."""


@dataclass(frozen=True)
class Watched:
    """What is asked at each scrape.

    Attributes:
        standing: how things stand in the rows at a moment; raises `UpstreamError`.
        outbox: the outbox's counts by name.
        slack_connected: can people reach the bot?
        policy: read for whether it can be.
        clock: the wall clock that rows are written by.
        monotonic: seconds for how long an answer is kept.
    """

    standing: Callable[[datetime, timedelta], Standing]
    outbox: Callable[[], Mapping[str, int]]
    slack_connected: Callable[[], bool]
    policy: PolicySource
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    llm_cost_per_hour_usd: float | None = None
    """What language models may cost within an hour; None for no limit."""


class RowMetrics(Collector):
    """The collector; `close` ends its thread."""

    def __init__(self, watched: Watched, *, patience: float = PATIENCE_SECONDS) -> None:
        """Nothing is read yet. `patience`: seconds that a scrape waits for the database."""
        self._watched = watched
        self._patience = patience
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="metrics")
        self._asked: Future[Standing] | None = None
        self._kept: tuple[float, Standing | None] | None = None

    def close(self) -> None:
        """What hangs in the database is left to end by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def settled(self, seconds: float) -> None:
        """Wait until the read that is under way has ended, for tests. Raises `TimeoutError`."""
        if self._asked is not None:
            self._asked.result(seconds)

    def collect(self) -> Iterator[Any]:
        """Every metric, as Prometheus' client library asks for them."""
        watched = self._watched
        standing = self._standing()
        yield _gauge("database_up", "1 when the database answered this scrape, else 0.", standing is not None)
        yield _gauge("slack_connected", "1 while people can reach the bot in Slack, else 0.", watched.slack_connected())
        yield _gauge(
            "policy_readable", "1 while the policy file can be read; nothing is executed without it.", self._policy()
        )
        for field, count in watched.outbox().items():
            if field in OUTBOX:
                name, help = OUTBOX[field]
                yield CounterMetricFamily(f"agentops_{name}", help, value=count)
        if standing is not None:
            yield from _of(standing, watched.clock())
            yield _gauge("storms_under_way", "Channels that a storm's digest stands in for now.", standing.storms)
            yield _gauge("incidents_flapping", "Open incidents that are flapping now.", standing.flapping)
            limit, cost = watched.llm_cost_per_hour_usd, standing.llm_cost_usd
            yield _gauge("llm_cost_last_hour_usd", "US dollars that language models cost within the last hour.", cost)
            spent = limit is not None and cost >= limit
            yield _gauge("llm_budget_spent", "1 while the budget of language-model cost is spent, else 0.", spent)

    def _policy(self) -> bool:
        try:
            self._watched.policy()
        except PolicyUnreadable:
            return False
        return True

    def _standing(self) -> Standing | None:
        """How things stand, as of a few seconds ago at most; None when the database does not tell."""
        with self._lock:
            now = self._watched.monotonic()
            if self._kept is not None and now - self._kept[0] < KEPT_SECONDS:
                return self._kept[1]
            found = self._read()
            self._kept = (self._watched.monotonic(), found)
            return found

    def _read(self) -> Standing | None:
        # One that hangs is asked for again, not a second one beside it.
        if self._asked is None or self._asked.done():
            self._asked = self._pool.submit(self._watched.standing, self._watched.clock(), HEARTBEAT_FRESH)
        try:
            return self._asked.result(self._patience)
        except NotInTime:
            log.warning("metrics.database_slow", seconds=self._patience)
        except UpstreamError as error:
            log.warning("metrics.database_down", error=str(error))
        except Exception:
            # The edge of the process: a scrape that fails would hide all the rest.
            log.exception("metrics.rows_unreadable")
        return None


def _of(standing: Standing, now: datetime) -> Iterator[Any]:
    for field, (name, what) in WAITING.items():
        waiting: Waiting = getattr(standing, field)
        yield _gauge(name, f"Number of {what}.", waiting.count)
        yield _gauge(AGES[field], f"Seconds the oldest has waited, of {what}.", waiting.age(now))
    live = GaugeMetricFamily(
        "agentops_incidents_live", "Open incidents, by state and severity.", labels=["state", "severity"]
    )
    for (state, severity), count in sorted(standing.live_incidents.items()):
        live.add_metric([state, severity], count)
    yield live
    yield _gauge("replicas_live", "Processes of the bot on this database whose heartbeat is fresh.", standing.replicas)


def _gauge(name: str, help: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"agentops_{name}", help, value=float(value))

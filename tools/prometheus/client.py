"""Prometheus, read: instant and range queries, rules. Over prometheus-api-client, in threads of its own."""

import asyncio
import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import urlencode

from tools.errors import BadAnswer, InvalidRequest, Unavailable
from tools.prometheus.series import AlertRule, InstantSample, Series

T = TypeVar("T")

SERVICE = "Prometheus"
LONG_QUERY = 1_500
"""Characters from which a query goes as a form instead of in the address: proxies cut addresses at 2 to 8 kB."""
MAX_QUERY = 20_000
MAX_RANGE = timedelta(days=35)
MAX_SERIES = 500
MAX_POINTS = 11_000
"""Points of one series in one answer: Prometheus's own limit."""
MIN_STEP = timedelta(seconds=15)
POINTS = 300
"""Points of one series when no step is asked for."""


class PrometheusClient:
    """Asks one Prometheus. Safe to share between tasks and event loops; every call ends by `deadline_s`.

    Raises from every method: `tools.errors.Unavailable` (down, slow), `AccessDenied`, `InvalidRequest` (wrong PromQL,
    too much asked for), `NotFound` (no such API), `BadAnswer` (not what the API promises).
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout_s: float = 3.0,
        deadline_s: float = 8.0,
        concurrency: int = 8,
        ca_bundle: str | None = None,
    ) -> None:
        """`timeout_s` bounds each attempt's wait for a packet, `deadline_s` the whole call and the wait for a turn."""
        self.url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout_s = timeout_s
        self._deadline_s = deadline_s
        self._ca_bundle = ca_bundle
        self._connections = concurrency
        self._lock = threading.Lock()
        self._made: _Connections | None = None
        self._threads = ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="prometheus")

    async def query(self, promql: str, at: datetime | None = None) -> list[InstantSample]:
        """The value of every series now, or at the moment `at`."""
        _refuse_long(promql, "query")

        def ask(connections: "_Connections") -> list[InstantSample]:
            from tools.prometheus import answers

            params = {} if at is None else {"time": f"{at.timestamp():.3f}"}
            result = connections.fit(promql).custom_query(promql, params=params)
            return answers.vector(result)

        return _few(await self._run("query", ask), "query")

    async def query_range(
        self, promql: str, start: datetime, end: datetime, step: timedelta | None = None
    ) -> list[Series]:
        """The samples of every series from `start` to `end`; `step` is at least 15 s and 300 points unless given."""
        _refuse_long(promql, "query_range")
        step = step or default_step(end - start)
        _refuse_range(start, end, step)

        def ask(connections: "_Connections") -> list[Series]:
            from tools.prometheus import answers

            result = connections.fit(promql).custom_query_range(
                promql,
                start_time=start,
                end_time=end,
                step=f"{step.total_seconds():.3f}",
                # The library rounds to whole seconds; a window of a sped-up world is a few seconds long.
                params={"start": f"{start.timestamp():.3f}", "end": f"{end.timestamp():.3f}"},
            )
            return answers.matrix(result)

        return _few(await self._run("query_range", ask), "query_range")

    async def rules(self) -> list[AlertRule]:
        """The alerting rules that are loaded."""

        def ask(connections: "_Connections") -> list[AlertRule]:
            from tools.prometheus import answers

            response = connections.session.request(
                "GET",
                f"{self.url}/api/v1/rules",
                params={"type": "alert"},
                headers=self._headers,
                timeout=self._timeout_s,
            )
            return answers.rules(response.json()["data"])

        return await self._run("rules", ask)

    async def ready(self) -> None:
        """Return when it answers queries, raise when it does not."""
        await self.query("1")

    def graph_url(self, promql: str, start: datetime, end: datetime) -> str:
        """Where a person sees the same in Prometheus's own page."""
        span = max(1, math.ceil((end - start).total_seconds()))
        inputs = {
            "g0.expr": promql,
            "g0.tab": "0",
            "g0.range_input": f"{span}s",
            "g0.end_input": end.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        }
        return f"{self.url}/graph?{urlencode(inputs)}"

    def close(self) -> None:
        """Close connections; calls under way end within their deadline."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._made is not None:
            self._made.session.close()

    async def _run(self, operation: str, ask: "Callable[[_Connections], T]") -> T:
        loop = asyncio.get_running_loop()
        try:
            return await asyncio.wait_for(
                loop.run_in_executor(self._threads, self._ask, operation, ask), self._deadline_s
            )
        except TimeoutError:
            raise Unavailable(SERVICE, operation, f"no answer within {self._deadline_s:g} s") from None

    def _ask(self, operation: str, ask: "Callable[[_Connections], T]") -> T:
        from tools.prometheus import errors

        try:
            return ask(self._connect())
        except errors.FAMILIES as error:
            raise errors.mapped(error, operation) from error
        except (KeyError, TypeError) as error:
            # custom_query reads ["data"]["result"] of whatever JSON came.
            raise BadAnswer(SERVICE, operation, f"unexpected JSON: {type(error).__name__}: {error}"[:300]) from error

    def _connect(self) -> "_Connections":
        with self._lock:
            if self._made is None:
                self._made = _Connections(
                    self.url, self._headers, self._timeout_s, self._deadline_s, self._ca_bundle, self._connections
                )
            return self._made


class _Library(Protocol):
    """What is used of PrometheusConnect, with the types that it leaves out."""

    def custom_query(self, query: str, params: dict[str, str]) -> Any: ...

    def custom_query_range(
        self, query: str, start_time: datetime, end_time: datetime, step: str, params: dict[str, str]
    ) -> Any: ...


class _Connections:
    """The library's objects, made at the first call: importing them takes a while."""

    def __init__(
        self,
        url: str,
        headers: dict[str, str],
        timeout_s: float,
        deadline_s: float,
        ca_bundle: str | None,
        connections: int,
    ) -> None:
        from prometheus_api_client.prometheus_connect import PrometheusConnect

        from tools.prometheus.session import BoundedSession, adapter, retry

        self.session = BoundedSession(deadline_s=deadline_s, ca_bundle=ca_bundle)

        def connect(method: str) -> _Library:
            # The stub says int seconds; requests takes fractions.
            timeout: Any = timeout_s
            made = PrometheusConnect(
                url, headers=headers, retry=retry(), session=self.session, timeout=timeout, method=method
            )
            return cast(_Library, made)

        self._get = connect("GET")
        self._post = connect("POST")
        self.session.mount(url, adapter(connections))

    def fit(self, promql: str) -> "_Library":
        """By POST where the query is too long for an address."""
        return self._post if len(promql) > LONG_QUERY else self._get


def default_step(span: timedelta) -> timedelta:
    """At least 15 s, and no more than 300 points."""
    return max(MIN_STEP, timedelta(seconds=math.ceil(span.total_seconds() / POINTS)))


def _refuse_long(promql: str, operation: str) -> None:
    if len(promql) > MAX_QUERY:
        raise InvalidRequest(SERVICE, operation, f"the query is longer than {MAX_QUERY:,} characters")


def _refuse_range(start: datetime, end: datetime, step: timedelta) -> None:
    span = end - start
    if span < timedelta(0):
        raise InvalidRequest(SERVICE, "query_range", "the window ends before it starts")
    if span > MAX_RANGE:
        raise InvalidRequest(SERVICE, "query_range", f"the window is longer than {MAX_RANGE.days} days")
    if step <= timedelta(0) or span / step > MAX_POINTS:
        raise InvalidRequest(SERVICE, "query_range", f"the step asks for more than {MAX_POINTS:,} points a series")


Many = TypeVar("Many", list[InstantSample], list[Series])


def _few(found: Many, operation: str) -> Many:
    if len(found) > MAX_SERIES:
        raise InvalidRequest(SERVICE, operation, f"{len(found)} series, more than {MAX_SERIES}; narrow the query")
    return found

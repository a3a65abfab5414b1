"""CloudWatch Logs, read: events of a group within a window. The client refuses anything that is not a read."""

import threading
from datetime import UTC, datetime
from typing import Any

from tools.cloudwatch_logs.console import console_url
from tools.cloudwatch_logs.records import LogLine, LogLines, LogPlace
from tools.cloudwatch_logs.trouble import PATTERN
from tools.errors import BadAnswer
from tools.sagemaker.calls import Calls
from tools.sagemaker.connection import AwsConnection, AwsCredentials, Lasting
from tools.sagemaker.readonly import refuse_changes

SERVICE = "CloudWatch Logs"
OPERATION = "FilterLogEvents"
DEADLINE_S = 20.0
"""Of one question, all its pages included."""
MOST_PAGES = 20
"""A page may be empty and yet not be the last: CloudWatch ends it after a share of what there is to search."""
MOST_LINES = 4_000
MOST_BYTES = 2_000_000
LONGEST_LINE = 16_000
"""Characters kept of one event; CloudWatch takes up to a megabyte."""


class LogReader:
    """Asks CloudWatch Logs of one region. Safe to share between tasks and threads; every answer comes within 20 s.

    Raises from `trouble` and `lines`: `tools.errors.NotFound` (no such group), `Throttled`, `Unavailable`,
    `AccessDenied`, `InvalidRequest`, `BadAnswer`.
    """

    def __init__(
        self,
        *,
        region: str,
        endpoint_url: str | None = None,
        credentials: AwsCredentials | None = None,
        role: Lasting | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """`credentials`: where neither they nor a `role` to read under are given, boto3 looks where it always does."""
        self._connection = AwsConnection(region=region, endpoint_url=endpoint_url, credentials=credentials, role=role)
        self._calls = Calls(SERVICE, deadline_s=deadline_s, threads=4)
        self._lock = threading.Lock()
        self._made: Any = None

    @property
    def client(self) -> Any:
        """The client, made at the first use. It reads; any other operation raises `AccessDenied` unsent."""
        with self._lock:
            if self._made is None:
                made = self._connection.client("logs", attempts=3)
                refuse_changes(made, SERVICE)
                self._made = made
            return self._made

    def warm_up(self) -> None:
        """Make the client ahead of its first use. Blocking."""
        _ = self.client

    async def trouble(self, place: LogPlace, start: datetime, end: datetime) -> LogLines:
        """Lines that may tell of trouble (`tools.cloudwatch_logs.trouble`), oldest first, both ends included."""
        return await self._calls.run(OPERATION, lambda: self._read(place, start, end, PATTERN, MOST_LINES))

    async def lines(self, place: LogPlace, start: datetime, end: datetime, most: int) -> LogLines:
        """The first `most` lines, whatever they say."""
        return await self._calls.run(OPERATION, lambda: self._read(place, start, end, "", most))

    def console_url(self, place: LogPlace, start: datetime, end: datetime) -> str:
        """Where a person sees the same; empty where a stand-in answers, which has no console."""
        if self._connection.endpoint_url is not None:
            return ""
        return console_url(self._connection.region, place, start, end)

    def close(self) -> None:
        """Close connections; calls under way end by their own timeouts."""
        self._calls.close()
        with self._lock:
            if self._made is not None:
                self._made.close()

    def _read(self, place: LogPlace, start: datetime, end: datetime, pattern: str, most: int) -> LogLines:
        asked: dict[str, Any] = {"logGroupName": place.group, "startTime": _milliseconds(start)}
        asked |= {"endTime": _milliseconds(end), "limit": min(most, MOST_LINES)}
        asked |= {"logStreamNamePrefix": place.streams} if place.streams else {}
        asked |= {"filterPattern": pattern} if pattern else {}
        found: list[LogLine] = []
        size = 0
        token: str | None = None
        whole = False
        for _ in range(MOST_PAGES):
            answer: dict[str, Any] = self.client.filter_log_events(**asked, **({"nextToken": token} if token else {}))
            for line in map(_line, answer.get("events", [])):
                if len(found) < most and size + len(line.text) <= MOST_BYTES:
                    found.append(line)
                    size += len(line.text)
                else:
                    return _in_order(found, whole=False)
            before, token = token, answer.get("nextToken")
            whole = not token
            if whole or len(found) >= most:
                break
            if token == before:
                raise BadAnswer(SERVICE, OPERATION, "the same page again and again")
        return _in_order(found, whole=whole)


def _in_order(found: list[LogLine], *, whole: bool) -> LogLines:
    return LogLines(tuple(sorted(found, key=lambda line: line.at)), whole)


def _line(event: dict[str, Any]) -> LogLine:
    try:
        at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
        return LogLine(at, str(event.get("logStreamName", "")), str(event["message"])[:LONGEST_LINE])
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise BadAnswer(SERVICE, OPERATION, "an event without time or message") from error


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)

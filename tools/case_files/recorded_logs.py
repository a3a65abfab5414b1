"""What CloudWatch Logs would have told in a case."""

import math
from collections.abc import Generator
from datetime import datetime, timedelta

from incidents.catalogue import ModelSpec
from tools.case_files.case_file import CaseFile, LoggedLines
from tools.case_files.moments import NOW
from tools.cloudwatch_logs.records import LogLine, LogLines, LogPlace
from tools.cloudwatch_logs.trouble import TROUBLE

ACCESS_EVERY = timedelta(seconds=30)
ACCESS_LINES = int(timedelta(hours=26) / ACCESS_EVERY)
ACCESS = '169.254.178.2 "POST /invocations HTTP/1.1" 200 48 "-" "AHC/2.0"'


class RecordedLogs:
    """What the case logs, and the access lines of an endpoint that is asked."""

    def __init__(self, case: CaseFile, model: ModelSpec) -> None:
        """Nothing is made before it is asked."""
        self._case = case
        self._model = model

    async def trouble(self, place: LogPlace, start: datetime, end: datetime) -> LogLines:
        """Lines that may tell of trouble."""
        return LogLines(tuple(line for line in self._within(place, start, end) if TROUBLE.search(line.text)))

    async def lines(self, place: LogPlace, start: datetime, end: datetime, most: int) -> LogLines:
        """The first of all lines."""
        found = self._within(place, start, end)
        return LogLines(tuple(found[:most]), whole=len(found) <= most)

    def console_url(self, place: LogPlace, start: datetime, end: datetime) -> str:
        """Some address; nothing is there."""
        return "https://console.example/logs"

    def _within(self, place: LogPlace, start: datetime, end: datetime) -> list[LogLine]:
        stream = "AllTraffic/i-0a1b2c3d" if place.kind == "endpoint" else f"{place.name}/algo-1-1795000000"
        if not stream.startswith(place.streams):
            return []
        lines = list(_access(stream, start, end)) if place.kind == "endpoint" else []
        for logged in self._case.logs:
            if logged.group == place.kind:
                lines += (line for line in _written(logged, stream) if start <= line.at <= end)
        return sorted(lines, key=lambda line: line.at)


def _access(stream: str, start: datetime, end: datetime) -> Generator[LogLine]:
    """Those of a window only: a day has thousands, and most windows are short."""
    first = max(0, math.ceil((NOW - end) / ACCESS_EVERY))
    last = min(ACCESS_LINES - 1, (NOW - start) // ACCESS_EVERY)
    for number in range(first, last + 1):
        yield LogLine(NOW - number * ACCESS_EVERY, stream, ACCESS)


def _written(logged: LoggedLines, stream: str) -> Generator[LogLine]:
    apart = (logged.until - logged.at) / max(1, logged.times - 1)
    for number in range(logged.times):
        for text in logged.text.replace("{n}", str(number)).splitlines():
            yield LogLine(logged.at + number * apart, stream, text)

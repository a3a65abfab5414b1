"""The log lines, commits and releases of a case, as CloudWatch Logs and GitHub would have told them."""

import hashlib
from collections.abc import Generator
from datetime import datetime, timedelta

from incidents.catalogue import ModelSpec
from tools.case_files.case_file import NOW, CaseFile, LoggedLines
from tools.cloudwatch_logs.records import LogLine, LogLines, LogPlace
from tools.cloudwatch_logs.trouble import TROUBLE
from tools.github.history import Commit, History, Release
from tools.sagemaker.states import PipelineJob

ACCESS_EVERY = timedelta(seconds=30)
ACCESS = '169.254.178.2 "POST /invocations HTTP/1.1" 200 48 "-" "AHC/2.0"'


def jobs_of(case: CaseFile, model: ModelSpec) -> list[PipelineJob]:
    """A job for each kind that the case has lines of, of the pipeline that runs such."""
    training = model.retraining.pipeline if model.retraining else f"{model.name}-train"
    named = {logged.group for logged in case.logs}
    jobs = (
        PipelineJob(kind="training", name=f"{model.name}-training-7f3a", pipeline=training),
        PipelineJob(kind="processing", name=f"{model.name}-processing-7f3a", pipeline=model.data.pipeline or training),
    )
    return [job for job in jobs if job.kind in named]


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
        lines = [line for line in self._all(place) if start <= line.at <= end and line.stream.startswith(place.streams)]
        return sorted(lines, key=lambda line: line.at)

    def _all(self, place: LogPlace) -> Generator[LogLine]:
        stream = "AllTraffic/i-0a1b2c3d" if place.kind == "endpoint" else f"{place.name}/algo-1-1795000000"
        if place.kind == "endpoint":
            for number in range(int(timedelta(hours=26) / ACCESS_EVERY)):
                yield LogLine(NOW - number * ACCESS_EVERY, stream, ACCESS)
        for logged in self._case.logs:
            if logged.group == place.kind:
                yield from _written(logged, stream)


def _written(logged: LoggedLines, stream: str) -> Generator[LogLine]:
    apart = (logged.until - logged.at) / max(1, logged.times - 1)
    for number in range(logged.times):
        for text in logged.text.replace("{n}", str(number)).splitlines():
            yield LogLine(logged.at + number * apart, stream, text)


class RecordedHistory:
    """The commits and releases of a case."""

    def __init__(self, case: CaseFile, model: ModelSpec) -> None:
        """Nothing is read before it is asked."""
        self._case = case

    async def history(self, repository: str, since: datetime, until: datetime) -> History:
        """What lies in the window, newest first."""
        place = f"https://github.example/{repository}"
        commits = [
            Commit(sha=sha, at=one.at, message=one.message, login=one.login, url=f"{place}/commit/{sha}")
            for one in self._case.commits
            if since <= one.at <= until
            for sha in [one.sha or hashlib.sha1(one.message.encode(), usedforsecurity=False).hexdigest()]
        ]
        releases = [
            Release(tag=one.tag, at=one.at, name=one.name, login=one.login, url=f"{place}/releases/tag/{one.tag}")
            for one in self._case.releases
            if since <= one.at <= until
        ]
        return History(
            tuple(sorted(commits, key=lambda one: one.at, reverse=True)),
            tuple(sorted(releases, key=lambda one: one.at, reverse=True)),
        )

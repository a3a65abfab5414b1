"""`agentops check` says which logs and repositories can be read, and what is missing where one cannot."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from bot.check.finding import Finding
from bot.check.github import examine_history
from bot.check.logs import examine_logs
from tools.cloudwatch_logs.records import LogLines, LogPlace
from tools.errors import AccessDenied, NotFound, Throttled, Unavailable, UpstreamError
from tools.github.history import History
from tools.manifests.load import load_catalogue

CATALOGUE = load_catalogue(Path("manifests/models.yaml"))


@dataclass
class Answering:
    """Logs and history that answer, or raise."""

    error: UpstreamError | None = None

    async def trouble(self, place: LogPlace, start: datetime, end: datetime) -> LogLines:
        return await self.lines(place, start, end, 1)

    async def lines(self, place: LogPlace, start: datetime, end: datetime, most: int) -> LogLines:
        if self.error is not None:
            raise self.error
        return LogLines(())

    def console_url(self, place: LogPlace, start: datetime, end: datetime) -> str:
        return ""

    async def history(self, repository: str, since: datetime, until: datetime) -> History:
        if self.error is not None:
            raise self.error
        return History((), ())


async def logs(error: UpstreamError | None = None) -> list[Finding]:
    return [told async for told in examine_logs(Answering(error), CATALOGUE)]


async def commits(error: UpstreamError | None = None) -> list[Finding]:
    return [told async for told in examine_history(Answering(error), CATALOGUE)]


async def test_logs_that_can_be_read_are_right() -> None:
    told = await logs()
    assert {one.verdict for one in told} == {"right"}
    assert {one.subject for one in told} == {
        *(f"log of {name}" for name in CATALOGUE.models),
        "log of training jobs",
        "log of processing jobs",
    }


async def test_a_missing_permission_is_named_with_its_group_and_where_it_stands() -> None:
    (told,) = await logs(AccessDenied("CloudWatch Logs", "FilterLogEvents", "not authorized"))
    assert (told.verdict, told.subject) == ("wrong", "log of fraud-detector")
    assert "logs:FilterLogEvents on /aws/sagemaker/Endpoints/fraud-detector-prod" in told.text
    assert "manifests/iam/reader.json" in told.text


async def test_a_group_that_is_not_there_yet_is_worth_knowing() -> None:
    assert {one.verdict for one in await logs(NotFound("CloudWatch Logs", "FilterLogEvents", "none"))} == {"note"}


@pytest.mark.parametrize("error", [Unavailable, Throttled])
async def test_a_cloudwatch_that_does_not_answer_is_one_finding(error: type[UpstreamError]) -> None:
    ((verdict, subject, _),) = await logs(error("CloudWatch Logs", "FilterLogEvents", "reset"))
    assert (subject, verdict) == ("CloudWatch Logs", "note")


async def test_repositories_that_can_be_read_are_right() -> None:
    assert {one.verdict for one in await commits()} == {"right"}


async def test_a_token_without_contents_is_told_what_it_lacks() -> None:
    told = await commits(AccessDenied("GitHub", "ListCommits", "the token does not allow it"))
    assert {one.verdict for one in told} == {"note"}
    assert all("contents: read" in text for _, _, text in told)


async def test_without_a_reader_nothing_is_said() -> None:
    assert [told async for told in examine_history(None, CATALOGUE)] == []

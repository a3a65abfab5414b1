"""What was merged and released is read cheaply, within its window, and without anybody's name or address."""

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.github.history import Commit, Release
from tests.tools.github.conftest import REPOSITORY, Local
from tools.errors import AccessDenied, BadAnswer, NotFound, Throttled, Unavailable
from tools.github import history_reader
from tools.github.history_reader import HistoryReader

NOW = datetime(2026, 11, 20, 19, 10, tzinfo=UTC)
SINCE = NOW - timedelta(hours=24)


@pytest.fixture
def reader(local: Local) -> HistoryReader:
    local.repository.commits = [
        Commit(REPOSITORY, NOW - timedelta(days=3), "Long ago"),
        Commit(REPOSITORY, NOW - timedelta(minutes=50), "Read features in batches\n\nSigned-off-by: a@example.com"),
        Commit(REPOSITORY, NOW - timedelta(minutes=90), "Mend a test", login=None),
    ]
    local.repository.releases = [
        Release(REPOSITORY, NOW - timedelta(days=30), "v22"),
        Release(REPOSITORY, NOW - timedelta(minutes=40), "v24", "Batches"),
        Release(REPOSITORY, NOW - timedelta(days=9), "v23"),
        Release(REPOSITORY, NOW - timedelta(minutes=5), "v25-rc1", draft=True),
    ]
    return HistoryReader(local.github.token, local.github.base_url)


async def test_commits_of_the_window_are_told_newest_first(reader: HistoryReader) -> None:
    history = await reader.history(REPOSITORY, SINCE, NOW)
    assert [(one.message.splitlines()[0], one.login) for one in history.commits] == [
        ("Read features in batches", "ml-dev"),
        ("Mend a test", ""),
    ]
    assert history.commits[0].at == NOW - timedelta(minutes=50)
    assert history.commits[0].url.endswith(f"/commit/{history.commits[0].sha}")
    assert history.whole


async def test_of_whoever_wrote_a_commit_only_the_login_is_kept(reader: HistoryReader) -> None:
    history = await reader.history(REPOSITORY, SINCE, NOW)
    assert "Somebody" not in repr(history)
    assert "somebody@" not in repr(history)


async def test_a_release_is_told_with_what_came_in_since_the_one_before(reader: HistoryReader, local: Local) -> None:
    (release,) = (await reader.history(REPOSITORY, SINCE, NOW)).releases
    assert (release.tag, release.name, release.login) == ("v24", "Batches", "ml-dev")
    assert release.compare_url == f"{local.github.base_url}/{REPOSITORY}/compare/v23...v24"


async def test_what_came_after_the_window_is_not_told(reader: HistoryReader) -> None:
    history = await reader.history(REPOSITORY, SINCE, NOW - timedelta(hours=1))
    assert [one.message for one in history.commits] == ["Mend a test"]
    assert history.releases == ()


async def test_what_did_not_change_costs_nothing_of_the_rate_limit(reader: HistoryReader, local: Local) -> None:
    first = await reader.history(REPOSITORY, SINCE, NOW)
    used = local.github.used
    again = await reader.history(REPOSITORY, SINCE + timedelta(minutes=1), NOW + timedelta(minutes=1))
    assert again == first
    assert local.github.used == used


async def test_what_changed_is_read_again(reader: HistoryReader, local: Local) -> None:
    await reader.history(REPOSITORY, SINCE, NOW)
    local.repository.commits.append(Commit(REPOSITORY, NOW - timedelta(minutes=1), "Newer"))
    assert (await reader.history(REPOSITORY, SINCE, NOW)).commits[0].message == "Newer"


async def test_more_than_a_page_is_said_not_to_be_whole(reader: HistoryReader, local: Local) -> None:
    local.repository.commits = [
        Commit(REPOSITORY, NOW - timedelta(minutes=n), f"Change {n}") for n in range(history_reader.MOST_COMMITS + 5)
    ]
    history = await reader.history(REPOSITORY, SINCE, NOW)
    assert len(history.commits) == history_reader.MOST_COMMITS
    assert not history.whole


async def test_asked_to_slow_down_it_sends_nothing_until_then(local: Local) -> None:
    now = [0.0]
    reader = HistoryReader(local.github.token, local.github.base_url, clock=lambda: now[0])
    local.github.faults.add("secondary_limit", count=2)
    with pytest.raises(Throttled):
        await reader.history(REPOSITORY, SINCE, NOW)
    sent = len(local.asked("GET"))
    with pytest.raises(Throttled, match="nothing was sent"):
        await reader.history(REPOSITORY, SINCE, NOW)
    assert len(local.asked("GET")) == sent
    now[0] = 6.0
    local.github.faults.clear()
    await reader.history(REPOSITORY, SINCE, NOW)


async def test_the_last_tenth_of_the_rate_limit_is_left_for_issues(reader: HistoryReader, local: Local) -> None:
    local.github.used = 4_600
    await reader.history(REPOSITORY, SINCE, NOW)
    with pytest.raises(Throttled, match="nothing was sent"):
        await reader.history(REPOSITORY, SINCE, NOW)


@pytest.mark.parametrize(
    ("fault", "error"), [("denied", AccessDenied), ("unavailable", Unavailable), ("down", Unavailable)]
)
async def test_trouble_of_github_is_told_as_ours(
    reader: HistoryReader, local: Local, fault: str, error: type[Exception]
) -> None:
    local.part.add_fault(fault, None, None, None)
    with pytest.raises(error):
        await reader.history(REPOSITORY, SINCE, NOW)


async def test_a_repository_that_the_token_does_not_cover_is_not_found(reader: HistoryReader) -> None:
    with pytest.raises(NotFound):
        await reader.history("example-ml/elsewhere", SINCE, NOW)


async def test_a_wrong_token_is_refused(local: Local) -> None:
    with pytest.raises(AccessDenied):
        await HistoryReader("github_pat_wrong", local.github.base_url).history(REPOSITORY, SINCE, NOW)


async def test_without_a_token_none_is_sent(local: Local) -> None:
    """The local GitHub has nothing public."""
    with pytest.raises(AccessDenied):
        await HistoryReader(None, local.github.base_url).history(REPOSITORY, SINCE, NOW)


async def test_addresses_of_other_hosts_are_not_kept(
    reader: HistoryReader, local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local.github, "base_url", "https://elsewhere.example")
    history = await reader.history(REPOSITORY, SINCE, NOW)
    assert {one.url for one in history.commits} == {""}
    assert {(one.url, one.compare_url) for one in history.releases} == {("", "")}


async def test_nonsense_is_a_bad_answer(reader: HistoryReader, local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    def nonsense(self: Commit, base_url: str) -> dict[str, int]:
        return {"sha": 7}

    monkeypatch.setattr(Commit, "as_json", nonsense)
    with pytest.raises(BadAnswer):
        await reader.history(REPOSITORY, SINCE, NOW)

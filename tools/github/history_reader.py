"""Commits and releases of a repository, read. What was read once is asked for by its ETag, which costs nothing."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import quote

from tools.errors import Throttled, Unavailable
from tools.github.answers import CommitAnswer, ReleaseAnswer
from tools.github.errors import SERVICE
from tools.github.history import Commit, History, Release
from tools.github.session import GitHubSession, parsed

DEADLINE_S = 8.0
"""Of one question: an investigation does not wait longer for what is no more than a hint."""
MOST_COMMITS = 50
MOST_RELEASES = 20
KEPT = 64
"""Answers kept for their ETags."""
RESERVE = 0.1
"""Share of the token's rate limit that is left alone: issues are opened under the same one."""

A = TypeVar("A")


@dataclass(frozen=True)
class _Kept:
    etag: str
    content: bytes


class HistoryReader:
    """Reads what was merged and released. Safe to share between tasks and event loops; changes nothing.

    Args:
        token: needs *contents: read*; None reads what is public, 60 times an hour.
        url: where the API is.
        clock: seconds that never go back.
    """

    def __init__(self, token: str | None, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is connected yet."""
        self._token = token
        self._url = url
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._quiet_until = 0.0

    async def history(self, repository: str, since: datetime, until: datetime) -> History:
        """Commits on the default branch and published releases of a window, newest first.

        Raises:
            Throttled: GitHub asked to slow down, or would soon; until then nothing is sent.
            Unavailable, AccessDenied, NotFound, InvalidRequest, BadAnswer: as GitHub says.
        """
        # A session for each question, as connections belong to an event loop.
        session = GitHubSession(self._token, self._url)
        try:
            async with asyncio.timeout(DEADLINE_S):
                commits, releases = await asyncio.gather(
                    self._commits(session, repository, since), self._releases(session, repository)
                )
        except TimeoutError:
            raise Unavailable(SERVICE, "ListCommits", f"no answer within {DEADLINE_S:g} s") from None
        finally:
            await session.close()
        told = [one for one in commits if since <= one.at <= until]
        published = [one for one in releases if since <= one.at <= until]
        return History(tuple(told), tuple(published), whole=len(commits) < MOST_COMMITS)

    async def _commits(self, session: GitHubSession, repository: str, since: datetime) -> list[Commit]:
        # To the full hour, so that the same question is asked again and its ETag fits.
        hour = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        query: dict[str, str | int] = {"since": f"{hour:%Y-%m-%dT%H:%M:%SZ}", "per_page": MOST_COMMITS}
        path = f"/repos/{repository}/commits"
        found = parsed("ListCommits", list[CommitAnswer], await self._read(session, "ListCommits", path, query))
        commits = [
            Commit(
                sha=one.sha,
                at=one.commit.committer.date,
                message=one.commit.message,
                login=one.login,
                url=self._page(one.html_url),
            )
            for one in found
        ]
        return sorted(commits, key=lambda one: one.at, reverse=True)

    async def _releases(self, session: GitHubSession, repository: str) -> list[Release]:
        path = f"/repos/{repository}/releases"
        content = await self._read(session, "ListReleases", path, {"per_page": MOST_RELEASES})
        found = [one for one in parsed("ListReleases", list[ReleaseAnswer], content) if not one.draft]
        dated = [(one.published_at, one) for one in found if one.published_at is not None]
        dated.sort(key=lambda pair: pair[0], reverse=True)
        older = [one.tag_name for _, one in dated[1:]]
        releases: list[Release] = []
        for place, (at, one) in enumerate(dated):
            url = self._page(one.html_url)
            compared = _compared(url, older[place], one.tag_name) if place < len(older) else ""
            login = one.author.login if one.author else ""
            releases.append(Release(one.tag_name, at, one.name or "", login, url, compared))
        return releases

    async def _read(self, session: GitHubSession, operation: str, path: str, query: dict[str, str | int]) -> bytes:
        left = self._quiet_until - self._clock()
        if left > 0:
            raise Throttled(SERVICE, operation, "the rate limit is spent; nothing was sent", left)
        key = (path, str(query))
        kept = self._kept.get(key)
        try:
            content, headers = await session.news(operation, path, query, kept.etag if kept else None)
        except Throttled as error:
            self._quiet_until = self._clock() + (error.retry_after_s or 0.0)
            raise
        self._quiet_until = max(self._quiet_until, self._clock() + _seconds_to_spare(headers))
        if content is None:
            return kept.content if kept else b""
        if etag := headers.get("etag"):
            self._kept[key] = _Kept(etag, content)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return content

    def _page(self, url: str) -> str:
        """An address that GitHub gave, where it is GitHub's own; empty otherwise."""
        api = self._url.split("//", 1)[-1].split("/", 1)[0]
        return url if url.split("//", 1)[-1].split("/", 1)[0] == api.removeprefix("api.") else ""


def _compared(url: str, old: str, new: str) -> str:
    place, found, _ = url.partition("/releases/")
    return f"{place}/compare/{quote(old, safe='')}...{quote(new, safe='')}" if found else ""


def _seconds_to_spare(headers: Mapping[str, str]) -> float:
    """How long to leave GitHub alone, so that the rest of the limit stays for issues; 0 while there is enough."""
    try:
        remaining, limit = int(headers["x-ratelimit-remaining"]), int(headers["x-ratelimit-limit"])
        reset = int(headers["x-ratelimit-reset"])
    except (KeyError, ValueError):
        return 0.0
    if remaining > RESERVE * limit:
        return 0.0
    return min(max(1.0, reset - time.time()), 3600.0)

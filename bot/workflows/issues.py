"""Following the GitHub issue of an incident: told what is new, closed with the resolution. A task of its own, so that a
slow GitHub holds nothing else up.

No engine: a step is found by looking at rows, and what a crash left half done is found on GitHub by its marker.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.workflows.pace import Pace
from incidents.errors import AgentOpsError
from incidents.issue_comment import IssueComment, comment_on, told_by
from incidents.thread import ThreadRef
from tools.errors import Throttled, Unavailable, UpstreamError
from tools.github.errors import SERVICE, Gone
from tools.github.operator import GitHubOperator
from tools.incident_store.issue_reader import FollowedIssue, IssueReader
from tools.incident_store.reader import StoreReader
from tools.incident_store.writer.issues import IssueWriter

log = structlog.get_logger(__name__)

CLAIM = timedelta(minutes=2)
"""How long nobody else tells an issue that somebody began to tell; longer than telling may take."""
LONGEST_S = 90.0
AT_ONCE = 5
WAIT_S = 60.0
"""After GitHub failed, in the world's time; ten times that where a person has to mend something first."""


class IssueFollower:
    """Looks for issues that are behind their incidents, and tells them. Several processes may do so."""

    def __init__(
        self,
        *,
        reader: StoreReader,
        issues: IssueReader,
        writer: IssueWriter,
        github: GitHubOperator,
        pace: Pace,
        clock: Callable[[], datetime],
        permalink: Callable[[ThreadRef | None], str | None],
    ) -> None:
        """`permalink` answers the address of a Slack thread, None while it is not known."""
        self._reader = reader
        self._issues = issues
        self._writer = writer
        self._github = github
        self._pace = pace
        self._clock = clock
        self._permalink = permalink
        self._wait = max(timedelta(seconds=WAIT_S / pace.speed), timedelta(seconds=1))

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except AgentOpsError as error:
                # The database is away: the rows are still there at the next look.
                log.warning("issues.look_failed", error=str(error))
            except Exception:
                # A process edge: one bad row must not stop the telling of all others.
                log.exception("issues.look_broken")
            await asyncio.sleep(self._pace.sweep.total_seconds())

    async def look(self) -> None:
        """Take up what was opened, and tell what is due."""
        now = self._clock()
        taken_up = await asyncio.to_thread(self._writer.take_up, now)
        if taken_up:
            log.info("issues.taken_up", incidents=taken_up)
        due = await asyncio.to_thread(self._issues.due, now, AT_ONCE)
        await asyncio.gather(*(self._follow(issue) for issue in due))

    async def _follow(self, issue: FollowedIssue) -> None:
        if await asyncio.to_thread(self._reader.paused, issue.model) is not None:
            return
        file = await asyncio.to_thread(self._reader.file, issue.incident_id)
        own = await asyncio.to_thread(self._issues.own, issue.incident_id)
        wanted = comment_on(file, issue.told, besides=own, thread=self._permalink(file.thread))
        if wanted is None:
            next_at = self._clock()
            await asyncio.to_thread(
                self._writer.told, issue.incident_id, issue.told, len(file.timeline), next_at=next_at
            )
            return
        now = self._clock()
        if not await asyncio.to_thread(self._writer.claim, issue.incident_id, issue.told, now, now + CLAIM):
            return
        try:
            async with asyncio.timeout(LONGEST_S):
                await self._tell(issue, wanted)
        except TimeoutError:
            await self._failed(issue, Unavailable(SERVICE, "Comment", "it took too long"))
        except UpstreamError as error:
            await self._failed(issue, error)

    async def _tell(self, issue: FollowedIssue, wanted: IssueComment) -> None:
        repository, number = issue.repository, issue.number
        if wanted.closes:
            left = None if wanted.earlier is None else await self._github.standing(repository, number, wanted.earlier)
            if left is not None:
                # Told before a crash: written down now, and the rest with the next look.
                await self._commented(issue, told_by(left, issue.told, wanted.up_to), self._clock())
                return
            await self._github.close_issue(repository, number, wanted.body, wanted.marker)
            now = self._clock()
            await asyncio.to_thread(self._writer.closed, issue.incident_id, issue.told, wanted.up_to, now=now)
            log.info("issues.closed", incident=issue.incident_id)
            return
        stands = await self._github.comment(repository, number, wanted.body, wanted.marker)
        await self._commented(issue, told_by(stands, issue.told, wanted.up_to), self._clock() + self._pace.poll)

    async def _commented(self, issue: FollowedIssue, up_to: int, next_at: datetime) -> None:
        now = self._clock()
        await asyncio.to_thread(self._writer.commented, issue.incident_id, issue.told, up_to, now=now, next_at=next_at)
        log.info("issues.commented", incident=issue.incident_id, up_to=up_to)

    async def _failed(self, issue: FollowedIssue, error: UpstreamError) -> None:
        log.warning("issues.not_told", incident=issue.incident_id, error=str(error))
        now = self._clock()
        match error:
            case Gone():
                await asyncio.to_thread(self._writer.abandoned, issue.incident_id, issue.told, now=now)
                return
            case Throttled(retry_after_s=float(seconds)):
                wait = timedelta(seconds=seconds)
            case Unavailable():
                wait = self._wait
            case _:
                wait = self._wait * 10
        await asyncio.to_thread(self._writer.later, issue.incident_id, issue.told, now + wait)

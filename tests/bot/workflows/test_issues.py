"""An issue follows its incident: each piece of news once, closed with the resolution, whatever fails on the way."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot.workflows.issues import CLAIM, IssueFollower
from incidents.execution import ExecutionState
from incidents.thread import ThreadRef
from sandbox.github.part import GitHubPart
from sandbox.github.repository import Issue, Repository
from tests.bot.slack.fakes import eventually
from tests.bot.workflows.fakes import Clock
from tests.bot.workflows.rig import PACE
from tests.incidents.builders import alert, later
from tests.sandbox.github.listening import listening_github
from tests.stores import store_at
from tests.thoroughness import DATABASES
from tests.tools.incident_store.stage import LEASE, Stage
from tests.tools.incident_store.test_issues import opened
from tools.github.operator import GitHubOperator
from tools.incident_store.database import Database
from tools.incident_store.issue_reader import IssueReader
from tools.incident_store.migrate import migrate
from tools.incident_store.tables import IssueRecord

REPOSITORY = "example/churn-predictor"
LINK = "https://sandbox.slack.example/archives/C/p1"


@dataclass
class Desk:
    """An incident with an issue, GitHub beside it, and as many processes as are asked for."""

    stage: Stage
    part: GitHubPart
    clock: Clock
    operators: list[GitHubOperator] = field(default_factory=list[GitHubOperator])
    incident_id: str = ""

    def process(self) -> IssueFollower:
        self.operators.append(GitHubOperator(self.part.github.token, self.part.github.base_url))
        return IssueFollower(
            reader=self.stage.reader,
            issues=IssueReader(self.stage.database),
            writer=self.stage.writer.issues,
            github=self.operators[-1],
            pace=PACE,
            clock=self.clock,
            permalink=lambda thread: LINK if isinstance(thread, ThreadRef) else None,
        )

    async def look(self, **forward: float) -> None:
        self.clock.forward(**(forward or {"minutes": 1}))
        await self.process().look()

    @property
    def repository(self) -> Repository:
        return self.part.github.repositories[REPOSITORY]

    @property
    def issue(self) -> Issue:
        return self.repository.issue(1)

    @property
    def comments(self) -> list[str]:
        return [comment.body for comment in self.issue.comments]

    @property
    def row(self) -> IssueRecord:
        found = IssueReader(self.stage.database).issue(self.incident_id)
        assert found is not None
        return found

    def lose(self, kind: str, match: str, count: int = 1) -> None:
        self.part.add_fault(kind, count, None, match)


@pytest.fixture(scope="module")
def migrated_postgresql(new_postgresql: Callable[[str], str]) -> str:
    """The name of a database to be copied."""
    url = new_postgresql("template1")
    made = Database(url)
    migrate(made)
    made.close()
    return make_url(url).database or ""


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        made = store_at(tmp_path / "agentops.sqlite")
    else:
        make: Callable[[str], str] = request.getfixturevalue("new_postgresql")
        made = Database(make(request.getfixturevalue("migrated_postgresql")))
    yield made
    made.close()


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with listening_github(REPOSITORY) as part:
        desk = Desk(Stage(database), part, Clock(later(minutes=2)))
        desk.incident_id = desk.stage.awaiting()
        desk.repository.open("Nulls", "38 % are null", ["agentops"])
        opened(desk.stage, desk.incident_id, number="1", url="https://github.example/1")
        await desk.look()
        assert desk.comments == []
        yield desk
        for one in desk.operators:
            await one.close()


def news(body: str) -> list[str]:
    """The words in bold of a comment's lines."""
    return re.findall(r"^- .*?\*\*(.+?)\*\*", body, re.MULTILINE)


def approve(desk: Desk) -> None:
    assert desk.stage.approve(at=desk.clock()).result == "approved"


def send(desk: Desk) -> None:
    now, executions = desk.clock(), desk.stage.writer.executions
    fence = executions.claim("xp1", "bot-1", now, LEASE)
    assert fence is not None and executions.intend("xp1", fence, 0, now)
    text = "UpdateEndpoint sent"
    executions.sent("xp1", fence, 0, result={}, progress="sent", text=text, details={}, now=now, next_step_at=now)


def approve_and_send(desk: Desk) -> None:
    approve(desk)
    send(desk)


async def test_what_is_new_is_one_comment_and_told_once(desk: Desk) -> None:
    approve_and_send(desk)
    for _ in range(4):
        await desk.look()
    (comment,) = desk.comments
    assert news(comment) == ["Approved by people in Slack", "Change sent"]
    assert "Roll product-recommender-prod back" in comment and "UONCALL" not in comment
    assert desk.issue.state == "open"


async def test_nothing_that_matters_is_no_comment(desk: Desk) -> None:
    desk.stage.take(alert("ModelAccuracyLow", fingerprint="a9"), at=desk.clock())
    await desk.look()
    assert desk.comments == [] and desk.row.told == len(desk.stage.reader.timeline(desk.incident_id))


async def test_a_recovered_incident_closes_its_issue_with_a_resolution(desk: Desk) -> None:
    desk.stage.take(alert(status="resolved"), at=desk.clock())
    for _ in range(3):
        await desk.look()
    (comment,) = desk.comments
    assert desk.issue.state == "closed" and desk.row.closed
    for words in ("### Resolved", "Cause: Bad deployment: `product-recommender-v24`", "Done: nothing was changed"):
        assert words in comment
    assert "Well since: 20 Nov 2026 12:03 UTC" in comment
    assert desk.stage.told(desk.incident_id).count("issue_closed") == 1


async def test_the_resolution_links_the_thread_where_it_is_known(desk: Desk) -> None:
    (root,) = [one for one in desk.stage.writer.outbox.due(desk.clock(), 99) if one.root_id is None]
    desk.stage.writer.outbox.sent(root.id, 1, "1700000000.000100", desk.clock(), "C")
    desk.stage.take(alert(status="resolved"), at=desk.clock())
    await desk.look()
    assert f"[Thread in Slack]({LINK})" in desk.comments[0]


@pytest.mark.parametrize(("method", "path"), [("POST", "/comments"), ("GET", "/issues/1"), ("GET", "/comments")])
async def test_a_lost_answer_never_doubles_a_comment(desk: Desk, method: str, path: str) -> None:
    approve_and_send(desk)
    desk.lose("lost_answer", method if method == "POST" else f"{method} /repos/{REPOSITORY}{path}")
    for _ in range(4):
        await desk.look(minutes=2)
    assert len(desk.comments) == 1


async def test_a_crash_after_the_comment_neither_doubles_it_nor_loses_what_came_after(desk: Desk) -> None:
    approve(desk)
    before = desk.row.told
    await desk.look()
    with desk.stage.database.write() as session:
        # As if the process had died between GitHub's answer and the row.
        row = session.get_one(IssueRecord, desk.incident_id)
        row.told, row.not_before = before, desk.clock() + CLAIM
        session.add(row)
    send(desk)
    await desk.look(seconds=30)
    assert len(desk.comments) == 1
    for _ in range(4):
        await desk.look(minutes=2)
    assert [news(comment) for comment in desk.comments] == [["Approved by people in Slack"], ["Change sent"]]


async def test_a_crash_before_the_end_still_closes_with_one_resolution(desk: Desk) -> None:
    approve(desk)
    before = desk.row.told
    await desk.look()
    with desk.stage.database.write() as session:
        row = session.get_one(IssueRecord, desk.incident_id)
        row.told, row.not_before = before, None
        session.add(row)
    fence = desk.stage.writer.executions.claim("xp1", "bot-1", desk.clock(), LEASE)
    assert fence is not None
    desk.stage.take(alert(status="resolved"), at=desk.clock())
    desk.stage.writer.executions.finish("xp1", fence, ExecutionState.FAILED, text="It failed.", now=desk.clock())
    desk.lose("lost_answer", "PATCH")
    for _ in range(5):
        await desk.look(minutes=2)
    assert desk.issue.state == "closed" and desk.row.closed
    first, second = desk.comments
    assert news(first) == ["Approved by people in Slack"]
    assert "### Resolved" in second and "Approved by people in Slack" not in news(second)


async def test_of_many_processes_one_tells(desk: Desk) -> None:
    approve_and_send(desk)
    desk.clock.forward(minutes=1)
    await asyncio.gather(*(desk.process().look() for _ in range(5)))
    assert len(desk.comments) == 1


async def test_while_paused_nothing_is_told_and_afterwards_everything(desk: Desk) -> None:
    desk.stage.writer.pauses.pause("product-recommender", "UVIEWER", desk.clock())
    desk.stage.take(alert(status="resolved"), at=desk.clock())
    await desk.look()
    assert desk.comments == [] and not [one for one in desk.part.github.requests if not one.startswith("GET")]
    desk.stage.writer.pauses.resume("product-recommender", "UONCALL", desk.clock())
    await desk.look()
    assert desk.issue.state == "closed"


async def test_a_limit_is_waited_out_as_github_asks(desk: Desk) -> None:
    approve_and_send(desk)
    desk.lose("secondary_limit", "POST")
    await desk.look()
    assert desk.comments == [] and desk.row.not_before == desk.clock() + timedelta(seconds=5)
    await desk.look(seconds=4)
    assert desk.comments == []
    await desk.look(seconds=2)
    assert len(desk.comments) == 1


@pytest.mark.parametrize(("kind", "minutes"), [("unavailable", 1), ("down", 1), ("denied", 10)])
async def test_a_failure_waits_and_holds_no_other_issue_up(desk: Desk, kind: str, minutes: int) -> None:
    other = desk.stage.open(
        alert(fingerprint="b1", labels={"model": "fraud-detector", "endpoint": "fraud-detector-prod"}), at=desk.clock()
    )
    desk.repository.open("Other", "", ["agentops"])
    opened(desk.stage, other, "i2", number="2", url="https://github.example/2")
    await desk.look()
    approve_and_send(desk)
    desk.stage.take(
        alert(
            fingerprint="b1",
            status="resolved",
            labels={"model": "fraud-detector", "endpoint": "fraud-detector-prod"},
        ),
        at=desk.clock(),
    )
    desk.lose(kind, "issues/1")
    await desk.look()
    assert desk.comments == [] and desk.row.not_before == desk.clock() + timedelta(minutes=minutes)
    assert desk.repository.issue(2).state == "closed"
    await desk.look(minutes=minutes)
    assert len(desk.comments) == 1


async def test_a_deleted_issue_is_left_alone(desk: Desk) -> None:
    desk.issue.gone = True
    approve_and_send(desk)
    await desk.look()
    assert desk.row.closed and "issue_gone" in desk.stage.told(desk.incident_id)
    asked = len(desk.part.github.requests)
    await desk.look(hours=9)
    assert len(desk.part.github.requests) == asked


async def test_what_people_and_partners_wrote_calls_nobody(desk: Desk) -> None:
    hostile = "no @octocat <!-- agentops:told 999 --> [x](https://evil.example) fixes #1"
    assert desk.stage.writer.decisions.deny("p1", "UONCALL", hostile, desk.clock()).result == "denied"
    for _ in range(2):
        await desk.look()
    (comment,) = desk.comments
    for pattern in ("@octocat", "https://", "](", "#1"):
        assert pattern not in comment
    assert len(re.findall("<!-- agentops:told", comment)) == 1


async def test_an_edited_comment_does_not_make_it_tell_for_ever(desk: Desk) -> None:
    approve(desk)
    before = desk.row.told
    await desk.look()
    for edited in (before, 0, 999_999_999):
        desk.issue.comments[0].body = re.sub(r"told \d+", f"told {edited}", desk.comments[0])
        with desk.stage.database.write() as session:
            row = session.get_one(IssueRecord, desk.incident_id)
            row.told, row.not_before = before, None
            session.add(row)
        await desk.look()
        assert desk.row.told > before
    assert len(desk.comments) == 1


async def test_it_looks_by_itself(desk: Desk) -> None:
    approve_and_send(desk)
    desk.clock.forward(minutes=1)
    task = asyncio.create_task(desk.process().run())
    await eventually(lambda: bool(desk.comments))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

"""From an allowed proposal to one issue on the local GitHub, by the executor itself; and from there to its comments."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from bot.workflows.issues import IssueFollower
from incidents.execution import ExecutionState
from incidents.message import MessageKind
from incidents.origin import IncidentOrigin
from sandbox.github.part import GitHubPart
from tests.bot.workflows.rig import PACE, Rig
from tests.incidents.builders import START, allowed, issue, proposal
from tests.sandbox.github.listening import listening_github
from tools.github.operator import GitHubOperator
from tools.incident_store.issue_reader import IssueReader

REPOSITORY = "example/churn-predictor"


@dataclass
class Opening:
    """A process with the local GitHub beside it, and an incident whose issue may be opened without asking."""

    rig: Rig
    part: GitHubPart
    operator: GitHubOperator
    incident_id: str

    async def to_its_end(self) -> ExecutionState:
        ended = {ExecutionState.SUCCEEDED, ExecutionState.FAILED, ExecutionState.NEEDS_VERIFICATION}
        await self.rig.until(lambda: self.rig.state("xi1") in ended, seconds=20)
        return self.rig.state("xi1")

    @property
    def issues(self) -> list[str]:
        return [one.title for one in self.part.github.repositories[REPOSITORY].issues]


@pytest.fixture
async def opening(make_rig: Callable[..., Rig]) -> AsyncIterator[Opening]:
    async with listening_github(REPOSITORY) as part:
        operator = GitHubOperator(part.github.token, part.github.base_url)
        rig = make_rig(github=operator)
        incident_id = rig.stage.open()
        origin = IncidentOrigin(incident_id=incident_id, opened_at=START)
        made = proposal("i1", incident_id, remediation=issue(), origin=origin, decision=allowed())
        rig.stage.propose(incident_id, made)
        yield Opening(rig, part, operator, incident_id)
        await operator.close()


async def test_an_allowed_issue_is_opened_once_and_followed(opening: Opening) -> None:
    assert await opening.to_its_end() is ExecutionState.SUCCEEDED
    assert opening.issues == ["Nulls in last_login_days"]
    rig = opening.rig
    follower = IssueFollower(
        reader=rig.stage.reader,
        issues=IssueReader(rig.stage.database),
        writer=rig.stage.writer.issues,
        github=opening.operator,
        pace=PACE,
        clock=rig.clock,
        permalink=lambda thread: None,
    )
    await follower.look()
    kept = IssueReader(rig.stage.database).issue(opening.incident_id)
    assert kept is not None and (kept.repository, kept.number) == (REPOSITORY, 1)
    # The issue does not tell of its own opening.
    assert opening.part.github.repositories[REPOSITORY].issue(1).comments == []


@pytest.mark.parametrize("kind", ["lost_answer", "unavailable", "secondary_limit", "down"])
async def test_whatever_happens_to_the_call_there_is_one_issue(opening: Opening, kind: str) -> None:
    opening.part.add_fault(kind, 1, None, "POST")
    assert await opening.to_its_end() is ExecutionState.SUCCEEDED
    assert len(opening.issues) == 1
    assert opening.rig.stage.reader.execution_record("xi1").result["number"] == "1"


async def test_a_refusal_is_a_failure_and_not_tried_again(opening: Opening) -> None:
    opening.part.github.repositories[REPOSITORY].writable = False
    assert await opening.to_its_end() is ExecutionState.FAILED
    assert opening.issues == []
    asked = [one for one in opening.part.github.requests if one.startswith("POST")]
    assert len(asked) == 1
    assert MessageKind.EXECUTION in opening.rig.stage.kinds(opening.incident_id)

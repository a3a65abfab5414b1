"""Rollbacks that AWS refuses, slows down or takes back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from bot.slack import ids
from incidents.execution import FINAL_EXECUTION_STATES, ExecutionState
from incidents.incident import IncidentState
from incidents.ledger import IncidentFile
from tests.scenarios.rig import INCIDENTS, Rig, words
from tests.thoroughness import thorough

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300), thorough]

Json = dict[str, Any]
MODEL = "product-recommender"


@dataclass
class Story:
    """What was seen at each point of it."""

    denied: IncidentFile | None = None
    denied_read: str = ""
    undone: IncidentFile | None = None
    undone_read: str = ""
    changes: list[Json] = field(default_factory=list[Json])


def _ended(number: int) -> Callable[[IncidentFile], bool]:
    def condition(file: IncidentFile) -> bool:
        ended = len(file.executions) == number and file.executions[-1].state in FINAL_EXECUTION_STATES
        return ended and file.incident.state in {IncidentState.ESCALATED, IncidentState.AWAITING_DECISION}

    return condition


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def story(rig: Rig) -> Story:
    seen = Story()
    await rig.call("POST", "scenarios/bad_deployment")
    incident = await rig.incident(MODEL)
    await rig.fault("aws", "denied", match="UpdateEndpoint")
    await rig.click("UONCALL", await rig.card(incident.id), ids.APPROVE)
    seen.denied = await rig.when(incident.id, _ended(1), "the refusal")
    await rig.settled()
    seen.denied_read = "\n".join(words(one) for one in await rig.thread_of(incident.id))

    await rig.mend()
    await rig.call("POST", "aws/plays", {"kind": "silent_rollback", "target": f"{MODEL}-prod"})
    await rig.call(
        "POST",
        "slack/commands",
        {"persona": "ULEAD", "channel": INCIDENTS, "text": f"/agentops investigate {MODEL} can we try again?"},
    )
    await rig.when(incident.id, lambda f: len(f.proposals) == 2, "the second proposal")
    card = await rig.card(incident.id)
    await rig.fault("aws", "throttle", count=1, match="UpdateEndpoint")
    await rig.click("UONCALL", card, ids.APPROVE)
    seen.undone = await rig.when(incident.id, _ended(2), "the end of the second try")
    await rig.settled()
    seen.undone_read = "\n".join(words(one) for one in await rig.thread_of(incident.id))
    seen.changes = await rig.changes()
    return seen


async def test_a_change_that_aws_refuses_has_failed_and_a_person_is_called(story: Story) -> None:
    assert story.denied is not None
    assert story.denied.executions[0].state is ExecutionState.FAILED
    assert story.denied.incident.state is IncidentState.ESCALATED
    assert "refused UpdateEndpoint" in story.denied_read
    assert "Needs a person" in story.denied_read


async def test_an_update_that_sagemaker_takes_back_is_not_told_as_done(story: Story) -> None:
    assert story.undone is not None
    assert story.undone.executions[1].state is ExecutionState.FAILED
    assert story.undone.incident.state is not IncidentState.RESOLVED
    assert "SageMaker took the update back by itself" in story.undone_read


async def test_a_throttled_call_is_made_again_and_takes_effect_once(story: Story) -> None:
    took_effect = [one for one in story.changes if one["outcome"] == "ok"]
    assert [one["operation"] for one in took_effect] == ["UpdateEndpoint"]
    assert {one["operation"] for one in story.changes} == {"UpdateEndpoint"}
    assert len(story.changes) == 3

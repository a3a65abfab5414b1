"""SageMaker's traps for a rollback: what moves on before the call, what it refuses, and what it does not keep.

Three models walk into three traps at a time, in a world of their own each time.
"""

import asyncio
from dataclasses import dataclass

import pytest
import pytest_asyncio

from bot.slack import ids
from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from tests.scenarios.rig import Rig, buttons
from tests.scenarios.trap import (
    CHURN,
    FRAUD,
    RECOMMENDER,
    Trapped,
    approved,
    asked,
    attempted,
    delete_endpoint,
    deployed,
    ended,
    opened,
    seen,
)
from tests.thoroughness import thorough

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300), thorough]

S, X = IncidentState, ExecutionState


@dataclass
class Stories:
    """What each trap looked like in the end."""

    changed_after_approval: Trapped
    config_deleted_after_approval: Trapped
    endpoint_deleted_after_approval: Trapped
    quota: Trapped
    autoscaled: Trapped
    rollback_failed: Trapped
    config_deleted_before: Trapped
    autoscaled_before: Trapped
    no_role: Trapped
    busy: Trapped


async def _asked_for(rig: Rig, *rollbacks: tuple[Trapped, str]) -> None:
    for trapped, version in rollbacks:
        await asked(rig, trapped, f"rollback {trapped.model} {trapped.model}-{version}")


async def _moved_on(rig: Rig) -> tuple[Trapped, Trapped, Trapped]:
    """While SageMaker throttles the approved calls, the world changes under them."""
    fraud, churn, recommender = await asyncio.gather(*(opened(rig, one) for one in (FRAUD, CHURN, RECOMMENDER)))
    await _asked_for(rig, (fraud, "v40"), (churn, "v16"), (recommender, "v22"))
    await rig.fault("aws", "throttle", match="UpdateEndpoint")
    await asyncio.gather(*(approved(rig, one) for one in (fraud, churn, recommender)))
    await asyncio.gather(*(attempted(rig, one) for one in (fraud, churn, recommender)))
    await deployed(rig, FRAUD)
    await rig.call("DELETE", "aws/configs/churn-predictor-v16")
    await delete_endpoint(rig, recommender.endpoint)
    await rig.mend()
    await asyncio.gather(*(ended(rig, one) for one in (fraud, churn, recommender)))
    return fraud, churn, recommender


async def _refused_or_not_kept(rig: Rig) -> tuple[Trapped, Trapped, Trapped]:
    """What SageMaker refuses although the preflight found nothing, and an update that it cannot take back."""
    await asyncio.gather(
        deployed(rig, FRAUD, instance_type="ml.m5.4xlarge"), deployed(rig, CHURN, instance_type="ml.m5.2xlarge")
    )
    fraud, churn, recommender = await asyncio.gather(*(opened(rig, one) for one in (FRAUD, CHURN, RECOMMENDER)))
    await _asked_for(rig, (fraud, "v41"), (churn, "v17"), (recommender, "v22"))
    await rig.call("POST", "aws/quotas", {"instance_type": "ml.m5.xlarge", "instances": 1})
    await rig.call("POST", "aws/autoscaling", {"endpoint": churn.endpoint})
    await rig.call("POST", "aws/plays", {"kind": "rollback_failed", "target": recommender.endpoint})
    await asyncio.gather(*(approved(rig, one) for one in (fraud, churn, recommender)))
    await asyncio.gather(*(ended(rig, one) for one in (fraud, churn, recommender)))
    return fraud, churn, recommender


async def _before_the_call(rig: Rig) -> tuple[Trapped, Trapped, Trapped, Trapped]:
    """What is seen before anything is proposed; a role that cannot be assumed; an endpoint that is busy."""
    await rig.call("DELETE", "aws/configs/fraud-detector-v40")
    await deployed(rig, CHURN, instance_type="ml.m5.2xlarge")
    await rig.call("POST", "aws/autoscaling", {"endpoint": f"{CHURN}-prod"})
    fraud, churn, recommender = await asyncio.gather(*(opened(rig, one) for one in (FRAUD, CHURN, RECOMMENDER)))
    await _asked_for(rig, (fraud, "v40"), (churn, "v17"), (recommender, "v22"))
    await asyncio.gather(seen(rig, fraud), seen(rig, churn))
    autoscaled = Trapped(churn.model, churn.incident_id, "", churn.answer, churn.file, churn.thread, churn.changes)

    await rig.call("POST", "aws/autoscaling", {"endpoint": churn.endpoint, "most": 0})
    await _asked_for(rig, (churn, "v17"))
    await rig.fault("aws", "denied", count=1, match="sts:AssumeRole")
    await approved(rig, churn)
    await ended(rig, churn)

    await rig.fault("aws", "busy", count=2)
    await approved(rig, recommender)
    await ended(rig, recommender, S.RESOLVED)
    return fraud, autoscaled, churn, recommender


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stories(rig: Rig) -> Stories:
    moved_on = await _moved_on(rig)
    await rig.calm()
    refused = await _refused_or_not_kept(rig)
    await rig.calm()
    return Stories(*moved_on, *refused, *await _before_the_call(rig))


@pytest.mark.parametrize(
    ("trap", "state", "effects", "entry", "told"),
    [
        (
            "changed_after_approval",
            X.STALE,
            [],
            "execution_stale",
            ["approved and not sent", "is on fraud-detector-v42 now, not on fraud-detector-v41", "Nothing was sent"],
        ),
        (
            "endpoint_deleted_after_approval",
            X.STALE,
            [],
            "execution_stale",
            ["approved and not sent", "endpoint product-recommender-prod", "somebody deleted it", "Nothing was sent"],
        ),
        (
            "config_deleted_after_approval",
            X.FAILED,
            [],
            "execution_failed",
            ["could not be done", "something it names is gone", "This call changed nothing"],
        ),
        ("quota", X.FAILED, [], "execution_failed", ["could not be done", "Raise the quota", "changed nothing"]),
        (
            "autoscaled",
            X.FAILED,
            [],
            "execution_failed",
            ["could not be done", "as it was approved", "changed nothing"],
        ),
        (
            "no_role",
            X.FAILED,
            [],
            "execution_failed",
            ["could not be done", "cannot be assumed", "manifests/iam", "changed nothing"],
        ),
        (
            "rollback_failed",
            X.FAILED,
            ["UpdateEndpoint"],
            "execution_failed",
            ["could not be done", "could not take it back either", "UpdateRollbackFailed", "a person has to mend"],
        ),
    ],
)
async def test_a_change_that_ends_in_a_trap_calls_a_person_and_says_why(
    stories: Stories, trap: str, state: ExecutionState, effects: list[str], entry: str, told: list[str]
) -> None:
    seen_of_it: Trapped = getattr(stories, trap)
    assert seen_of_it.execution.state is state
    assert seen_of_it.effects == effects
    assert seen_of_it.state is S.ESCALATED
    assert len(seen_of_it.entries(entry)) == 1
    escalation = seen_of_it.told("escalation")
    assert "Needs a person" in escalation and f"/agentops investigate {seen_of_it.model}" in escalation
    assert [words for words in told if words not in escalation] == []


@pytest.mark.parametrize(
    ("trap", "told"),
    [
        ("config_deleted_after_approval", "Could not find endpoint configuration"),
        ("quota", "ResourceLimitExceeded"),
        ("autoscaled", "must be deregistered as a scalable target"),
        ("no_role", "agentops-roller could not be assumed"),
        ("rollback_failed", "insufficient capacity"),
    ],
)
async def test_the_thread_shows_the_partners_own_reason(stories: Stories, trap: str, told: str) -> None:
    line = next(one for one in getattr(stories, trap).told("execution").splitlines() if one.startswith("*Error:*"))
    assert told in line


async def test_a_throttled_call_has_no_effect_and_each_refusal_is_in_the_timeline(stories: Stories) -> None:
    for trapped in (stories.changed_after_approval, stories.config_deleted_after_approval):
        refused = trapped.entries("call_refused")
        assert refused and all("changed nothing" in one.text for one in refused)
        assert {one["error"] for one in trapped.changes} <= {"ThrottlingException", "ValidationException"}
        intended = len(trapped.entries("call_intended"))
        assert intended == len(trapped.changes) == len(refused) + ("execution_failed" in trapped.kinds())


@pytest.mark.parametrize(
    ("trap", "told"),
    [
        ("config_deleted_before", "endpoint config fraud-detector-v40 does not exist"),
        ("autoscaled_before", "deregister its scalable target first"),
    ],
)
async def test_what_would_fail_is_not_proposed_and_the_one_who_asked_is_told_why(
    stories: Stories, trap: str, told: str
) -> None:
    seen_of_it: Trapped = getattr(stories, trap)
    assert "is not proposed" in seen_of_it.answer and told in seen_of_it.answer
    assert "Nothing was changed" in seen_of_it.answer
    assert seen_of_it.whole.proposals == () and seen_of_it.changes == []
    assert seen_of_it.state is S.MONITORING
    assert [told in entry.text for entry in seen_of_it.entries("not_proposed")] == [True]


async def test_a_busy_endpoint_is_waited_for_and_changed_once(stories: Stories) -> None:
    busy = stories.busy
    assert [(one["operation"], one["outcome"]) for one in busy.changes] == [
        ("UpdateEndpoint", "error"),
        ("UpdateEndpoint", "error"),
        ("UpdateEndpoint", "ok"),
    ]
    assert [kind for kind in busy.kinds() if kind.startswith("call_")] == [
        *["call_intended", "call_refused"] * 2,
        "call_intended",
        "call_sent",
    ]
    assert busy.execution.state is X.SUCCEEDED and busy.state is S.RESOLVED
    assert "product-recommender-prod is InService on product-recommender-v22" in busy.told("execution")
    assert "Recovered" in busy.told("verification")


async def test_no_card_is_left_with_a_button(stories: Stories) -> None:
    for trapped in vars(stories).values():
        left = [button["action_id"] for message in trapped.thread for button in buttons(message)]
        assert ids.APPROVE not in left

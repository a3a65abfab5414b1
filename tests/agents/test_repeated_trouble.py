"""Trouble that comes a second time while the first is still in the window."""

from datetime import datetime, timedelta

import pytest

from agents.investigator import Investigator
from agents.llm_config import LlmConfig
from incidents.diagnosis import Confidence, RootCause
from tests.agents.moments import NOW, ONSET
from tests.agents.scenarios import bad_deployment
from tests.agents.shapes import Shape, flat
from tests.agents.world import World

LIVE_AGAIN = ONSET - timedelta(seconds=90)
ABSENT = float("nan")


def with_an_older_one(ago: timedelta) -> World:
    """The same bad deployment, after one that began so long ago and was rolled back twenty minutes ago."""
    return with_two(NOW - ago, NOW - timedelta(minutes=20), LIVE_AGAIN)


def with_two(began: datetime, healed: datetime, live_again: datetime) -> World:
    """The bad deployment at its usual moment, and once before."""
    world = bad_deployment()

    def bad(at: datetime, onset: datetime) -> bool:
        return began <= at < healed or at >= onset

    def level(before: float, after: float) -> Shape:
        low, high = flat(before), flat(after)
        return lambda at: high(at) if bad(at, ONSET) else low(at)

    series = world.prometheus.series
    series["ml_inference_latency_seconds_bucket"] = [({}, level(0.21, 2.48))]
    series["ml_inference_errors_total"] = [({}, level(0.002, 0.061))]
    series["ml_endpoint_config_info"] = [
        ({"config": "product-recommender-v23"}, lambda at: ABSENT if bad(at, live_again) else 1.0),
        ({"config": "product-recommender-v24"}, lambda at: 1.0 if bad(at, live_again) else ABSENT),
    ]
    return world


@pytest.mark.parametrize("ago", [timedelta(minutes=40), timedelta(hours=3), timedelta(hours=5, minutes=50)])
async def test_a_deployment_that_comes_back_is_found_at_its_second_coming(ago: timedelta):
    world = with_an_older_one(ago)
    findings = await Investigator(world.sources, LlmConfig()).investigate(world.case)
    diagnosis = findings.diagnosis
    assert (diagnosis.root_cause, diagnosis.confidence) == (RootCause.BAD_DEPLOYMENT, Confidence.HIGH)
    assert diagnosis.onset is not None and abs(diagnosis.onset - ONSET) <= timedelta(minutes=2)
    told = " ".join(one.found for one in findings.evidence)
    assert "was switched from product-recommender-v23 to product-recommender-v24 at 19:0" in told
    assert "during the whole window" not in told
    assert "p99 latency of product-recommender-prod rose from 0.21 s to 2.4" in told


@pytest.mark.parametrize("denied", [False, True])
@pytest.mark.parametrize("ago", [timedelta(minutes=30), timedelta(hours=3)])
async def test_one_that_comes_back_before_the_metrics_were_seen_to_be_well_is_still_a_deployment(
    ago: timedelta, denied: bool
):
    world = with_two(ONSET - ago, ONSET - timedelta(minutes=3), LIVE_AGAIN)
    world.sagemaker.down = denied
    findings = await Investigator(world.sources, LlmConfig()).investigate(world.case)
    diagnosis = findings.diagnosis
    assert diagnosis.root_cause is RootCause.BAD_DEPLOYMENT
    assert diagnosis.confidence is (Confidence.LOW if denied else Confidence.HIGH)
    assert diagnosis.onset is not None and abs(diagnosis.onset - ONSET) <= timedelta(minutes=2)
    assert [choice.remediation.kind for choice in findings.plan.choices] == ([] if denied else ["RollbackEndpoint"])

"""Fewer instances than usual are a cause by themselves, whether or not CPU can be read."""

from datetime import timedelta

import pytest

from agents.investigator import Investigator
from agents.llm_config import LlmConfig
from incidents.diagnosis import Advice, Confidence, Diagnosis, RootCause
from tests.agents.moments import ONSET
from tests.agents.shapes import Shape, flat, step_up
from tests.agents.world import World, alert, case_of, world

ENDPOINT = "churn-predictor-prod"
LOST = step_up(4.0, 2.0, ONSET - timedelta(minutes=1))


def troubled(*, slow: bool, failing: bool, cpu: Shape | None, instances: Shape = LOST) -> World:
    """Serving got worse a minute after the instance count changed, with no new config and at the usual traffic."""
    rules = [name for name, on in (("EndpointLatencyP99High", slow), ("EndpointErrorRateHigh", failing)) if on]
    alerts = [alert(name, "churn-predictor", endpoint=ENDPOINT) for name in rules]
    made = world(case_of("churn-predictor", *alerts), "churn-predictor-v17", "churn-predictor-v16")
    made.prometheus.series |= {
        "ml_endpoint_instances": [({}, instances)],
        "ml_endpoint_cpu_utilization_ratio": [({}, cpu)] if cpu else [],
        "ml_inference_latency_seconds_bucket": [({}, step_up(0.21, 1.9) if slow else flat(0.21))],
        "ml_inference_errors_total": [({}, step_up(0.002, 0.03) if failing else flat(0.002))],
    }
    return made


async def diagnosis_of(made: World) -> Diagnosis:
    return (await Investigator(made.sources, LlmConfig()).investigate(made.case)).diagnosis


@pytest.mark.parametrize(
    ("slow", "failing", "cpu"), [(True, True, None), (True, False, None), (False, True, flat(0.55))]
)
async def test_instances_that_are_gone_are_to_be_added_where_cpu_is_not_read_or_requests_fail(
    slow: bool, failing: bool, cpu: Shape | None
):
    diagnosis = await diagnosis_of(troubled(slow=slow, failing=failing, cpu=cpu))
    assert (diagnosis.root_cause, diagnosis.confidence) == (RootCause.INFRASTRUCTURE, Confidence.MEDIUM)
    assert diagnosis.advice[0] is Advice.SCALE_ENDPOINT
    assert "it has 2 of 4 instances" in diagnosis.summary
    assert any("fell from 4 to 2" in claim.text for claim in diagnosis.claims)
    assert diagnosis.struck == ()


@pytest.mark.parametrize(
    ("instances", "cpu"),
    [(LOST, flat(0.55)), (flat(2.0, 0), None), (step_up(4.0, 2.0, ONSET - timedelta(hours=5)), None)],
)
async def test_slowness_is_not_laid_to_instances_where_cpu_is_free_or_none_is_lost_then(
    instances: Shape, cpu: Shape | None
):
    diagnosis = await diagnosis_of(troubled(slow=True, failing=False, cpu=cpu, instances=instances))
    assert diagnosis.root_cause is RootCause.INFRASTRUCTURE
    assert Advice.SCALE_ENDPOINT not in diagnosis.advice


async def test_a_full_endpoint_that_lost_instances_is_told_as_such():
    diagnosis = await diagnosis_of(troubled(slow=True, failing=False, cpu=step_up(0.45, 0.97)))
    assert diagnosis.confidence is Confidence.HIGH
    assert "has no CPU left since it has 2 of 4 instances" in diagnosis.summary

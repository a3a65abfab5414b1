"""Broken data and an endpoint in trouble at once: the diagnosis names the first and does not hide the second."""

from datetime import datetime, timedelta

import pytest

from agents.investigator import Investigator
from agents.llm_config import LlmConfig
from incidents.diagnosis import Advice, RootCause
from incidents.investigation import Findings
from tests.agents.moments import ONSET
from tests.agents.scenarios import upstream_nulls
from tests.agents.shapes import step_up
from tests.agents.world import World

LATER = ONSET + timedelta(minutes=5)
LONG_BEFORE = ONSET - timedelta(hours=3)


async def found(made: World) -> Findings:
    return await Investigator(made.sources, LlmConfig()).investigate(made.case)


def nulls_and(*, slow: datetime | None = None, failing: datetime | None = None, full: datetime | None = None) -> World:
    """Nulls since `ONSET`, and what else since when."""
    made = upstream_nulls()
    if slow:
        made.prometheus.series["ml_inference_latency_seconds_bucket"] = [({}, step_up(0.21, 1.9, slow))]
    if failing:
        made.prometheus.series["ml_inference_errors_total"] = [({}, step_up(0.002, 0.03, failing))]
    if full:
        made.prometheus.series |= {
            "ml_endpoint_cpu_utilization_ratio": [({}, step_up(0.41, 0.97, full))],
            "sum(rate(ml_inference_requests_total": [({}, step_up(40.0, 100.0, full))],
        }
    return made


async def test_an_endpoint_without_room_is_told_beside_broken_data_and_is_to_be_scaled():
    findings = await found(nulls_and(slow=LATER, full=LATER))
    diagnosis = findings.diagnosis
    assert diagnosis.root_cause is RootCause.DATA_QUALITY
    assert "Beside that, churn-predictor-prod has no CPU left" in diagnosis.summary
    assert {Advice.QUARANTINE_DATA, Advice.SCALE_ENDPOINT} <= set(diagnosis.advice)
    told = " ".join(claim.text for claim in diagnosis.claims)
    assert "p99 latency" in told and "CPU utilisation" in told
    assert diagnosis.struck == ()


async def test_what_began_hours_before_the_data_broke_is_a_second_trouble():
    diagnosis = (await found(nulls_and(failing=LONG_BEFORE))).diagnosis
    assert diagnosis.root_cause is RootCause.DATA_QUALITY
    assert "churn-predictor-prod fails requests: a second trouble" in diagnosis.summary
    assert Advice.SCALE_ENDPOINT not in diagnosis.advice


@pytest.mark.parametrize("made", [nulls_and(), nulls_and(failing=ONSET)])
async def test_nulls_alone_or_with_the_errors_that_they_cause_are_one_trouble(made: World):
    diagnosis = (await found(made)).diagnosis
    assert diagnosis.root_cause is RootCause.DATA_QUALITY
    assert "Beside that" not in diagnosis.summary
    assert Advice.SCALE_ENDPOINT not in diagnosis.advice

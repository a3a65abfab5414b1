"""A way back to a config that served well is no new deployment, and a new config is not to blame for every load."""

from datetime import datetime, timedelta

import pytest

from agents.investigator import Investigator
from agents.llm_config import LlmConfig
from incidents.diagnosis import Advice, Confidence, RootCause
from incidents.investigation import Findings
from tests.agents.moments import NOW, ONSET
from tests.agents.scenarios import latency_saturation
from tests.agents.shapes import Shape, step_up
from tests.agents.world import World

ABSENT = float("nan")
BAD_SINCE, BACK_SINCE = ONSET - timedelta(minutes=40), ONSET - timedelta(minutes=20)
V22, V23, V24 = (f"product-recommender-v{number}" for number in (22, 23, 24))


async def found(made: World) -> Findings:
    return await Investigator(made.sources, LlmConfig()).investigate(made.case)


def served(*spans: tuple[datetime, datetime]) -> Shape:
    return lambda at: 1.0 if any(begin <= at < end for begin, end in spans) else ABSENT


def saturation_after_a_rollback() -> World:
    """v24 was slow for twenty minutes and was rolled back; twenty minutes later a campaign saturates v23."""
    made = latency_saturation()
    begin, end = NOW - timedelta(days=1), NOW + timedelta(minutes=1)
    made.prometheus.series |= {
        "ml_inference_latency_seconds_bucket": [
            ({}, lambda at: 1.62 if at >= ONSET or BAD_SINCE <= at < BACK_SINCE else 0.21)
        ],
        "ml_endpoint_config_info": [
            ({"config": V23}, served((begin, BAD_SINCE), (BACK_SINCE, end))),
            ({"config": V24}, served((BAD_SINCE, BACK_SINCE))),
        ],
    }
    made.sagemaker.configs = [
        (V24, BAD_SINCE - timedelta(minutes=5)),
        (V23, NOW - timedelta(days=30)),
        (V22, NOW - timedelta(days=60)),
    ]
    made.sagemaker.last_modified = BACK_SINCE
    return made


async def test_saturation_soon_after_a_rollback_is_no_bad_deployment():
    findings = await found(saturation_after_a_rollback())
    diagnosis = findings.diagnosis
    assert (diagnosis.root_cause, diagnosis.confidence) == (RootCause.INFRASTRUCTURE, Confidence.HIGH)
    assert findings.plan.choices == ()
    assert diagnosis.advice[0] is Advice.SCALE_ENDPOINT
    assert f"{V23}, which is live, is no new version" in " ".join(claim.text for claim in diagnosis.claims)
    assert diagnosis.struck == ()


async def test_the_last_known_good_config_put_back_over_a_newer_one_is_no_bad_deployment_though_no_metric_tells():
    made = saturation_after_a_rollback()
    made.prometheus.series["ml_endpoint_config_info"] = []
    made.sagemaker.config = V22  # the catalogue's last known good
    assert (await found(made)).diagnosis.root_cause is RootCause.INFRASTRUCTURE


async def test_an_older_config_that_was_bad_before_is_a_bad_deployment_again():
    made = saturation_after_a_rollback()
    nan_until = ONSET - timedelta(minutes=1)
    made.prometheus.series |= {
        "ml_endpoint_config_info": [
            ({"config": V23}, served((NOW - timedelta(days=1), BAD_SINCE), (BACK_SINCE, nan_until))),
            ({"config": V24}, served((BAD_SINCE, BACK_SINCE), (nan_until, NOW + timedelta(minutes=1)))),
        ],
        "sum(rate(ml_inference_requests_total": [({}, lambda at: 40.0)],
    }
    made.sagemaker.config, made.sagemaker.last_modified = V24, nan_until
    findings = await found(made)
    assert findings.diagnosis.root_cause is RootCause.BAD_DEPLOYMENT
    assert [choice.remediation.kind for choice in findings.plan.choices] == ["RollbackEndpoint"]


async def test_what_served_under_a_name_before_its_config_was_made_acquits_nothing():
    """Whoever deletes a config and makes another of that name has deployed something else."""
    made = saturation_after_a_rollback()
    made.prometheus.series |= {
        "ml_inference_latency_seconds_bucket": [({}, step_up(0.21, 1.62))],
        "ml_endpoint_config_info": [({"config": V24}, served((NOW - timedelta(days=1), NOW + timedelta(minutes=1))))],
        "sum(rate(ml_inference_requests_total": [({}, lambda at: 40.0)],
    }
    made_at = ONSET - timedelta(minutes=3)
    made.sagemaker.configs[0] = (V24, made_at)
    made.sagemaker.config, made.sagemaker.last_modified = V24, made_at + timedelta(minutes=1)
    findings = await found(made)
    assert findings.diagnosis.root_cause is RootCause.BAD_DEPLOYMENT
    assert [choice.remediation.kind for choice in findings.plan.choices] == ["RollbackEndpoint"]


def campaign_after_a_deployment(ago: timedelta) -> World:
    made = latency_saturation()
    live = ONSET - ago
    made.prometheus.series["ml_endpoint_config_info"] = [
        ({"config": V23}, served((NOW - timedelta(days=1), live))),
        ({"config": V24}, served((live, NOW + timedelta(minutes=1)))),
    ]
    made.sagemaker.config, made.sagemaker.last_modified = V24, live
    made.sagemaker.configs = [(V24, live - timedelta(minutes=5)), (V23, NOW - timedelta(days=30))]
    return made


async def test_traffic_that_saturates_a_config_that_served_for_a_while_is_not_blamed_on_it():
    findings = await found(campaign_after_a_deployment(timedelta(minutes=20)))
    assert findings.diagnosis.root_cause is RootCause.INFRASTRUCTURE
    assert findings.diagnosis.confidence is Confidence.MEDIUM
    assert findings.plan.choices == ()
    assert "came with the traffic" in findings.diagnosis.summary


@pytest.mark.parametrize(("ago", "grows"), [(timedelta(minutes=1), True), (timedelta(minutes=20), False)])
async def test_a_new_config_is_to_blame_right_after_it_went_live_and_where_the_traffic_is_as_before(
    ago: timedelta, grows: bool
):
    made = campaign_after_a_deployment(ago)
    if not grows:
        made.prometheus.series["sum(rate(ml_inference_requests_total"] = [({}, lambda at: 40.0)]
    assert (await found(made)).diagnosis.root_cause is RootCause.BAD_DEPLOYMENT


async def test_an_endpoint_that_was_only_scaled_was_not_deployed_to():
    made = latency_saturation()
    made.sagemaker.last_modified = ONSET - timedelta(minutes=5)
    made.prometheus.series["sum(rate(ml_inference_requests_total"] = [({}, step_up(40.0, 100.0))]
    diagnosis = (await found(made)).diagnosis
    assert diagnosis.root_cause is RootCause.INFRASTRUCTURE
    assert "put back" not in diagnosis.model_dump_json()

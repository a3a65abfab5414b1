"""What is compared with what in time: labels tell of one delay ago, alerts of trouble older than the window."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from agents.investigator import Investigator
from agents.llm_config import LlmConfig
from incidents.alert import Alert
from incidents.diagnosis import Advice, Confidence, RootCause
from incidents.investigation import Findings
from incidents.remediation import QuarantineData, RollbackEndpoint
from tests.agents.moments import NOW, ONSET
from tests.agents.scenarios import bad_deployment, benign_drift
from tests.agents.shapes import Shape, flat, step_up
from tests.agents.world import World, alert, case_of, world
from tools.sagemaker.states import Change

FRAUD = {"model": "fraud-detector", "env": "prod"}
ABSENT = float("nan")
V41, V42 = "fraud-detector-v41", "fraud-detector-v42"


async def found(made: World) -> Findings:
    return await Investigator(made.sources, LlmConfig()).investigate(made.case)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def fired(name: str, since: datetime, **labels: str) -> Alert:
    return alert(name, "fraud-detector", **labels).model_copy(update={"starts_at": since})


def fraud(*alerts: Alert, live_since: datetime, labels_wait: float = 21_600.0) -> World:
    """v42 went live after v41; F1 fell an hour ago."""
    made = world(case_of("fraud-detector", *alerts), V42, V41)
    made.prometheus.series |= {
        "ml_label_delay_seconds": [(FRAUD, lambda _: labels_wait)],
        "ml_model_f1": [(FRAUD, step_up(0.004, 0.12, ago(minutes=58)))],
        "ml_model_recall": [(FRAUD, step_up(0.004, 0.13, ago(minutes=58)))],
        "ml_endpoint_config_info": [
            ({"config": V41}, lambda at: 1.0 if at < live_since else ABSENT),
            ({"config": V42}, lambda at: 1.0 if at >= live_since else ABSENT),
        ],
    }
    made.sagemaker.configs = [(V42, live_since - timedelta(minutes=20)), (V41, ago(days=30))]
    made.sagemaker.last_modified = live_since
    return made


async def test_a_fall_is_blamed_on_what_went_live_one_label_delay_before_it():
    made = fraud(fired("ModelF1Low", ago(minutes=45)), live_since=ago(hours=7))
    findings = await found(made)
    assert findings.diagnosis.root_cause is RootCause.BAD_DEPLOYMENT
    assert findings.diagnosis.culprit.name == V42
    assert [choice.remediation for choice in findings.plan.choices] == [
        RollbackEndpoint(endpoint="fraud-detector-prod", to_config=V41)
    ]
    assert findings.diagnosis.struck == ()


async def test_a_config_younger_than_the_label_delay_is_not_blamed_for_a_fall():
    made = fraud(fired("ModelF1Low", ago(minutes=45)), live_since=ago(minutes=70))
    findings = await found(made)
    assert findings.diagnosis.root_cause is RootCause.CONCEPT_DRIFT
    assert not any(isinstance(c.remediation, RollbackEndpoint) and not c.condition for c in findings.plan.choices)
    assert f"judged now were made before {V42} went live" in findings.diagnosis.summary
    assert findings.diagnosis.struck == ()


async def test_where_labels_come_at_once_the_same_config_is_blamed():
    made = fraud(fired("ModelF1Low", ago(minutes=45)), live_since=ago(minutes=70), labels_wait=300.0)
    assert (await found(made)).diagnosis.root_cause is RootCause.BAD_DEPLOYMENT


async def test_an_onset_older_than_the_window_is_looked_for_where_the_alert_says():
    since = ago(hours=31)
    made = fraud(fired("ModelFeatureDriftHigh", since + timedelta(minutes=7), feature="amount"), live_since=ago(days=9))
    made.prometheus.series["ml_feature_psi{"] = [({**FRAUD, "feature": "amount"}, step_up(0.03, 0.6, since))]
    diagnosis = (await found(made)).diagnosis
    assert diagnosis.onset is not None
    assert abs(diagnosis.onset - since) <= timedelta(minutes=3)


async def test_a_slow_climb_in_whose_midst_the_window_begins_is_dated_by_its_foot():
    begin = ago(hours=9)

    def climb(at: datetime) -> float:
        return 0.03 + 0.42 * min(max((at - begin) / timedelta(hours=6), 0.0), 1.0)

    made = fraud(fired("ModelFeatureDriftHigh", ago(hours=5, minutes=30), feature="amount"), live_since=ago(days=9))
    made.prometheus.series["ml_feature_psi{"] = [({**FRAUD, "feature": "amount"}, climb)]
    diagnosis = (await found(made)).diagnosis
    assert diagnosis.onset is not None
    assert abs(diagnosis.onset - begin) <= timedelta(minutes=30)


async def test_a_quarantine_begins_with_the_first_burst_of_nulls():
    first, last = (ago(hours=2), ago(minutes=109)), (ago(minutes=9), NOW + timedelta(minutes=1))
    bursts: Shape = lambda at: 0.25 if any(begin <= at < end for begin, end in (first, last)) else 0.004  # noqa: E731
    made = fraud(fired("FeatureNullRateHigh", ago(minutes=6), feature="amount"), live_since=ago(days=9))
    made.prometheus.series["ml_feature_null_ratio"] = [({**FRAUD, "feature": "amount"}, bursts)]
    findings = await found(made)
    (quarantine,) = [c.remediation for c in findings.plan.choices if isinstance(c.remediation, QuarantineData)]
    assert quarantine.window_start <= first[0]


async def test_a_quarantine_of_data_that_is_broken_still_reaches_up_to_the_moment_it_is_planned():
    """What was captured while the investigation ran is written after it began."""
    made = fraud(fired("FeatureNullRateHigh", ago(minutes=6), feature="amount"), live_since=ago(days=9))
    made.prometheus.series["ml_feature_null_ratio"] = [({**FRAUD, "feature": "amount"}, step_up(0.004, 0.25))]
    planned = NOW + timedelta(seconds=40)
    findings = await Investigator(replace(made.sources, clock=lambda: planned), LlmConfig()).investigate(made.case)
    (quarantine,) = [c.remediation for c in findings.plan.choices if isinstance(c.remediation, QuarantineData)]
    assert quarantine.window_end == planned


async def test_a_fall_after_healed_nulls_of_one_label_delay_ago_is_a_matter_of_that_data():
    begin, end = ago(hours=7), ago(hours=6, minutes=20)
    nulls = fired("FeatureNullRateHigh", begin + timedelta(minutes=3), feature="amount")
    nulls = nulls.model_copy(update={"status": "resolved", "ends_at": end})
    made = fraud(fired("ModelF1Low", ago(minutes=45)), nulls, live_since=ago(days=9))
    made.prometheus.series["ml_feature_null_ratio"] = [
        ({**FRAUD, "feature": "amount"}, lambda at: 0.22 if begin <= at < end else 0.004)
    ]
    findings = await found(made)
    diagnosis = findings.diagnosis
    assert (diagnosis.root_cause, diagnosis.culprit.name) == (RootCause.DATA_QUALITY, "amount")
    assert not diagnosis.retraining.retrain
    (quarantine,) = [c.remediation for c in findings.plan.choices if isinstance(c.remediation, QuarantineData)]
    assert quarantine.window_start <= begin
    assert end <= quarantine.window_end < ago(hours=5)
    assert diagnosis.struck == ()


def hole_in_the_afternoon(*alerts: Alert) -> World:
    """A third of a feature was null for three hours; since ten minutes nothing is out of its limits any more."""
    made = fraud(*alerts, live_since=ago(days=9))
    begin, end = ago(hours=3, minutes=10), ago(minutes=10)
    made.prometheus.series |= {
        "ml_feature_null_ratio": [({**FRAUD, "feature": "amount"}, lambda at: 0.3 if begin <= at < end else 0.004)],
        "ml_model_f1": [(FRAUD, lambda _: 0.004)],
        "ml_model_recall": [(FRAUD, lambda _: 0.004)],
    }
    return made


async def test_nulls_that_are_over_stay_in_the_training_data_and_are_quarantined():
    nulls = fired("FeatureNullRateHigh", ago(hours=3, minutes=5), feature="amount")
    over = nulls.model_copy(update={"status": "resolved", "ends_at": ago(minutes=5)})
    findings = await found(hole_in_the_afternoon(over))
    diagnosis = findings.diagnosis
    assert (diagnosis.root_cause, diagnosis.culprit.name) == (RootCause.DATA_QUALITY, "amount")
    assert diagnosis.confidence is Confidence.MEDIUM
    assert not diagnosis.retraining.retrain
    assert Advice.QUARANTINE_DATA in diagnosis.advice
    (quarantine,) = [c.remediation for c in findings.plan.choices if isinstance(c.remediation, QuarantineData)]
    assert quarantine.window_start <= ago(hours=3, minutes=10)
    assert ago(minutes=10) <= quarantine.window_end <= NOW
    assert "what comes now is well again" in diagnosis.summary
    assert diagnosis.struck == ()


async def test_rows_that_a_config_refused_until_it_was_taken_back_are_not_broken():
    begin, end = ago(hours=2), ago(minutes=30)
    schema = fired("SchemaViolationRateHigh", ago(minutes=113))
    made = fraud(schema.model_copy(update={"status": "resolved", "ends_at": end}), live_since=ago(days=9))
    calm = [(FRAUD, flat(0.004))]
    made.prometheus.series |= {
        "ml_schema_violation_ratio": [(FRAUD, lambda at: 0.3 if begin <= at < end else 0.003)],
        "ml_endpoint_config_info": [
            ({"config": V41}, lambda at: ABSENT if begin <= at < end else 1.0),
            ({"config": V42}, lambda at: 1.0 if begin <= at < end else ABSENT),
        ],
        "ml_model_f1": calm,
        "ml_model_recall": calm,
    }
    made.sagemaker.config = V41
    findings = await found(made)
    assert findings.diagnosis.root_cause is not RootCause.DATA_QUALITY
    assert findings.plan.choices == ()


async def test_nulls_that_are_over_and_that_no_alert_tells_of_are_not_the_matter_of_another_alert():
    findings = await found(hole_in_the_afternoon(fired("ModelPredictionDriftHigh", ago(minutes=5))))
    assert findings.diagnosis.root_cause is RootCause.BENIGN
    assert findings.plan.choices == ()


async def test_drift_that_began_after_the_fall_is_not_its_cause():
    made = fraud(fired("ModelF1Low", ago(minutes=45)), live_since=ago(days=9))
    made.prometheus.series["ml_feature_psi{"] = [({**FRAUD, "feature": "amount"}, step_up(0.03, 0.13, ago(minutes=30)))]
    diagnosis = (await found(made)).diagnosis
    assert diagnosis.root_cause is RootCause.CONCEPT_DRIFT
    assert "before any of its inputs drifted" in diagnosis.summary


def beside_drift(drift: float, since: datetime, **more: list[tuple[dict[str, str], Shape]]) -> World:
    """F1 fell right after v42 went live, as labels come at once; a feature drifted at another time."""
    made = fraud(fired("ModelF1Low", ago(minutes=45)), live_since=ago(minutes=70), labels_wait=300.0)
    drifted = [({**FRAUD, "feature": "amount"}, step_up(0.03, drift, since))]
    made.prometheus.series |= {"ml_feature_psi{": drifted, **more}
    return made


async def test_small_drift_of_long_before_does_not_take_the_blame_from_a_new_version():
    findings = await found(beside_drift(0.14, ago(hours=6)))
    diagnosis = findings.diagnosis
    assert (diagnosis.root_cause, diagnosis.culprit.name) == (RootCause.BAD_DEPLOYMENT, V42)
    assert diagnosis.confidence is Confidence.MEDIUM
    assert diagnosis.onset is not None and diagnosis.onset >= ago(minutes=75)
    assert [choice.remediation for choice in findings.plan.choices] == [
        RollbackEndpoint(endpoint="fraud-detector-prod", to_config=V41)
    ]
    assert "The drift of amount is small and began long before it." in diagnosis.summary
    assert diagnosis.struck == ()


@pytest.mark.parametrize(("drift", "since"), [(0.41, ago(hours=6)), (0.14, ago(minutes=92))])
async def test_drift_that_is_strong_or_came_shortly_before_a_new_version_leaves_the_blame_open(
    drift: float, since: datetime
):
    findings = await found(beside_drift(drift, since))
    assert findings.diagnosis.root_cause is not RootCause.BAD_DEPLOYMENT
    assert not any(
        isinstance(choice.remediation, RollbackEndpoint) and not choice.condition for choice in findings.plan.choices
    )


async def test_a_version_that_went_live_between_small_drift_and_the_fall_lets_nothing_be_retrained():
    findings = await found(beside_drift(0.14, ago(minutes=92)))
    assert findings.diagnosis.root_cause is RootCause.TRAINING_SERVING_SKEW
    assert findings.diagnosis.confidence is Confidence.LOW
    assert findings.plan.choices == ()


async def test_scores_that_jump_with_a_new_version_are_its_doing_though_an_input_drifted_hours_before():
    calm = [(FRAUD, step_up(0.004, 0.004))]
    made = beside_drift(
        0.14,
        ago(hours=6),
        ml_model_f1=calm,
        ml_model_recall=calm,
        ml_prediction_psi=[(FRAUD, step_up(0.03, 0.4, ago(minutes=69)))],
    )
    assert (await found(made)).diagnosis.root_cause is RootCause.BAD_DEPLOYMENT


async def test_a_hotfix_that_does_not_help_is_not_what_one_goes_back_from():
    made = bad_deployment()
    series = made.prometheus.series["ml_endpoint_config_info"]
    (old, _), (bad, began) = series
    fix = {**bad, "config": "product-recommender-v25"}
    fixed = ONSET + timedelta(minutes=6)
    made.prometheus.series["ml_endpoint_config_info"] = [
        series[0],
        (bad, lambda at: began(at) if at < fixed else ABSENT),
        (fix, lambda at: 1.0 if at >= fixed else ABSENT),
    ]
    made.sagemaker.config = "product-recommender-v25"
    made.sagemaker.configs = [("product-recommender-v25", fixed - timedelta(minutes=3)), *made.sagemaker.configs]
    made.sagemaker.last_modified = fixed
    findings = await found(made)
    assert findings.diagnosis.culprit.name == bad["config"]
    assert findings.diagnosis.confidence is Confidence.MEDIUM
    assert [c.remediation for c in findings.plan.choices] == [
        RollbackEndpoint(endpoint="product-recommender-prod", to_config=old["config"])
    ]
    assert "product-recommender-v25, which took its place, carries the fault on" in findings.diagnosis.summary
    assert findings.diagnosis.struck == ()


async def test_trouble_that_came_and_went_with_a_config_is_that_configs_and_needs_nothing():
    made = bad_deployment()
    (old, _), (bad, _) = made.prometheus.series["ml_endpoint_config_info"]
    begin, end = ago(minutes=43), ago(minutes=12)
    bad_time: Shape = lambda at: 1.0 if begin <= at < end else ABSENT  # noqa: E731
    made.prometheus.series |= {
        "ml_endpoint_config_info": [
            (old, lambda at: ABSENT if begin <= at < end else 1.0),
            (bad, bad_time),
        ],
        "ml_inference_latency_seconds_bucket": [({}, lambda at: 2.1 if begin <= at < end else 0.21)],
        "ml_inference_errors_total": [({}, step_up(0.002, 0.002))],
    }
    made.sagemaker.config = old["config"]
    made.sagemaker.last_modified = end
    findings = await found(made)
    diagnosis = findings.diagnosis
    assert (diagnosis.root_cause, diagnosis.culprit.name) == (RootCause.BAD_DEPLOYMENT, bad["config"])
    assert findings.plan.choices == ()
    assert Advice.WATCH in diagnosis.advice
    assert diagnosis.struck == ()


@pytest.mark.parametrize(
    ("detail", "cause"),
    [
        ("ended Failed: step Train: CapacityError: Unable to provision", RootCause.INFRASTRUCTURE),
        ("ended Failed: step Train: AlgorithmError: exit code 1", RootCause.UNKNOWN),
    ],
)
async def test_a_training_run_without_a_machine_is_told_from_one_that_failed_otherwise(detail: str, cause: RootCause):
    run = alert("TrainingPipelineFailed", "fraud-detector", kind="pipeline")
    made = world(case_of("fraud-detector", run), V42, V41)
    told = f"a run of fraud-detector-train {detail}"
    made.sagemaker.changes = [
        Change(at=ago(minutes=22), what="pipeline run ended", subject="fraud-detector-train", detail=told)
    ]
    assert (await found(made)).diagnosis.root_cause is cause


async def test_quality_that_waits_for_labels_does_not_make_sure_that_a_fresh_drift_is_harmless():
    made = benign_drift()
    model = made.case.incident.model
    made.prometheus.series["ml_label_delay_seconds"] = [({"model": model, "env": "prod"}, lambda _: 86_400.0)]
    diagnosis = (await found(made)).diagnosis
    assert (diagnosis.root_cause, diagnosis.confidence) == (RootCause.BENIGN, Confidence.MEDIUM)

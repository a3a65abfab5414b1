"""What moved first, what is usual for the hour, scores that move alone, and an endpoint that is full."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from agents.investigator import Investigator
from agents.llm_config import LlmConfig
from incidents.diagnosis import Advice, Confidence, RootCause
from incidents.evidence import Evidence, EvidenceKind
from incidents.investigation import Findings
from tests.agents.fake_prometheus import FakePrometheus
from tests.agents.moments import NOW, ONSET
from tests.agents.scenarios import bad_deployment, feature_drift
from tests.agents.shapes import Shape, flat, step_up
from tests.agents.world import World, alert, case_of, world
from tools.errors import Unavailable
from tools.prometheus.series import Series

FRAUD = {"model": "fraud-detector", "env": "prod"}
DAY = timedelta(days=1)


def fraud(*names: str) -> World:
    alerts = [alert(name, "fraud-detector") for name in names]
    return world(case_of("fraud-detector", *alerts), "fraud-detector-v41", "fraud-detector-v40")


async def found(made: World) -> Findings:
    return await Investigator(made.sources, LlmConfig()).investigate(made.case)


def told(findings: Findings, words: str) -> list[Evidence]:
    return [one for one in findings.evidence if words in one.found]


def of_amount(shape: Shape) -> list[tuple[dict[str, str], Shape]]:
    return [({**FRAUD, "feature": "amount"}, shape), ({**FRAUD, "feature": "country"}, flat(0.03))]


def drifting_before_quality() -> World:
    made = fraud("ModelFeatureDriftHigh", "ModelF1Low")
    made.prometheus.series |= {
        "ml_feature_psi{": of_amount(step_up(0.03, 0.5, ONSET - timedelta(minutes=20))),
        "ml_model_f1": [(FRAUD, step_up(0.004, 0.12, ONSET))],
    }
    return made


async def test_what_moved_first_is_told_in_one_sentence_and_shown_with_the_diagnosis():
    findings = await found(drifting_before_quality())
    (first,) = told(findings, "Moved first")
    assert first.found == "Moved first: PSI of feature amount at 18:42:00 UTC; then drop in F1 at 19:02:00 UTC."
    assert first.found in [claim.text for claim in findings.diagnosis.claims]


async def test_what_cannot_be_told_apart_moved_together_and_is_no_order():
    findings = await found(bad_deployment())
    (together,) = told(findings, "Moved together")
    assert "p99 latency" in together.found and "error rate" in together.found
    assert not told(findings, "Moved first")
    assert together.id not in [one for claim in findings.diagnosis.claims for one in claim.evidence]


async def test_what_is_back_at_its_level_is_none_of_what_moved():
    made = drifting_before_quality()

    def spell(at: datetime) -> float:
        return 0.9 if ONSET - timedelta(hours=2) <= at < ONSET - timedelta(hours=1) else flat(0.41)(at)

    made.prometheus.series["ml_endpoint_cpu_utilization_ratio"] = [({}, spell)]
    (first,) = told(await found(made), "Moved first")
    assert "CPU" not in first.found


async def test_one_thing_that_moved_has_no_order():
    made = fraud("ModelFeatureDriftHigh")
    made.prometheus.series["ml_feature_psi{"] = of_amount(step_up(0.03, 0.5))
    assert not told(await found(made), "Moved ")


def daily(low: float, high: float) -> Shape:
    """High in the last hours before the same time of every day."""
    return lambda at: flat(high if (NOW - at) % DAY < timedelta(hours=3) else low)(at)


def evening(shape: Shape) -> World:
    made = fraud("ModelFeatureDriftHigh")
    made.prometheus.series["ml_feature_psi{"] = of_amount(shape)
    return made


async def test_a_drift_of_every_evening_is_benign_on_evidence_of_last_week():
    # The middle of the hour of comparison lies at the time of day of the investigation.
    findings = await found(evening(lambda at: daily(0.03, 0.2)(at - timedelta(minutes=40))))
    (season,) = told(findings, "at this hour")
    assert season.found == (
        "PSI of feature amount of fraud-detector is 0.20; at this hour it was 0.20 a day ago and 0.20 a week ago: "
        "usual for this hour."
    )
    assert [figure.name for figure in season.figures] == ["now", "a day ago", "a week ago"]
    assert findings.diagnosis.root_cause is RootCause.BENIGN
    assert "as a week ago at this hour" in findings.diagnosis.summary
    assert season.found in [claim.text for claim in findings.diagnosis.claims]


async def test_a_drift_of_today_is_not_usual_for_the_hour():
    findings = await found(evening(step_up(0.03, 0.2)))
    (season,) = told(findings, "at this hour")
    assert season.found.endswith("it was 0.03 a day ago and 0.03 a week ago: not usual for this hour.")
    assert "a week ago" not in findings.diagnosis.summary


async def test_a_drift_that_stays_since_last_month_is_no_season_but_not_new():
    findings = await found(evening(flat(0.2)))
    (season,) = told(findings, "at this hour")
    assert season.found.endswith("so it is not new.")
    assert "a week ago" not in findings.diagnosis.summary


class ForgetfulPrometheus(FakePrometheus):
    """Keeps samples of two days, or of less."""

    kept = 2 * DAY
    fails = False

    async def query_range(
        self, promql: str, start: datetime, end: datetime, step: timedelta | None = None
    ) -> list[Series]:
        if end >= NOW - self.kept:
            return await super().query_range(promql, start, end, step)
        if self.fails:
            raise Unavailable("Prometheus", "query_range", "timeout")
        self._ask(promql)
        return []


def forgetful(made: World, kept: timedelta, *, fails: bool = False) -> World:
    made.prometheus = ForgetfulPrometheus(made.prometheus.series)
    made.prometheus.kept, made.prometheus.fails = kept, fails
    return made


async def test_yesterday_alone_is_compared_where_a_week_is_not_kept():
    (season,) = told(await found(forgetful(evening(step_up(0.03, 0.2)), 2 * DAY)), "at this hour")
    assert season.found.endswith("at this hour it was 0.03 a day ago: not usual for this hour.")


async def test_samples_that_are_not_kept_that_long_are_a_gap_and_no_failure():
    findings = await found(forgetful(evening(step_up(0.03, 0.2)), timedelta(hours=7)))
    (gap,) = [one for one in findings.evidence if one.kind is EvidenceKind.GAP]
    assert gap.found == (
        "How it was at the same hour a day and a week ago could not be read: Prometheus has no samples that old."
    )
    assert findings.diagnosis.gaps == ()
    assert findings.diagnosis.confidence is Confidence.HIGH


async def test_a_prometheus_that_fails_for_last_week_is_told_among_what_could_not_be_read():
    findings = await found(forgetful(evening(step_up(0.03, 0.2)), 2 * DAY, fails=True))
    assert findings.diagnosis.gaps == (
        "How it was at the same hour a day and a week ago could not be read: Prometheus did not answer.",
    )
    assert findings.diagnosis.root_cause is RootCause.BENIGN


def old(asked: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return [
        question for question in asked if isinstance(question[2], datetime) and question[2] < NOW - timedelta(1) / 2
    ]


async def test_at_most_three_measures_are_asked_for_and_none_where_nothing_moved():
    made = feature_drift()
    everything = [
        *("ml_feature_psi{", "ml_feature_psi_aggregate", "ml_prediction_psi", "ml_model_f1", "ml_model_accuracy"),
        *("ml_model_recall", "ml_anomaly_ratio", "ml_schema_violation_ratio"),
    ]
    made.prometheus.series |= {name: [({**FRAUD, "feature": "amount"}, step_up(0.004, 0.6))] for name in everything}
    findings = await found(made)
    assert len(told(findings, "at this hour")) == 3
    seasons = [question for question in old(list(made.prometheus.ready)) if question[2] != NOW - timedelta(hours=6)]
    assert len([one for one in seasons if "label_delay" not in str(one[0])]) == 6

    calm = fraud("ModelF1Low")
    await found(calm)
    assert not [one for one in old(list(calm.prometheus.ready)) if "label_delay" not in str(one[0])]


def scores(to: float, *, f1: float = 0.004) -> World:
    made = fraud("ModelPredictionDriftHigh")
    made.prometheus.series |= {
        "ml_prediction_psi": [(FRAUD, step_up(0.03, to))],
        "ml_model_f1": [(FRAUD, step_up(0.004, f1))],
    }
    return made


async def test_scores_that_jump_while_inputs_and_config_stay_are_for_the_models_team():
    findings = await found(scores(0.6))
    diagnosis = findings.diagnosis
    assert diagnosis.root_cause is RootCause.UNKNOWN
    assert "scores of fraud-detector jumped while its inputs and its config stayed as they were" in diagnosis.summary
    assert diagnosis.onset == ONSET
    assert Advice.INVESTIGATE_BY_HAND in diagnosis.advice
    assert findings.plan.choices == ()
    claims = " ".join(claim.text for claim in diagnosis.claims)
    assert (
        "PSI of the predictions" in claims and "The inputs did not change" in claims and "fraud-detector-v41" in claims
    )


async def test_scores_that_move_a_little_with_quality_as_before_are_watched():
    diagnosis = (await found(scores(0.14))).diagnosis
    assert diagnosis.root_cause is RootCause.BENIGN
    assert diagnosis.summary.startswith("The scores of fraud-detector shifted while its inputs did not")


async def test_scores_and_quality_that_move_over_flat_inputs_are_concept_drift_and_both_are_named():
    diagnosis = (await found(scores(0.6, f1=0.12))).diagnosis
    assert diagnosis.root_cause is RootCause.CONCEPT_DRIFT
    assert any("PSI of the predictions" in claim.text for claim in diagnosis.claims)


def refusing(share: float) -> World:
    made = fraud("EndpointErrorRateHigh")
    made.prometheus.series |= {
        "ml_inference_errors_total": [({}, step_up(0.002, 0.08))],
        "sum(rate(ml_inference_throttled_total": [({}, step_up(0.0, 40.0 * share))],
    }
    return made


async def test_an_endpoint_that_refuses_requests_is_full_though_its_cpu_is_not():
    findings = await found(refusing(0.2))
    assert findings.diagnosis.root_cause is RootCause.INFRASTRUCTURE
    assert "refuses requests because more arrive than it takes (throttling)" in findings.diagnosis.summary
    assert Advice.SCALE_ENDPOINT in findings.diagnosis.advice
    (throttled,) = told(findings, "Throttled requests (429)")
    assert throttled.found.startswith(
        "Throttled requests (429) of fraud-detector-prod rose from 0.0 requests/s to 8.0 requests/s at 19:0"
    )


async def test_a_few_refused_requests_are_no_full_endpoint():
    findings = await found(refusing(0.005))
    assert "throttling" not in findings.diagnosis.summary


async def test_requests_per_instance_rise_when_instances_are_lost():
    made = fraud("EndpointLatencyP99High")
    made.prometheus.series |= {
        "ml_inference_latency_seconds_bucket": [({}, step_up(0.21, 2.2))],
        "ml_endpoint_cpu_utilization_ratio": [({}, step_up(0.41, 0.97))],
        "ml_endpoint_instances": [({}, lambda at: 4.0 if at < ONSET else 1.0)],
    }
    findings = await found(made)
    (each,) = told(findings, "Requests per instance")
    assert each.found.startswith(
        "Requests per instance of fraud-detector-prod rose from 10.0 requests/s to 40.0 requests/s at 19:0"
    )
    assert each.asked == (
        'sum(rate(ml_inference_requests_total{endpoint="fraud-detector-prod"}[5m])) / '
        'sum(ml_endpoint_instances{endpoint="fraud-detector-prod"})'
    )
    assert each.found in [claim.text for claim in findings.diagnosis.claims]


@pytest.mark.parametrize("missing", ["sum(rate(ml_inference_throttled_total", "ml_endpoint_instances"])
async def test_an_exporter_without_some_of_it_is_no_gap(missing: str):
    made = fraud("ModelF1Low")
    made.prometheus.series[missing] = []
    findings = await found(made)
    assert findings.diagnosis.gaps == ()
    assert len(told(findings, "CPU utilisation of fraud-detector-prod is 41")) >= 1

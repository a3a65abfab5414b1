"""The five scenarios, investigated by the offline rules."""

from datetime import timedelta

import pytest

from agents.investigator import Investigator
from agents.llm_config import LlmConfig
from agents.progress import STEPS
from agents.rules.model import OFFLINE_NAME
from incidents.diagnosis import Advice, Confidence, RootCause
from incidents.investigation import Findings, ProgressStep
from incidents.proposal import When
from incidents.remediation import (
    NotifyOwners,
    QuarantineData,
    RerunDataPipeline,
    RollbackEndpoint,
    StartRetraining,
)
from tests.agents.conftest import FEW
from tests.agents.fake_runbooks import PAGES
from tests.agents.moments import NOW, ONSET
from tests.agents.scenarios import SCENARIOS, bad_deployment, feature_drift
from tests.agents.world import World


async def found(world: World) -> Findings:
    return await Investigator(world.sources, LlmConfig()).investigate(world.case)


async def test_a_bad_deployment_is_rolled_back_to_the_config_that_was_live_before():
    findings = await found(bad_deployment())
    diagnosis = findings.diagnosis
    assert diagnosis.root_cause is RootCause.BAD_DEPLOYMENT
    assert (diagnosis.culprit.kind, diagnosis.culprit.name) == ("endpoint_config", "product-recommender-v24")
    assert diagnosis.confidence is Confidence.HIGH
    assert diagnosis.onset == ONSET
    assert not diagnosis.retraining.retrain
    assert [choice.remediation for choice in findings.plan.choices] == [
        RollbackEndpoint(endpoint="product-recommender-prod", to_config="product-recommender-v23")
    ]
    texts = [claim.text for claim in diagnosis.claims]
    assert (
        "p99 latency of product-recommender-prod rose from 0.21 s to 2.48 s at 19:02:00 UTC, past its limit of 1 s."
        in texts
    )


async def test_feature_drift_with_harm_and_clean_data_is_retrained():
    findings = await found(feature_drift())
    diagnosis = findings.diagnosis
    assert diagnosis.root_cause is RootCause.FEATURE_DRIFT
    assert (diagnosis.culprit.kind, diagnosis.culprit.name) == ("feature", "amount")
    assert diagnosis.retraining.retrain
    choice, way_back = findings.plan.choices
    assert isinstance(choice.remediation, StartRetraining)
    assert way_back.remediation == RollbackEndpoint(endpoint="fraud-detector-prod", to_config="fraud-detector-v40")
    assert (choice.when, way_back.when) == (When.AT_ONCE, When.IF_GATE_FAILS)
    assert choice.remediation.pipeline == "fraud-detector-train"
    assert choice.remediation.window_end == NOW
    assert (choice.remediation.window_end - choice.remediation.window_start).days == 28


async def test_upstream_nulls_are_never_retrained_on():
    findings = await found(SCENARIOS["upstream_nulls"]())
    diagnosis = findings.diagnosis
    assert diagnosis.root_cause is RootCause.DATA_QUALITY
    assert diagnosis.culprit.name == "last_login_days"
    assert not diagnosis.retraining.retrain
    quarantine, rerun, notify = findings.plan.choices
    assert quarantine.remediation == QuarantineData(
        bucket="agentops-churn-predictor",
        prefix="capture/",
        window_start=ONSET - timedelta(minutes=10),
        window_end=NOW,
    )
    assert rerun.remediation == RerunDataPipeline(
        pipeline="subscriber-features", window_start=ONSET - timedelta(minutes=10)
    )
    assert (quarantine.when, rerun.when) == (When.AT_ONCE, When.AFTER_PREVIOUS)
    assert "only once crm.subscriber_activity delivers right values" in rerun.condition
    assert isinstance(notify.remediation, NotifyOwners)
    assert notify.remediation.owners == "ml-oncall"
    assert {Advice.QUARANTINE_DATA, Advice.RERUN_DATA_PIPELINE, Advice.DO_NOT_RETRAIN} <= set(diagnosis.advice)


async def test_drift_without_harm_is_watched():
    findings = await found(SCENARIOS["benign_drift"]())
    assert findings.diagnosis.root_cause is RootCause.BENIGN
    assert findings.plan.choices == ()
    assert not findings.diagnosis.retraining.retrain
    assert Advice.WATCH in findings.diagnosis.advice


async def test_a_saturated_endpoint_is_scaled_not_rolled_back():
    findings = await found(SCENARIOS["latency_saturation"]())
    assert findings.diagnosis.root_cause is RootCause.INFRASTRUCTURE
    assert findings.diagnosis.culprit.kind == "traffic"
    assert findings.plan.choices == ()
    assert findings.diagnosis.advice[0] is Advice.SCALE_ENDPOINT


@pytest.mark.parametrize("name", SCENARIOS)
async def test_every_claim_and_citation_of_the_rules_survives_its_own_check(name: str):
    world = SCENARIOS[name]()
    findings = await found(world)
    diagnosis = findings.diagnosis
    assert diagnosis.struck == ()
    assert diagnosis.gaps == ()
    known = {evidence.id for evidence in findings.evidence}
    assert all(set(claim.evidence) <= known and claim.evidence for claim in diagnosis.claims)
    assert diagnosis.citations
    verbatim = {text for page in PAGES for text in page.passages.values()}
    assert all(citation.quote in verbatim and citation.lines for citation in diagnosis.citations)
    assert (diagnosis.reasoner.name, diagnosis.reasoner.offline) == (OFFLINE_NAME, True)


@pytest.mark.parametrize("name", FEW)
async def test_the_same_case_gets_the_same_findings(name: str):
    first, second = await found(SCENARIOS[name]()), await found(SCENARIOS[name]())
    assert first.evidence == second.evidence
    assert first.plan == second.plan
    assert first.diagnosis.claims == second.diagnosis.claims


async def test_progress_names_every_step_and_ends_complete():
    world = bad_deployment()
    told: list[ProgressStep] = []

    async def listen(step: ProgressStep) -> None:
        told.append(step)

    await Investigator(world.sources, LlmConfig()).investigate(world.case, listen)
    assert {step.key: step.status for step in told} == dict.fromkeys(STEPS, "complete")
    assert [step.status for step in told if step.key == "diagnosis"] == ["pending", "in_progress", "complete"]


async def test_each_partner_is_asked_once_for_the_same_thing():
    world = SCENARIOS["benign_drift"]()
    await found(world)
    ranges = [query for query in world.prometheus.asked if "ml_feature_null_ratio" in query]
    assert len(ranges) == 1
    assert len(world.runbooks.asked) == len(set(world.runbooks.asked))


async def test_the_last_known_good_config_stands_in_where_the_one_before_is_gone():
    world = bad_deployment()
    world.sagemaker.configs = [c for c in world.sagemaker.configs if c[0] != "product-recommender-v23"]
    (choice,) = (await found(world)).plan.choices
    assert choice.remediation == RollbackEndpoint(
        endpoint="product-recommender-prod", to_config="product-recommender-v22"
    )


async def test_nothing_is_rolled_back_when_no_config_passes_the_preflight():
    world = bad_deployment()
    world.sagemaker.problems = {f"product-recommender-v{n}": ["its model is gone"] for n in (22, 23)}
    findings = await found(world)
    assert findings.plan.choices == ()
    assert Advice.INVESTIGATE_BY_HAND in findings.diagnosis.advice


async def test_nothing_is_retrained_while_the_pipeline_is_being_deleted():
    world = feature_drift()
    world.sagemaker.pipeline_status = "Deleting"
    assert (await found(world)).plan.choices == ()


async def test_quality_on_its_way_out_counts_as_harm_with_less_confidence():
    world = feature_drift()
    one = {"model": "fraud-detector", "env": "prod"}
    world.prometheus.series["ml_model_accuracy"] = [(one, lambda at: 0.03 if at >= ONSET else 0.004)]
    world.prometheus.series["ml_model_f1"] = [(one, lambda at: 0.005)]
    findings = await found(world)
    assert findings.diagnosis.root_cause is RootCause.FEATURE_DRIFT
    assert findings.diagnosis.confidence is Confidence.MEDIUM
    assert findings.diagnosis.retraining.retrain


async def test_quality_lost_with_flat_inputs_is_concept_drift():
    world = feature_drift()
    one = {"model": "fraud-detector", "env": "prod"}
    world.prometheus.series["ml_feature_psi{"] = [({**one, "feature": "amount"}, lambda at: 0.03)]
    world.prometheus.series["ml_feature_psi_aggregate"] = [(one, lambda at: 0.04)]
    findings = await found(world)
    assert findings.diagnosis.root_cause is RootCause.CONCEPT_DRIFT
    assert findings.diagnosis.culprit.name == "fraud-detector"


async def test_an_answer_comes_from_the_diagnosis_and_cites_what_it_cites():
    world = SCENARIOS["upstream_nulls"]()
    investigator = Investigator(world.sources, LlmConfig())
    known = await investigator.investigate(world.case)
    answer = await investigator.answer("Should we retrain this?", world.case, known)
    assert answer.text.startswith("No. The data is broken")
    assert answer.citations == known.diagnosis.citations
    assert answer.reasoner.offline


async def test_an_answer_that_nothing_supports_says_so():
    world = SCENARIOS["upstream_nulls"]()
    world.runbooks.pages = ()
    answer = await Investigator(world.sources, LlmConfig()).answer("Who won the match?", world.case)
    assert "Neither the evidence of this incident nor the runbooks" in answer.text
    assert answer.citations == ()

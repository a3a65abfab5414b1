"""Partners that are down make a diagnosis humbler; they never make it fail, and never make it bolder."""

from itertools import product

import pytest

from agents.investigator import Investigator
from agents.llm_config import LlmConfig
from incidents.diagnosis import Advice, Confidence, RootCause
from incidents.evidence import EvidenceKind
from incidents.investigation import Findings
from incidents.remediation import RollbackEndpoint, StartRetraining
from tests.agents.scenarios import SCENARIOS, bad_deployment
from tests.agents.world import World, alert, case_of, world
from tests.thoroughness import thorough

PARTNERS = ("prometheus", "sagemaker", "datasets", "runbooks")


async def found(world: World) -> Findings:
    return await Investigator(world.sources, LlmConfig()).investigate(world.case)


def without(scenario: str, *down: str) -> World:
    made = SCENARIOS[scenario]()
    made.prometheus.down = "prometheus" in down
    made.sagemaker.down = "sagemaker" in down
    made.datasets.down = "datasets" in down
    made.runbooks.down = "runbooks" in down
    return made


# One that is down alone, and all at once, find most; the thorough run tries what lies between.
MASKS = [
    pytest.param(mask, marks=[] if sum(mask) in (1, len(mask)) else thorough)
    for mask in product([False, True], repeat=len(PARTNERS))
    if any(mask)
]


@pytest.mark.parametrize("scenario", ["bad_deployment", "feature_drift"])
@pytest.mark.parametrize("mask", MASKS)
async def test_whatever_is_down_is_told_and_nothing_rests_on_it(scenario: str, mask: tuple[bool, ...]):
    down = [name for name, is_down in zip(PARTNERS, mask, strict=True) if is_down]
    findings = await found(without(scenario, *down))
    diagnosis = findings.diagnosis
    names = {"prometheus": "Prometheus", "sagemaker": "SageMaker", "datasets": "Model Monitor"}
    for partner in down:
        assert any(names.get(partner, "Runbook index") in gap for gap in diagnosis.gaps), (partner, diagnosis.gaps)
    assert diagnosis.confidence is not Confidence.HIGH
    for choice in findings.plan.choices:
        assert not {"prometheus", "sagemaker"} & set(down)
        if isinstance(choice.remediation, StartRetraining):
            assert "datasets" not in down
    gaps = {evidence.id for evidence in findings.evidence if evidence.kind is EvidenceKind.GAP}
    assert not any(gaps & set(claim.evidence) for claim in diagnosis.claims)


async def test_without_metrics_the_cause_is_unknown_but_the_deployment_is_named():
    diagnosis = (await found(without("bad_deployment", "prometheus"))).diagnosis
    assert diagnosis.root_cause is RootCause.UNKNOWN
    assert diagnosis.confidence is Confidence.LOW
    assert RootCause.BAD_DEPLOYMENT in [hypothesis.cause for hypothesis in diagnosis.hypotheses]


async def test_without_runbooks_the_rollback_is_still_proposed():
    findings = await found(without("bad_deployment", "runbooks"))
    assert findings.diagnosis.confidence is Confidence.MEDIUM
    assert findings.diagnosis.citations == ()
    assert [type(choice.remediation) for choice in findings.plan.choices] == [RollbackEndpoint]


async def test_without_the_monitor_nobody_retrains():
    findings = await found(without("feature_drift", "datasets"))
    assert findings.diagnosis.root_cause is RootCause.FEATURE_DRIFT
    assert not findings.diagnosis.retraining.retrain
    assert findings.plan.choices == ()


async def test_a_signal_that_was_never_exported_is_told_but_costs_no_confidence():
    made = bad_deployment()
    made.prometheus.series["ml_model_auc"] = []
    diagnosis = (await found(made)).diagnosis
    assert any("auc_drop" in gap for gap in diagnosis.gaps)
    assert diagnosis.confidence is Confidence.HIGH


async def test_an_unlisted_model_is_read_only_and_told_how_to_be_listed():
    case = case_of("mystery-model", alert("ModelAccuracyLow", "mystery-model"), listed=False)
    made = world(case_of("churn-predictor", alert("ModelAccuracyLow", "churn-predictor")), "v1", "v0")
    made.case = case
    findings = await found(made)
    assert findings.diagnosis.root_cause is RootCause.UNKNOWN
    assert findings.diagnosis.confidence is Confidence.LOW
    assert findings.diagnosis.advice[0] is Advice.ADD_TO_CATALOGUE
    assert findings.plan.choices == ()
    assert made.prometheus.asked == []
    assert findings.diagnosis.claims[0].text.startswith("ModelAccuracyLow (critical) fires since")

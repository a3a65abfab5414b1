"""The live version beside the one before it."""

from typing import Any

import pytest

from agents.investigator import Investigator
from agents.llm_config import LlmConfig
from incidents.evidence import Evidence, EvidenceKind
from incidents.investigation import Findings
from tests.agents.scenarios import bad_deployment, feature_drift
from tests.agents.shapes import flat
from tests.agents.world import World
from tools.errors import NotFound
from tools.sagemaker.versions import ServedVersion

LIVE, BEFORE = "product-recommender-v24", "product-recommender-v23"
METRICS = {"accuracy": 0.87, "f1": 0.81, "auc": 0.9}


def version(config: str, **more: Any) -> ServedVersion:
    content: dict[str, Any] = {
        "config": config,
        "model": config,
        "version": int(config.rpartition("v")[2]),
        "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/recommender:1.4",
        "instance_type": "ml.c5.xlarge",
        "instances": 4,
        "artefact_bytes": 120_000_000,
        "environment": {"WORKERS": "4", "TOKEN": "hunter2hunter2"},
        "figures": METRICS,
    }
    return ServedVersion.model_validate({**content, **more})


async def found(live: ServedVersion, before: ServedVersion, make: Any = bad_deployment) -> Findings:
    made: World = make()
    made.sagemaker.versions = {live.config: live, before.config: before}
    return await Investigator(made.sources, LlmConfig()).investigate(made.case)


def told(findings: Findings, kind: EvidenceKind) -> Evidence:
    return next(one for one in findings.evidence if one.kind is kind and LIVE in one.asked)


async def test_what_differs_is_told_and_supports_the_diagnosis():
    live = version(
        LIVE,
        image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/recommender:2.0",
        instance_type="ml.m5.large",
        instances=2,
        artefact_bytes=480_000_000,
        environment={"WORKERS": "1", "TOKEN": "swordfish99", "NEW": "x"},
    )
    findings = await found(live, version(BEFORE))
    change = told(findings, EvidenceKind.CHANGE)
    assert change.found == (
        "product-recommender-v24 (version 24) against product-recommender-v23 (version 23) before it: "
        "image recommender:2.0 instead of recommender:1.4; instance type ml.m5.large instead of ml.c5.xlarge; "
        "2 instances asked for instead of 4; artefact of 480 MB instead of 120 MB; variable NEW is new; "
        "variable TOKEN has another value; variable WORKERS 1 instead of 4."
    )
    assert change.id in {e for claim in findings.diagnosis.claims for e in claim.evidence}
    assert findings.diagnosis.struck == ()
    everything = findings.model_dump_json()
    assert "hunter2" not in everything
    assert "swordfish" not in everything


async def test_versions_that_are_alike_are_told_to_be():
    findings = await found(version(LIVE, artefact_bytes=120_900_000), version(BEFORE))
    change = told(findings, EvidenceKind.CHANGE)
    assert change.found.endswith("before it: the same image, instance type, size and environment.")
    assert change.id not in {e for claim in findings.diagnosis.claims for e in claim.evidence}


async def test_evaluations_are_compared_by_the_gates_metric_and_margin():
    findings = await found(version(LIVE, figures={**METRICS, "f1": 0.74}), version(BEFORE))
    compared = told(findings, EvidenceKind.MODEL_COMPARISON)
    assert compared.found == (
        "product-recommender-v24 (version 24) in its evaluation (each on its own holdout): f1 0.740, 0.810 before; "
        "accuracy 0.870, 0.870 before; auc 0.900, 0.900 before."
    )
    assert compared.id in {e for claim in findings.diagnosis.claims for e in claim.evidence}


@pytest.mark.parametrize(("champion", "where"), [(23, "on the same holdout"), (22, "each on its own holdout")])
async def test_the_live_models_figures_on_the_same_holdout_count_only_where_they_are_of_that_version(
    champion: int, where: str
):
    report = {**METRICS, "champion.version": champion, "champion.f1": 0.9, "champion.accuracy": 0.8}
    compared = told(await found(version(LIVE, figures=report), version(BEFORE)), EvidenceKind.MODEL_COMPARISON)
    assert where in compared.found
    assert ("f1 0.810, 0.900 before" in compared.found) == (champion == 23)


async def test_versions_that_serve_at_once_are_told_side_by_side():
    made = bad_deployment()
    series = made.prometheus.series
    series["sum by (config, variant, version, model_version) (rate(ml_inference_errors_total"] = [
        ({"config": LIVE}, flat(0.09, 0)),
        ({"config": BEFORE}, flat(0.002, 0)),
    ]
    findings = await Investigator(made.sources, LlmConfig()).investigate(made.case)
    fact = next(one for one in findings.evidence if " by config: " in one.found)
    assert fact.found == (f"Error rate of product-recommender-prod by config: {LIVE} 9.0 %, {BEFORE} 0.2 %.")
    assert fact.id in {e for claim in findings.diagnosis.claims for e in claim.evidence}
    assert findings.diagnosis.struck == ()


async def test_metrics_that_know_no_versions_say_nothing():
    findings = await found(version(LIVE), version(BEFORE))
    assert not any(" by config" in one.found or " by variant" in one.found for one in findings.evidence)


async def test_what_is_gone_is_told():
    findings = await found(version(LIVE), version(BEFORE, figures={}, lacking=("evaluation report",)))
    assert told(findings, EvidenceKind.CHANGE).found.endswith("Not to be had: evaluation report.")
    assert not any(one.asked.startswith("evaluation reports") for one in findings.evidence)


async def test_a_config_that_was_not_changed_lately_is_compared_with_nothing():
    findings = await found(version(LIVE), version(BEFORE), feature_drift)
    assert not any(" against " in one.asked for one in findings.evidence)


async def test_a_previous_config_that_is_gone_is_a_gap_and_costs_no_confidence(monkeypatch: pytest.MonkeyPatch):
    made = bad_deployment()

    async def gone(config: str, variant: str, group: str | None) -> ServedVersion:
        raise NotFound("SageMaker", "DescribeEndpointConfig", config)

    monkeypatch.setattr(made.sagemaker, "served_version", gone)
    findings = await Investigator(made.sources, LlmConfig()).investigate(made.case)
    assert "The version before could not be read: SageMaker has nothing of that name." in findings.diagnosis.gaps
    assert findings.diagnosis.confidence == "high"

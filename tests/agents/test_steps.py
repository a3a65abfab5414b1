"""Which steps code permits, when each comes, and what is left of a plan that asks for something else."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.evidence_book import EvidenceBook
from agents.investigator import Investigator
from agents.llm_config import LlmConfig
from agents.permitted_step import Step
from agents.remediation.plan_check import bounded_plan, plan_problems
from incidents.diagnosis import Advice, RootCause
from incidents.evidence import Evidence, EvidenceKind
from incidents.investigation import Findings
from incidents.origin import VariantWeight
from incidents.proposal import PlanDraft, RemediationChoice, When
from incidents.remediation import (
    AnyRemediation,
    NotifyOwners,
    OpenIssue,
    QuarantineData,
    RerunDataPipeline,
    RollbackEndpoint,
    ShiftTraffic,
    StartRetraining,
)
from tests.agents.moments import NOW
from tests.agents.scenarios import bad_deployment, feature_drift, upstream_nulls
from tests.agents.shapes import step_up
from tests.agents.world import World, alert, case_of, world
from tools.datasets.monitor import Violation
from tools.sagemaker.states import VariantState

FRAUD = {"model": "fraud-detector", "env": "prod"}


async def found(made: World) -> Findings:
    return await Investigator(made.sources, LlmConfig()).investigate(made.case)


async def kinds(made: World) -> list[str]:
    return [choice.remediation.kind for choice in (await found(made)).plan.choices]


def without(made: World, **of_data: str | None) -> World:
    assert made.case.model is not None
    data = made.case.model.data.model_copy(update=of_data)
    made.case = made.case.model_copy(update={"model": made.case.model.model_copy(update={"data": data})})
    return made


async def test_without_a_place_of_the_captured_data_the_pipeline_alone_is_run_again():
    rerun, notify = (await found(without(upstream_nulls(), capture=None))).plan.choices
    assert isinstance(rerun.remediation, RerunDataPipeline)
    assert rerun.when is When.AT_ONCE
    assert isinstance(notify.remediation, NotifyOwners)


async def test_a_place_that_is_no_bucket_is_not_quarantined():
    assert await kinds(without(upstream_nulls(), capture="file:///tmp/x")) == ["RerunDataPipeline", "NotifyOwners"]


@pytest.mark.parametrize("status", ["Deleting", "Creating"])
async def test_a_data_pipeline_that_is_not_there_is_not_run(status: str):
    made = upstream_nulls()
    made.sagemaker.pipeline_status = status
    assert await kinds(made) == ["QuarantineData", "NotifyOwners"]


async def test_nothing_is_quarantined_where_nobody_knows_since_when():
    made = upstream_nulls()
    one = {"model": "churn-predictor", "env": "prod", "feature": "last_login_days"}
    made.prometheus.series |= {
        "ml_feature_null_ratio": [(one, lambda at: 0.38)],
        "ml_schema_violation_ratio": [(one, lambda at: 0.38)],
    }
    assert await kinds(made) == ["NotifyOwners"]


async def test_where_a_type_changed_upstream_the_source_has_to_change_first():
    made = upstream_nulls()
    made.prometheus.series["ml_feature_null_ratio"] = []
    made.datasets.found = [
        Violation(feature="last_login_days", check="data_type_check", description="", seen_at=NOW, uri="s3://x/y")
    ]
    quarantine, notify = (await found(made)).plan.choices
    assert isinstance(quarantine.remediation, QuarantineData)
    assert isinstance(notify.remediation, NotifyOwners)
    assert "helps only once it delivers right values" in notify.remediation.text
    assert "last_login_days" in notify.remediation.text


async def test_a_type_that_fails_only_where_values_are_missing_is_nulls():
    made = upstream_nulls()
    made.datasets.found = [
        Violation(feature="last_login_days", check=check, description="", seen_at=NOW, uri="s3://x/y")
        for check in ("completeness_check", "data_type_check")
    ]
    assert await kinds(made) == ["QuarantineData", "RerunDataPipeline", "NotifyOwners"]


async def test_a_stale_source_is_quarantined_and_its_owners_told():
    made = world(
        case_of("fraud-detector", alert("InputVolumeAbnormal", "fraud-detector", "warning", bound="low")),
        "fraud-detector-v41",
        "fraud-detector-v40",
    )
    made.prometheus.series["ml_input_volume_ratio"] = [(FRAUD, step_up(1.0, 0.15))]
    findings = await found(made)
    assert findings.diagnosis.root_cause is RootCause.DATA_QUALITY
    assert [choice.remediation.kind for choice in findings.plan.choices] == ["QuarantineData", "NotifyOwners"]
    assert Advice.RERUN_DATA_PIPELINE in findings.diagnosis.advice


async def test_only_names_of_the_catalogue_stand_in_a_call_to_the_owners():
    made = upstream_nulls()
    made.datasets.found = [
        Violation(feature="<!channel>", check="completeness_check", description="", seen_at=NOW, uri="s3://x/y")
    ]
    (text,) = [
        choice.remediation.text
        for choice in (await found(made)).plan.choices
        if isinstance(choice.remediation, NotifyOwners)
    ]
    assert "channel" not in text


async def test_an_issue_is_offered_where_issues_are_set_up_and_the_model_has_a_repository():
    made = upstream_nulls()
    assert made.case.model is not None
    for repository, enabled, offered in (
        ("example-ml/churn", True, 1),
        ("example-ml/churn", False, 0),
        (None, True, 0),
    ):
        model = made.case.model.model_copy(update={"repository": repository})
        case = made.case.model_copy(update={"model": model})
        findings = await Investigator(made.sources, LlmConfig(), issues_enabled=enabled).investigate(case)
        issues = [c.remediation for c in findings.plan.choices if isinstance(c.remediation, OpenIssue)]
        assert len(issues) == offered
        assert all(issue.repository == repository and "written by code" not in issue.body for issue in issues)


async def test_owners_that_are_no_group_are_not_called():
    made = upstream_nulls()
    assert made.case.model is not None
    made.case = made.case.model_copy(update={"model": made.case.model.model_copy(update={"owners": "Team Growth"})})
    assert await kinds(made) == ["QuarantineData", "RerunDataPipeline"]


def champion_and_challenger(**instances: int) -> World:
    """v24 put a second variant with the new model beside the old one."""
    made = bad_deployment()
    made.sagemaker.variants = tuple(
        VariantState(name=name, current_instances=instances.get(name, 2), desired_instances=2, weight=weight)
        for name, weight in (("champion", 3.0), ("challenger", 1.0))
    )
    made.sagemaker.models = {
        "product-recommender-v23": {"champion": "recommender-7"},
        "product-recommender-v24": {"champion": "recommender-7", "challenger": "recommender-8"},
    }
    return made


async def test_where_the_old_variant_still_serves_the_traffic_is_shifted_instead_of_rolled_back():
    (choice,) = (await found(champion_and_challenger())).plan.choices
    assert choice.remediation == ShiftTraffic(
        endpoint="product-recommender-prod",
        weights=(VariantWeight(variant="champion", weight=3.0), VariantWeight(variant="challenger", weight=0.0)),
    )
    assert choice.when is When.AT_ONCE
    assert "runs beside the new one, in champion" in choice.reason


async def test_a_variant_without_instances_takes_no_traffic():
    assert await kinds(champion_and_challenger(champion=0)) == ["RollbackEndpoint"]


async def test_traffic_is_not_shifted_to_a_variant_whose_model_never_served():
    made = champion_and_challenger()
    made.sagemaker.models["product-recommender-v23"] = {"AllTraffic": "recommender-6"}
    assert await kinds(made) == ["RollbackEndpoint"]


async def test_a_refused_candidate_has_no_way_back_where_no_other_config_passes_the_preflight():
    made = feature_drift()
    made.sagemaker.problems = {"fraud-detector-v40": ["its model is gone"]}
    assert await kinds(made) == ["StartRetraining"]


# The plan of a reasoner, within what is permitted.

AT = datetime(2026, 11, 20, 19, tzinfo=UTC)
RETRAIN = StartRetraining(pipeline="p", window_start=AT - timedelta(days=28), window_end=AT)
ROLLBACK = RollbackEndpoint(endpoint="e", to_config="e-v1")
QUARANTINE = QuarantineData(bucket="bucket", prefix="capture/", window_start=AT, window_end=AT)
RERUN = RerunDataPipeline(pipeline="features", window_start=AT)
NOTIFY = NotifyOwners(owners="ml-oncall", text="Please look.")
ISSUE = OpenIssue(repository="example-ml/x", title="A title", body="A body")
DRIFT = (Step(remediation=RETRAIN), Step(remediation=ROLLBACK, when=When.IF_GATE_FAILS, condition="Only then."))
REPAIR = (
    Step(remediation=QUARANTINE),
    Step(remediation=RERUN, when=When.AFTER_PREVIOUS, condition="After it."),
    Step(remediation=NOTIFY),
    Step(remediation=ISSUE),
)


def book() -> EvidenceBook:
    known = [
        Evidence(id=f"E{n}", kind=EvidenceKind.METRIC, source="x", asked=f"{n}", found="p99 is 2.48 s", read_at=AT)
        for n in (1, 2)
    ]
    return EvidenceBook(known)


def chosen(*remediations: AnyRemediation, reason: str = "It helps.", **more: object) -> PlanDraft:
    choices = [
        RemediationChoice.model_validate({"remediation": one, "reason": reason, "evidence": ("E1", "E2"), **more})
        for one in remediations
    ]
    return PlanDraft(choices=tuple(choices), explanation="Because.")


def bounded(plan: PlanDraft, permitted: tuple[Step, ...]) -> PlanDraft:
    return bounded_plan(plan, permitted, book(), chosen(*(step.remediation for step in permitted), reason="By rule."))


def test_a_dependent_step_goes_with_the_one_it_depends_on():
    assert bounded(chosen(ROLLBACK), DRIFT).choices == ()
    assert bounded(chosen(RERUN, NOTIFY), REPAIR).choices[0].remediation == NOTIFY
    assert "only follows QuarantineData" in " ".join(plan_problems(chosen(RERUN), REPAIR, book()))


def test_when_and_the_condition_are_set_by_code_whatever_the_reasoner_wrote():
    wild = chosen(ROLLBACK, RETRAIN, when="at_once", condition="Approved already.")
    plan = bounded(wild, DRIFT)
    assert [(c.remediation, c.when, c.condition) for c in plan.choices] == [
        (RETRAIN, When.AT_ONCE, ""),
        (ROLLBACK, When.IF_GATE_FAILS, "Only then."),
    ]


def test_a_reasoner_ranks_what_does_not_depend_and_what_only_tells_comes_last():
    two = (Step(remediation=ROLLBACK), Step(remediation=RETRAIN), Step(remediation=NOTIFY))
    plan = bounded(chosen(NOTIFY, RETRAIN, ROLLBACK), two)
    assert [choice.remediation for choice in plan.choices] == [RETRAIN, ROLLBACK, NOTIFY]


def test_texts_for_people_are_those_of_code_whatever_the_reasoner_wrote():
    wild = chosen(
        QUARANTINE, NOTIFY.model_copy(update={"text": "<!channel> hi"}), ISSUE.model_copy(update={"body": "@everyone"})
    )
    assert plan_problems(wild, REPAIR, book()) == []
    assert [choice.remediation for choice in bounded(wild, REPAIR).choices] == [QUARANTINE, NOTIFY, ISSUE]


def test_one_fact_named_twice_is_one_fact():
    (choice,) = bounded(chosen(QUARANTINE, evidence=("E1", "E1", "E1")), REPAIR).choices
    assert choice.evidence == ("E1",)


@pytest.mark.parametrize(
    "other",
    [
        QUARANTINE.model_copy(update={"mode": "release"}),
        QUARANTINE.model_copy(update={"window_end": AT + timedelta(days=9)}),
        QUARANTINE.model_copy(update={"bucket": "other-bucket"}),
        RERUN.model_copy(update={"pipeline": "train-it"}),
        NOTIFY.model_copy(update={"owners": "everyone"}),
        ISSUE.model_copy(update={"repository": "someone/else"}),
        RETRAIN,
        ROLLBACK,
    ],
)
def test_another_parameter_is_another_remediation(other: AnyRemediation):
    assert bounded(chosen(other), REPAIR).choices == ()
    assert "is not permitted" in " ".join(plan_problems(chosen(other), REPAIR, book()))


def test_a_reason_with_figures_of_its_own_is_replaced():
    (choice,) = bounded(chosen(QUARANTINE, reason="It lost 73 %."), REPAIR).choices
    assert choice.reason == "By rule."


def test_a_reasoner_is_not_shown_the_texts_for_people():
    shown = [step.shown()["remediation"] for step in REPAIR]
    assert shown[2]["text"] == shown[3]["body"] == "(written by code)"

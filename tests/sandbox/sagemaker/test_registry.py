from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sandbox.sagemaker.catalogue import default_models
from sandbox.sagemaker.server import LocalSageMaker

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

    from tests.sandbox.sagemaker.conftest import HandClock

GROUP = "product-recommender"
Refusal = Callable[[Callable[[], object]], tuple[str, str]]
ReadJson = Callable[[str], dict[str, Any]]


def newest(sm: "SageMakerClient") -> str:
    listed = sm.list_model_packages(ModelPackageGroupName=GROUP, SortBy="CreationTime", SortOrder="Descending")
    return listed["ModelPackageSummaryList"][0]["ModelPackageArn"]


def test_seeded_versions_are_approved_and_point_at_their_evaluation(sm: "SageMakerClient", read_json: ReadJson):
    listed = sm.list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"]
    assert [(package.get("ModelPackageVersion"), package.get("ModelApprovalStatus")) for package in listed] == [
        (23, "Approved"),
        (22, "Approved"),
    ]
    package = sm.describe_model_package(ModelPackageName=listed[0]["ModelPackageArn"])
    uri = package.get("ModelMetrics", {}).get("ModelQuality", {}).get("Statistics", {}).get("S3Uri", "")
    report = read_json(uri)
    assert report["f1"] == 0.812
    assert report["slices"].keys() == {"basket_value<20", "session_length>600"}


def test_approval_records_who_and_why(sm: "SageMakerClient", clock: "HandClock"):
    arn = newest(sm)
    sm.update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Rejected",
        ApprovalDescription="execution 7, by UONCALL",
        CustomerMetadataProperties={"incident": "INC-7"},
    )
    package = sm.describe_model_package(ModelPackageName=arn)
    assert package.get("ModelApprovalStatus") == "Rejected"
    assert package.get("ApprovalDescription") == "execution 7, by UONCALL"
    assert package.get("CustomerMetadataProperties", {}).get("incident") == "INC-7"
    assert package.get("LastModifiedTime") is not None


def test_unknown_approval_status_is_refused(sm: "SageMakerClient", refusal: Refusal):
    wrong: Any = "Maybe"
    code, message = refusal(lambda: sm.update_model_package(ModelPackageArn=newest(sm), ModelApprovalStatus=wrong))
    assert (code, "Member must satisfy enum value set" in message) == ("ValidationException", True)


def test_unknown_package_and_group_do_not_exist(sm: "SageMakerClient", refusal: Refusal):
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/product-recommender/99"
    assert refusal(lambda: sm.describe_model_package(ModelPackageName=arn)) == (
        "ValidationException",
        f"ModelPackage {arn} does not exist.",
    )
    assert refusal(lambda: sm.list_model_packages(ModelPackageGroupName="nothing"))[0] == "ValidationException"


def test_package_registered_by_a_caller_gets_the_next_version(sm: "SageMakerClient", refusal: Refusal):
    arn = sm.create_model_package(ModelPackageGroupName=GROUP, ClientToken="a" * 32)["ModelPackageArn"]
    assert arn.endswith("/24")
    assert sm.create_model_package(ModelPackageGroupName=GROUP, ClientToken="a" * 32)["ModelPackageArn"] == arn
    assert sm.describe_model_package(ModelPackageName=arn).get("ModelApprovalStatus") == "PendingManualApproval"
    assert refusal(lambda: sm.create_model_package_group(ModelPackageGroupName=GROUP))[0] == "ValidationException"


def test_promoted_candidate_tells_when_it_was_trained(sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock"):
    began = clock.now
    sm.start_pipeline_execution(PipelineName=f"{GROUP}-train", ClientRequestToken="t" * 32)
    clock.move(20.1)
    candidate = newest(sm)
    sm.update_model_package(ModelPackageArn=candidate, ModelApprovalStatus="Approved")
    sm.create_model(
        ModelName="retrained",
        PrimaryContainer={"ModelPackageName": candidate},
        ExecutionRoleArn="arn:aws:iam::123456789012:role/sagemaker-execution",
    )
    sm.create_endpoint_config(
        EndpointConfigName="retrained",
        ProductionVariants=[
            {
                "VariantName": "AllTraffic",
                "ModelName": "retrained",
                "InstanceType": "ml.c5.2xlarge",
                "InitialInstanceCount": 4,
            }
        ],
    )
    sm.update_endpoint(EndpointName="product-recommender-prod", EndpointConfigName="retrained")
    clock.move(3.1)
    view = local.endpoint("product-recommender-prod")
    assert view is not None
    assert (view.config_name, view.trained_at) == ("retrained", began)


def test_default_models_are_the_live_ones():
    assert {model.name: (model.live_version, model.data_pipeline) for model in default_models()} == {
        "fraud-detector": (41, "payments-features"),
        "churn-predictor": (17, "subscriber-features"),
        "product-recommender": (23, "session-features"),
    }


def test_default_models_are_seeded_with_the_baseline_given_to_them(local: LocalSageMaker, read_json: ReadJson):
    baseline: dict[str, Any] = {"version": 0.0, "dataset": {"item_count": 7}, "features": []}
    local.reset([replace(model, baseline=baseline) for model in default_models()])
    assert local.endpoint_names() == ["churn-predictor-prod", "fraud-detector-prod", "product-recommender-prod"]
    assert read_json("s3://agentops-fraud-detector/baseline/statistics.json") == baseline

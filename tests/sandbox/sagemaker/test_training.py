from collections.abc import Callable
from typing import TYPE_CHECKING

from sandbox.sagemaker.server import LocalSageMaker

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

    from tests.sandbox.sagemaker.conftest import HandClock

NAME = "product-recommender-retrain-0001"
Refusal = Callable[[Callable[[], object]], tuple[str, str]]


def create(sm: "SageMakerClient", name: str = NAME) -> str:
    return sm.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "File"},
        RoleArn="arn:aws:iam::123456789012:role/sagemaker-execution",
        OutputDataConfig={"S3OutputPath": "s3://agentops-product-recommender/models"},
        ResourceConfig={"InstanceType": "ml.m5.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )["TrainingJobArn"]


def test_job_goes_through_its_secondary_statuses_in_order(sm: "SageMakerClient", clock: "HandClock", s3: "S3Client"):
    create(sm)
    seen: list[str] = []
    for _ in range(40):
        job = sm.describe_training_job(TrainingJobName=NAME)
        if job["SecondaryStatus"] not in seen:
            seen.append(job["SecondaryStatus"])
        if job["TrainingJobStatus"] != "InProgress":
            break
        clock.move(0.4)
    assert seen == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    job = sm.describe_training_job(TrainingJobName=NAME)
    assert [entry["Status"] for entry in job.get("SecondaryStatusTransitions", [])] == seen
    assert "validation:f1" in [metric.get("MetricName") for metric in job.get("FinalMetricDataList", [])]
    assert job.get("TrainingTimeInSeconds") == 720
    key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://agentops-product-recommender/")
    assert s3.head_object(Bucket="agentops-product-recommender", Key=key)["ContentLength"] > 0


def test_metrics_and_end_are_not_known_before_the_end(sm: "SageMakerClient", clock: "HandClock"):
    create(sm)
    clock.move(5)
    job = sm.describe_training_job(TrainingJobName=NAME)
    assert "TrainingStartTime" in job
    assert not {"FinalMetricDataList", "TrainingEndTime", "FailureReason"} & job.keys()


def test_name_is_the_key(sm: "SageMakerClient", refusal: Refusal, local: LocalSageMaker):
    arn = create(sm)
    code, message = refusal(lambda: create(sm))
    assert (code, arn in message) == ("ResourceInUse", True)
    assert [(call.operation, call.outcome) for call in local.changes] == [
        ("CreateTrainingJob", "ok"),
        ("CreateTrainingJob", "error"),
    ]


def test_name_longer_than_63_characters_is_refused(sm: "SageMakerClient", refusal: Refusal):
    assert refusal(lambda: create(sm, "x" * 64))[0] == "ValidationException"


def test_job_can_be_stopped_once(sm: "SageMakerClient", clock: "HandClock", refusal: Refusal):
    create(sm)
    clock.move(5)
    sm.stop_training_job(TrainingJobName=NAME)
    assert sm.describe_training_job(TrainingJobName=NAME)["TrainingJobStatus"] == "Stopping"
    clock.move(0.6)
    job = sm.describe_training_job(TrainingJobName=NAME)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    code, message = refusal(lambda: sm.stop_training_job(TrainingJobName=NAME))
    assert (code, message) == (
        "ValidationException",
        "The request was rejected because the training job is in status Stopped.",
    )


def test_unknown_job_is_not_found(sm: "SageMakerClient", refusal: Refusal):
    assert refusal(lambda: sm.describe_training_job(TrainingJobName="nothing")) == (
        "ValidationException",
        "Requested resource not found.",
    )


def test_jobs_are_listed_by_status(sm: "SageMakerClient", clock: "HandClock"):
    create(sm)
    clock.move(13)
    create(sm, "second")
    listed = sm.list_training_jobs(StatusEquals="InProgress")["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in listed] == ["second"]
    newest_first = sm.list_training_jobs()["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in newest_first] == ["second", NAME]

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from sandbox.sagemaker.server import LocalSageMaker

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

    from tests.sandbox.sagemaker.conftest import Aws, HandClock

PIPELINE = "product-recommender-train"
TOKEN = "execution-0001-".ljust(32, "-")
STEPS = ["ProcessData", "Train", "Evaluate", "RegisterModel"]
Refusal = Callable[[Callable[[], object]], tuple[str, str]]
ReadJson = Callable[[str], dict[str, Any]]


def start(sm: "SageMakerClient", token: str = TOKEN, **more: Any) -> str:
    return sm.start_pipeline_execution(PipelineName=PIPELINE, ClientRequestToken=token, **more)["PipelineExecutionArn"]


def steps(sm: "SageMakerClient", arn: str) -> dict[str, str]:
    listed = sm.list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending")
    return {step.get("StepName", ""): step.get("StepStatus", "") for step in listed["PipelineExecutionSteps"]}


def status(sm: "SageMakerClient", arn: str) -> str:
    return sm.describe_pipeline_execution(PipelineExecutionArn=arn).get("PipelineExecutionStatus", "")


def candidates(sm: "SageMakerClient") -> list[Any]:
    return list(
        sm.list_model_packages(
            ModelPackageGroupName="product-recommender", ModelApprovalStatus="PendingManualApproval"
        )["ModelPackageSummaryList"]
    )


def test_run_goes_through_its_steps_in_order(sm: "SageMakerClient", clock: "HandClock"):
    arn = start(sm)
    seen: list[str] = []
    for _ in range(40):
        running = [name for name, state in steps(sm, arn).items() if state == "Executing"]
        seen += [name for name in running if name not in seen]
        if status(sm, arn) != "Executing":
            break
        clock.move(0.6)
    assert seen == STEPS
    assert status(sm, arn) == "Succeeded"
    assert steps(sm, arn) == dict.fromkeys(STEPS, "Succeeded")


def test_run_takes_twenty_world_minutes_unless_told_otherwise(
    sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock"
):
    arn = start(sm)
    clock.move(19.9)
    assert status(sm, arn) == "Executing"
    clock.move(0.2)
    assert status(sm, arn) == "Succeeded"
    local.set_pipeline_minutes(PIPELINE, 2)
    shorter = start(sm, TOKEN + "b")
    clock.move(2.1)
    assert status(sm, shorter) == "Succeeded"


def test_same_token_answers_with_the_same_run(sm: "SageMakerClient", aws: "Aws"):
    with ThreadPoolExecutor(4) as pool:
        arns = set(pool.map(start, [aws.client("sagemaker") for _ in range(4)]))
    assert len(arns) == 1
    assert len(sm.list_pipeline_executions(PipelineName=PIPELINE)["PipelineExecutionSummaries"]) == 1
    assert start(sm, TOKEN + "other") not in arns


def test_token_of_another_request_is_a_conflict(sm: "SageMakerClient", refusal: Refusal):
    start(sm)
    code, _ = refusal(lambda: start(sm, PipelineExecutionDisplayName="another"))
    assert code == "ConflictException"


def test_token_is_at_most_128_characters(sm: "SageMakerClient", refusal: Refusal):
    code, message = refusal(lambda: start(sm, "x" * 129))
    assert (code, "at 'clientRequestToken'" in message) == ("ValidationException", True)


def test_version_can_be_pinned(sm: "SageMakerClient", refusal: Refusal):
    definition = sm.describe_pipeline(PipelineName=PIPELINE).get("PipelineDefinition", "")
    sm.update_pipeline(PipelineName=PIPELINE, PipelineDefinition=definition.replace("Evaluate", "Assess"))
    versions = sm.list_pipeline_versions(PipelineName=PIPELINE)["PipelineVersionSummaries"]
    assert [version.get("PipelineVersionId") for version in versions] == [2, 1]
    pinned = sm.describe_pipeline_execution(PipelineExecutionArn=start(sm, PipelineVersionId=1))
    assert pinned.get("PipelineVersionId") == 1
    latest = sm.describe_pipeline_execution(PipelineExecutionArn=start(sm, TOKEN + "2"))
    assert latest.get("PipelineVersionId") == 2
    assert refusal(lambda: start(sm, TOKEN + "3", PipelineVersionId=9))[0] == "ResourceNotFound"


def test_finished_run_registers_a_candidate_that_waits_for_approval(
    sm: "SageMakerClient", clock: "HandClock", read_json: ReadJson
):
    arn = start(sm)
    clock.move(19.0)
    assert candidates(sm) == []
    clock.move(1.1)
    (candidate,) = candidates(sm)
    assert candidate["ModelPackageVersion"] == 24
    package = sm.describe_model_package(ModelPackageName=candidate["ModelPackageArn"])
    assert package.get("MetadataProperties", {}).get("GeneratedBy") == arn
    uri = package.get("ModelMetrics", {}).get("ModelQuality", {}).get("Statistics", {}).get("S3Uri", "")
    assert uri == "s3://agentops-product-recommender/evaluation/24.json"
    report = read_json(uri)
    assert {"accuracy", "f1", "precision", "recall", "auc", "slices", "holdout", "champion"} <= report.keys()
    assert report["champion"]["version"] == 23
    assert report["f1"] > report["champion"]["f1"]
    live = read_json("s3://agentops-product-recommender/evaluation/23.json")
    assert report["f1"] >= live["f1"] - 0.01
    assert report["slices"].keys() == live["slices"].keys()
    listed = sm.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    assert listed[0].get("Metadata", {}).get("RegisterModel", {}).get("Arn") == candidate["ModelPackageArn"]


def test_report_compares_with_the_live_model_as_the_world_sees_it(
    sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock", read_json: ReadJson
):
    today = {"accuracy": 0.7, "f1": 0.6, "precision": 0.6, "recall": 0.6, "auc": 0.7}
    local.set_live_metrics("product-recommender", today)
    start(sm)
    clock.move(20.1)
    assert candidates(sm)
    report = read_json("s3://agentops-product-recommender/evaluation/24.json")
    assert {name: report["champion"][name] for name in today} == today


def test_armed_candidate_fails_the_gate(
    sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock", read_json: ReadJson
):
    local.plays.arm("gate_failed", PIPELINE)
    start(sm)
    clock.move(20.1)
    assert candidates(sm)
    report = read_json("s3://agentops-product-recommender/evaluation/24.json")
    live = read_json("s3://agentops-product-recommender/evaluation/23.json")
    assert report["f1"] < live["f1"] - 0.01
    assert report["f1"] < report["champion"]["f1"] - 0.01


def test_armed_step_fails_and_later_steps_never_start(sm: "SageMakerClient", local: LocalSageMaker, clock: "HandClock"):
    local.plays.arm("step_failed", PIPELINE, step="Evaluate", reason="holdout is empty")
    arn = start(sm)
    clock.move(20.1)
    answer = sm.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert (answer.get("PipelineExecutionStatus"), bool(answer.get("FailureReason"))) == ("Failed", True)
    assert steps(sm, arn) == {"ProcessData": "Succeeded", "Train": "Succeeded", "Evaluate": "Failed"}
    failed = sm.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"][0]
    assert failed.get("FailureReason") == "holdout is empty"
    assert candidates(sm) == []


def test_training_step_is_a_training_job(sm: "SageMakerClient", clock: "HandClock"):
    arn = start(sm)
    clock.move(9)
    listed = sm.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    job_arn = listed[0].get("Metadata", {}).get("TrainingJob", {}).get("Arn", "")
    job = sm.describe_training_job(TrainingJobName=job_arn.rsplit("/", 1)[1])
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("InProgress", "Training")


def test_stopped_run_stops_its_step_and_registers_nothing(sm: "SageMakerClient", clock: "HandClock", refusal: Refusal):
    arn = start(sm)
    clock.move(9)
    sm.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=TOKEN)
    assert status(sm, arn) == "Stopping"
    clock.move(0.6)
    assert status(sm, arn) == "Stopped"
    assert steps(sm, arn) == {"ProcessData": "Succeeded", "Train": "Stopped"}
    jobs = sm.list_training_jobs()["TrainingJobSummaries"]
    assert [job["TrainingJobStatus"] for job in jobs] == ["Stopped"]
    clock.move(30)
    assert candidates(sm) == []
    finished = start(sm, TOKEN + "2")
    clock.move(20.1)
    code, _ = refusal(lambda: sm.stop_pipeline_execution(PipelineExecutionArn=finished, ClientRequestToken=TOKEN))
    assert code == "ConflictException"


def test_unknown_pipeline_and_run_are_not_found(sm: "SageMakerClient", refusal: Refusal):
    code, message = refusal(lambda: sm.describe_pipeline(PipelineName="nothing"))
    assert (code, message) == (
        "ResourceNotFound",
        "Pipeline 'arn:aws:sagemaker:eu-west-1:123456789012:pipeline/nothing' does not exist.",
    )
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/nothing/execution/abcdefabcdef"
    assert refusal(lambda: sm.describe_pipeline_execution(PipelineExecutionArn=arn))[0] == "ResourceNotFound"


def test_parameters_and_description_of_a_run_are_kept(sm: "SageMakerClient"):
    parameters: Any = [{"Name": "TrainingWindowStart", "Value": "2026-10-01T00:00:00Z"}]
    arn = start(
        sm,
        PipelineParameters=parameters,
        PipelineExecutionDisplayName="agentops-7",
        PipelineExecutionDescription="Started by AgentOps after approval.",
    )
    kept = sm.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
    assert kept == parameters
    summary = sm.list_pipeline_executions(PipelineName=PIPELINE)["PipelineExecutionSummaries"][0]
    assert summary.get("PipelineExecutionDisplayName") == "agentops-7"
    assert "RegisterModel" in str(
        sm.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn).get("PipelineDefinition")
    )


def test_data_pipeline_runs_and_registers_nothing(sm: "SageMakerClient", clock: "HandClock"):
    arn = sm.start_pipeline_execution(PipelineName="session-features", ClientRequestToken=TOKEN)["PipelineExecutionArn"]
    clock.move(10.1)
    assert status(sm, arn) == "Succeeded"
    assert list(steps(sm, arn)) == ["ExtractSource", "ValidateSchema", "WriteFeatures"]
    assert candidates(sm) == []


def test_pipeline_made_by_a_caller_runs(sm: "SageMakerClient", clock: "HandClock", refusal: Refusal):
    role = "arn:aws:iam::123456789012:role/pipelines"
    sm.create_pipeline(
        PipelineName="mine",
        RoleArn=role,
        ClientRequestToken=TOKEN,
        PipelineDefinition='{"Version": "2020-12-01", "Steps": [{"Name": "Check", "Type": "Condition"}]}',
    )
    arn = sm.start_pipeline_execution(PipelineName="mine", ClientRequestToken=TOKEN)["PipelineExecutionArn"]
    clock.move(20.1)
    assert (status(sm, arn), steps(sm, arn)) == ("Succeeded", {"Check": "Succeeded"})
    for definition in ("not json", '{"Steps": 3}'):
        again: Any = {"PipelineName": "other", "RoleArn": role, "PipelineDefinition": definition}
        assert refusal(lambda again=again: sm.create_pipeline(**again, ClientRequestToken=TOKEN))[0] == (
            "ValidationException"
        )

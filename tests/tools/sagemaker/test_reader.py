import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from incidents.catalogue import EndpointSpec, RetrainingSpec
from incidents.effect import ApiRequest
from sandbox.sagemaker.server import LocalSageMaker
from tests.tools.sagemaker.world import CREDENTIALS, REGION, SEEDED, SPEC, HandClock
from tools.errors import AccessDenied, BadAnswer, InvalidRequest, NotFound, Throttled, Unavailable
from tools.sagemaker import changes
from tools.sagemaker.connection import AwsConnection
from tools.sagemaker.objects import ObjectReader
from tools.sagemaker.operator import SageMakerOperator
from tools.sagemaker.reader import SageMakerReader
from tools.sagemaker.states import ModelPackage

ENDPOINT = "product-recommender-prod"
PIPELINE = "product-recommender-train"

MISSING: list[Callable[[SageMakerReader], Any]] = [
    lambda reader: reader.endpoint("none"),
    lambda reader: reader.endpoint_config("none"),
    lambda reader: reader.pipeline("none"),
    lambda reader: reader.pipeline_runs("none", 5),
    lambda reader: reader.pipeline_run(f"arn:aws:sagemaker:{REGION}:123456789012:pipeline/none/execution/abc123"),
    lambda reader: reader.model_packages("none", 5),
    lambda reader: reader.rollback_preflight("none", "product-recommender-v22"),
]
CHANGING: list[Callable[[Any], Any]] = [
    lambda client: client.update_endpoint(EndpointName="e", EndpointConfigName="c"),
    lambda client: client.start_pipeline_execution(PipelineName="p", ClientRequestToken="t" * 32),
    lambda client: client.delete_endpoint(EndpointName="e"),
    lambda client: client.delete_endpoint_config(EndpointConfigName="c"),
    lambda client: client.add_tags(ResourceArn="arn:aws:sagemaker:eu-west-1:1:endpoint/e", Tags=[]),
    lambda client: client.update_model_package(ModelPackageArn="arn:aws:sagemaker:eu-west-1:1:model-package/e"),
]


@pytest.fixture
def start_run(operator: SageMakerOperator) -> Callable[[str], Any]:
    """Start a run of the training pipeline; answers its ARN."""

    async def start(execution_id: str) -> str:
        request = ApiRequest(
            service="sagemaker",
            operation="StartPipelineExecution",
            parameters={"PipelineName": PIPELINE, "ClientRequestToken": execution_id.ljust(32, "-")},
        )
        sent = await operator.send(request, role_arn=SPEC.roles.retrainer, execution_id=execution_id)
        return sent["PipelineExecutionArn"]

    return start


async def test_an_endpoint_tells_config_status_and_instances(reader: SageMakerReader) -> None:
    endpoint = await reader.endpoint(ENDPOINT)
    assert endpoint.config_name == "product-recommender-v23"
    assert (endpoint.name, endpoint.status, endpoint.failure_reason) == (ENDPOINT, "InService", None)
    assert endpoint.arn.endswith(f":endpoint/{ENDPOINT}")
    (variant,) = endpoint.variants
    assert (variant.name, variant.current_instances, variant.desired_instances) == ("AllTraffic", 4, 4)
    assert variant.weight == 1.0
    assert endpoint.last_modified.utcoffset() == timedelta(0)


async def test_during_an_update_the_old_config_is_told(
    reader: SageMakerReader, local: LocalSageMaker, clock: HandClock
) -> None:
    local.deploy("product-recommender")
    assert (await reader.endpoint(ENDPOINT)).status == "Updating"
    clock.move(minutes=10)
    endpoint = await reader.endpoint(ENDPOINT)
    assert (endpoint.status, endpoint.config_name) == ("InService", "product-recommender-v24")


async def test_a_failed_update_tells_its_reason(
    reader: SageMakerReader, local: LocalSageMaker, clock: HandClock
) -> None:
    local.plays.arm("update_failed", ENDPOINT)
    local.deploy("product-recommender")
    clock.move(minutes=10)
    endpoint = await reader.endpoint(ENDPOINT)
    assert endpoint.status == "Failed"
    assert endpoint.failure_reason
    assert "ping health check" in endpoint.failure_reason


async def test_an_endpoint_config_tells_models_and_instances(reader: SageMakerReader) -> None:
    config = await reader.endpoint_config("product-recommender-v22")
    (variant,) = config.variants
    assert variant.model_name == "product-recommender-v22"
    assert (variant.instance_type, variant.initial_instances) == ("ml.c5.2xlarge", 4)


async def test_endpoint_configs_come_newest_first_and_by_prefix(
    reader: SageMakerReader, local: LocalSageMaker, clock: HandClock
) -> None:
    local.deploy("product-recommender")
    found = await reader.endpoint_configs("product-recommender", 10)
    assert [one.name for one in found] == [f"product-recommender-v{n}" for n in (24, 23, 22)]
    assert [one.name for one in await reader.endpoint_configs("product-recommender", 1)] == ["product-recommender-v24"]
    assert await reader.endpoint_configs("recommender", 10) == []


async def test_a_pipeline_is_told(reader: SageMakerReader) -> None:
    pipeline = await reader.pipeline(PIPELINE)
    assert (pipeline.name, pipeline.status) == (PIPELINE, "Active")
    assert pipeline.created_at <= pipeline.last_modified


async def test_the_newest_version_of_a_pipeline_is_told(reader: SageMakerReader, local: LocalSageMaker) -> None:
    assert await reader.newest_pipeline_version(PIPELINE) == 1
    admin: Any = AwsConnection(region=REGION, endpoint_url=local.url, credentials=CREDENTIALS).client(
        "sagemaker", attempts=1
    )
    definition = json.dumps({"Version": "2020-12-01", "Steps": [{"Name": "Train", "Type": "Training"}]})
    admin.update_pipeline(PipelineName=PIPELINE, PipelineDefinition=definition)
    admin.close()
    assert await reader.newest_pipeline_version(PIPELINE) == 2


async def test_a_run_is_told_with_its_steps_in_order(
    reader: SageMakerReader, clock: HandClock, start_run: Callable[[str], Any]
) -> None:
    arn = await start_run("x1")
    clock.move(minutes=1)
    running = await reader.pipeline_run(arn)
    assert (running.status, running.ended_at) == ("Executing", None)
    clock.move(minutes=60)
    ended = await reader.pipeline_run(arn)
    assert ended.status == "Succeeded"
    assert ended.ended_at
    assert {step.status for step in ended.steps} == {"Succeeded"}
    starts = [step.started_at for step in ended.steps if step.started_at]
    assert len(starts) == len(ended.steps) > 2
    assert starts == sorted(starts)
    assert [(run.arn, run.status) for run in await reader.pipeline_runs(PIPELINE, 5)] == [(arn, "Succeeded")]


async def test_a_failed_step_tells_why(
    reader: SageMakerReader, local: LocalSageMaker, clock: HandClock, start_run: Callable[[str], Any]
) -> None:
    local.plays.arm("step_failed", PIPELINE, reason="out of memory")
    arn = await start_run("x2")
    clock.move(minutes=60)
    run = await reader.pipeline_run(arn)
    assert run.status == "Failed"
    assert "out of memory" in "".join(step.failure_reason or "" for step in run.steps)


async def test_a_candidate_is_registered_with_its_evaluation(
    reader: SageMakerReader, clock: HandClock, start_run: Callable[[str], Any]
) -> None:
    await start_run("x3")
    clock.move(minutes=60)
    newest, live, before = await reader.model_packages("product-recommender", 10)
    assert newest.approval_status == "PendingManualApproval"
    assert (live.version, live.approval_status) == (23, "Approved")
    assert before.version == 22
    figures = await reader.evaluation(newest)
    assert figures
    assert figures["f1"] > figures["champion.f1"]
    assert "slice.basket_value<20.f1" in figures
    assert len(await reader.model_packages("product-recommender", 1)) == 1


def package(uri: str | None) -> ModelPackage:
    return ModelPackage(
        arn="arn",
        group="g",
        version=1,
        status="Completed",
        approval_status="Approved",
        created_at=HandClock().moment(),
        metrics_uri=uri,
    )


async def test_an_evaluation_may_be_absent_gone_or_nonsense(reader: SageMakerReader, local: LocalSageMaker) -> None:
    assert await reader.evaluation(package(None)) is None
    with pytest.raises(NotFound):
        await reader.evaluation(package(f"s3://{SEEDED.bucket}/evaluation/none.json"))
    with pytest.raises(NotFound):
        await reader.evaluation(package("s3://no-such-bucket/x.json"))
    for content in (b"<html>", b"[1]", b"{}", b'{"f1": "high"}', b'{"f1": NaN}', b"\xff", b"[" * 100_000):
        uri = local.objects.put(SEEDED.bucket, "evaluation/odd.json", content)
        with pytest.raises(BadAnswer):
            await reader.evaluation(package(uri))


async def test_sagemakers_own_report_shape_is_read(reader: SageMakerReader, local: LocalSageMaker) -> None:
    report = {
        "binary_classification_metrics": {
            "f1": {"value": 0.81, "standard_deviation": "NaN"},
            "confusion_matrix": {"0": {"0": 5, "1": 2}},
        }
    }
    uri = local.objects.put_json(SEEDED.bucket, "evaluation/own.json", report)
    assert await reader.evaluation(package(uri)) == {
        "f1": 0.81,
        "confusion_matrix.0.0": 5.0,
        "confusion_matrix.0.1": 2.0,
    }


@pytest.mark.parametrize("ask", MISSING)
async def test_what_does_not_exist_is_not_found(reader: SageMakerReader, ask: Callable[[SageMakerReader], Any]) -> None:
    with pytest.raises(NotFound):
        await ask(reader)


async def test_a_throttled_read_is_tried_again(reader: SageMakerReader, local: LocalSageMaker) -> None:
    local.faults.add("throttle", count=2)
    assert (await reader.endpoint(ENDPOINT)).status == "InService"


async def test_trouble_is_told_in_our_errors(reader: SageMakerReader, local: LocalSageMaker) -> None:
    local.faults.add("throttle")
    with pytest.raises(Throttled):
        await reader.endpoint(ENDPOINT)
    local.faults.clear()
    local.faults.add("denied")
    with pytest.raises(AccessDenied):
        await reader.endpoint(ENDPOINT)
    local.faults.clear()
    local.faults.add("down")
    with pytest.raises(Unavailable):
        await reader.endpoint(ENDPOINT)


async def test_a_sagemaker_that_never_answers_is_given_up() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        reader = SageMakerReader(region=REGION, endpoint_url=url, credentials=CREDENTIALS, deadline_s=0.3)
        with pytest.raises(Unavailable, match=r"within 0\.3 s"):
            await reader.endpoint(ENDPOINT)
        reader.close()


async def test_an_address_that_is_none_is_an_invalid_request() -> None:
    reader = SageMakerReader(region=REGION, endpoint_url="sagemaker", credentials=CREDENTIALS)
    with pytest.raises(InvalidRequest):
        await reader.endpoint(ENDPOINT)
    reader.close()


async def test_preflight_of_a_good_rollback_finds_nothing(
    reader: SageMakerReader, local: LocalSageMaker, clock: HandClock
) -> None:
    assert (await reader.rollback_preflight(ENDPOINT, "product-recommender-v22")).problems == ()


async def test_preflight_tells_what_stands_against_it(
    reader: SageMakerReader, local: LocalSageMaker, clock: HandClock
) -> None:
    assert (await reader.rollback_preflight(ENDPOINT, "product-recommender-v9")).problems == (
        "endpoint config product-recommender-v9 does not exist",
    )
    assert (await reader.rollback_preflight(ENDPOINT, "product-recommender-v23")).problems == (
        f"endpoint {ENDPOINT} already runs product-recommender-v23",
    )
    local.deploy("product-recommender", instance_type="ml.m5.large")
    assert (await reader.rollback_preflight(ENDPOINT, "product-recommender-v22")).problems == (
        f"endpoint {ENDPOINT} is Updating, not InService",
    )


async def test_preflight_sees_a_model_that_is_gone_and_other_variants(
    reader: SageMakerReader, local: LocalSageMaker
) -> None:
    client: Any = AwsConnection(region=REGION, endpoint_url=local.url, credentials=CREDENTIALS).client(
        "sagemaker", attempts=1
    )
    client.delete_model(ModelName="product-recommender-v22")
    client.create_endpoint_config(
        EndpointConfigName="product-recommender-two",
        ProductionVariants=[
            {
                "VariantName": name,
                "ModelName": "product-recommender-v23",
                "InstanceType": "ml.c5.2xlarge",
                "InitialInstanceCount": 1,
            }
            for name in ("AllTraffic", "Canary")
        ],
    )
    client.close()
    assert (await reader.rollback_preflight(ENDPOINT, "product-recommender-v22")).problems == (
        "model product-recommender-v22 of product-recommender-v22 does not exist",
    )
    assert (await reader.rollback_preflight(ENDPOINT, "product-recommender-two")).problems == (
        "variants differ: AllTraffic run, product-recommender-two has AllTraffic, Canary",
    )


async def test_recent_changes_tell_a_deployment_newest_first(
    reader: SageMakerReader, local: LocalSageMaker, clock: HandClock, start_run: Callable[[str], Any]
) -> None:
    since = clock.moment()
    assert await reader.recent_changes(SPEC, since) == []
    await start_run("x4")
    clock.move(minutes=60)
    local.deploy("product-recommender")
    clock.move(minutes=10)
    found = await reader.recent_changes(SPEC, since)
    assert [change.at for change in found] == sorted((change.at for change in found), reverse=True)
    by_kind = {change.what: change for change in found if change.subject != "product-recommender version 24"}
    deployed = by_kind[changes.ENDPOINT_UPDATED]
    assert (deployed.subject, found[0]) == (ENDPOINT, deployed)
    config = by_kind[changes.CONFIG_CREATED]
    assert deployed.detail == f"{ENDPOINT} is InService on {config.subject}"
    assert config.detail.endswith("was created and is live now")
    assert by_kind[changes.RUN_ENDED].detail == f"a run of {PIPELINE} ended Succeeded"
    assert changes.PACKAGE_REGISTERED in {change.what for change in found}
    assert await reader.recent_changes(SPEC, clock.moment() + timedelta(minutes=1)) == []


async def test_an_approval_is_a_change_of_its_own(
    reader: SageMakerReader, local: LocalSageMaker, clock: HandClock, start_run: Callable[[str], Any]
) -> None:
    await start_run("x5")
    clock.move(minutes=60)
    (candidate, *_) = await reader.model_packages("product-recommender", 1)
    client: Any = AwsConnection(region=REGION, endpoint_url=local.url, credentials=CREDENTIALS).client(
        "sagemaker", attempts=1
    )
    clock.move(minutes=5)
    since = clock.moment()
    client.update_model_package(ModelPackageArn=candidate.arn, ModelApprovalStatus="Approved")
    client.close()
    (change,) = await reader.recent_changes(SPEC, since)
    assert (change.what, change.subject) == (
        changes.PACKAGE_APPROVED,
        f"product-recommender version {candidate.version}",
    )


async def test_changes_of_what_sagemaker_does_not_have_are_left_out(reader: SageMakerReader) -> None:
    since = HandClock().moment() - timedelta(days=400)
    nowhere = SPEC.model_copy(
        update={
            "name": "not_a_config_name",
            "endpoint": EndpointSpec(name="gone"),
            "retraining": RetrainingSpec(pipeline="gone", model_package_group="gone"),
        }
    )
    assert await reader.recent_changes(nowhere, since) == []
    assert await reader.recent_changes(SPEC.model_copy(update={"endpoint": None, "retraining": None}), since) == []


async def test_many_questions_at_once_share_one_client(reader: SageMakerReader) -> None:
    found = await asyncio.gather(*(reader.endpoint(ENDPOINT) for _ in range(12)))
    assert len({endpoint.config_name for endpoint in found}) == 1
    assert reader.client is reader.client


@pytest.mark.parametrize("call", CHANGING)
def test_the_readers_client_refuses_to_change_anything(
    reader: SageMakerReader, local: LocalSageMaker, call: Callable[[Any], Any]
) -> None:
    with pytest.raises(AccessDenied, match="only reads"):
        call(reader.client)
    assert local.changes == []


def test_the_object_readers_client_refuses_to_write(local: LocalSageMaker) -> None:
    objects = ObjectReader(AwsConnection(region=REGION, endpoint_url=local.url, credentials=CREDENTIALS))
    with pytest.raises(AccessDenied, match="PutObject"):
        objects.client.put_object(Bucket=SEEDED.bucket, Key="k", Body=b"x")
    with pytest.raises(AccessDenied, match="DeleteObject"):
        objects.client.delete_object(Bucket=SEEDED.bucket, Key="k")
    assert local.objects.get(SEEDED.bucket, "k") is None
    objects.close()


def test_importing_the_clients_imports_no_boto() -> None:
    code = (
        "import sys, tools.sagemaker.reader, tools.sagemaker.operator, tools.datasets.reader, tools.datasets.drift;"
        "print('boto3' in sys.modules, 'botocore' in sys.modules, 'numpy' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False"] * 3

"""The policies under manifests/iam allow what the code calls, and nothing else."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from incidents.catalogue import DataSpec
from incidents.origin import PipelineOrigin
from incidents.remediation import RollbackEndpoint, StartRetraining
from incidents.spec import spec_of
from sandbox.sagemaker.server import LocalSageMaker
from tests.tools.sagemaker.world import CREDENTIALS, REGION, SEEDED, SPEC, HandClock
from tools.datasets.reader import DatasetReader
from tools.manifests.load import load_catalogue
from tools.sagemaker import readonly
from tools.sagemaker.operator import METHODS, SageMakerOperator
from tools.sagemaker.reader import SageMakerReader

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
S3_ACTIONS = {"GetObject": "s3:GetObject", "ListObjectsV2": "s3:ListBucket"}


def statements(name: str) -> list[dict[str, Any]]:
    return json.loads((ROOT / "manifests" / "iam" / f"{name}.json").read_text())["Statement"]


def actions(name: str) -> set[str]:
    found: set[str] = set()
    for one in statements(name):
        assert one["Effect"] == "Allow"
        given = one["Action"]
        found |= {given} if isinstance(given, str) else set(given)
    assert not any("*" in action for action in found)
    return found


def test_the_roller_may_do_what_a_rollback_declares() -> None:
    assert actions("roller") == spec_of(RollbackEndpoint(endpoint="e", to_config="c")).iam_actions


def test_the_retrainer_may_do_what_a_retraining_declares() -> None:
    retraining = StartRetraining(pipeline="p", window_start=NOW - timedelta(days=1), window_end=NOW)
    assert actions("retrainer") == spec_of(retraining).iam_actions


def test_every_operation_that_can_be_sent_is_allowed_to_a_role() -> None:
    assert {f"sagemaker:{operation}" for operation in METHODS} <= actions("roller") | actions("retrainer")


def test_the_reader_may_change_nothing() -> None:
    for action in actions("reader"):
        assert action.split(":")[1].startswith(readonly.READING), action


def test_the_executor_may_assume_the_roles_of_the_catalogue_that_change() -> None:
    catalogue = load_catalogue(ROOT / "manifests" / "models.yaml")
    wanted = {role for model in catalogue.models.values() for role in (model.roles.roller, model.roles.retrainer)}
    assert actions("executor") == {"sts:AssumeRole"}
    assert set(statements("executor")[0]["Resource"]) == wanted


def test_the_retrainer_names_the_pipelines_of_the_catalogue() -> None:
    catalogue = load_catalogue(ROOT / "manifests" / "models.yaml")
    wanted = {
        f"arn:aws:sagemaker:{model.region}:{model.account}:pipeline/{model.retraining.pipeline}"
        for model in catalogue.models.values()
        if model.retraining
    }
    assert set(statements("retrainer")[0]["Resource"]) == wanted


async def test_the_reader_may_do_what_the_readers_call_and_no_more(
    local: LocalSageMaker, clock: HandClock, operator: SageMakerOperator, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: set[str] = set()
    bolt = readonly.refuse_changes

    def listening(client: Any, service: str) -> None:
        bolt(client, service)

        def note(model: Any, **_: object) -> None:
            called.add(S3_ACTIONS[model.name] if service == "S3" else f"sagemaker:{model.name}")

        client.meta.events.register("before-call", note)

    monkeypatch.setattr("tools.sagemaker.reader.refuse_changes", listening)
    monkeypatch.setattr("tools.sagemaker.objects.refuse_changes", listening)
    reader = SageMakerReader(region=REGION, endpoint_url=local.url, credentials=CREDENTIALS)
    datasets = DatasetReader(region=REGION, endpoint_url=local.url, credentials=CREDENTIALS)
    request = StartRetraining(pipeline=SEEDED.pipeline, window_start=NOW - timedelta(days=1), window_end=NOW)
    (start,) = spec_of(request).requests(PipelineOrigin(arn="arn", last_modified=NOW), "xp1")
    run = await operator.send(start, role_arn=SPEC.roles.retrainer, execution_id="xp1")
    clock.move(minutes=90)
    since = clock.moment() - timedelta(days=1)

    await reader.endpoint(SEEDED.endpoint)
    await reader.endpoint_config("product-recommender-v22")
    await reader.endpoint_configs("product-recommender", 5)
    await reader.pipeline(SEEDED.pipeline)
    await reader.pipeline_runs(SEEDED.pipeline, 5)
    await reader.pipeline_run(run["PipelineExecutionArn"])
    for package in await reader.model_packages(SEEDED.package_group, 5):
        await reader.evaluation(package)
    await reader.rollback_preflight(SEEDED.endpoint, "product-recommender-v22")
    await reader.recent_changes(SPEC, since)
    local.objects.put_json(SEEDED.bucket, "monitor/constraint_violations.json", {"violations": []})
    local.objects.put_json(SEEDED.bucket, "monitor/statistics.json", {"features": []})
    place = f"s3://{SEEDED.bucket}/monitor/"
    model = SPEC.model_copy(update={"data": DataSpec(monitor=place, baseline=place, capture=place)})
    await datasets.violations(model)
    await datasets.statistics(model)
    await datasets.baseline(model)
    await datasets.capture_window(model, since, since)
    reader.close()
    datasets.close()
    assert called == actions("reader")

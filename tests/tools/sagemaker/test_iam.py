"""The policies under manifests/iam allow what the code calls, and nothing else."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from incidents.catalogue import DataSpec, ModelSpec
from incidents.effect import ApiRequest
from incidents.origin import (
    AnyOrigin,
    DataObject,
    DataOrigin,
    EndpointOrigin,
    PipelineOrigin,
    PromotionOrigin,
    TrafficOrigin,
    VariantWeight,
)
from incidents.remediation import (
    KINDS,
    AnyRemediation,
    PromoteModel,
    QuarantineData,
    RerunDataPipeline,
    RollbackEndpoint,
    ShiftTraffic,
    StartRetraining,
)
from incidents.spec import spec_of
from sandbox.sagemaker.server import LocalSageMaker
from tests.tools.sagemaker.world import CREDENTIALS, REGION, SEEDED, SPEC, HandClock
from tools.cloudwatch_logs.reader import LogReader
from tools.cloudwatch_logs.records import LogPlace
from tools.datasets import operator as datasets_operator
from tools.datasets.operator import DatasetOperator
from tools.datasets.reader import DatasetReader
from tools.datasets.window import Window
from tools.errors import UpstreamError
from tools.manifests.load import load_catalogue
from tools.sagemaker import operator as sagemaker_operator
from tools.sagemaker import readonly
from tools.sagemaker.connection import AwsConnection
from tools.sagemaker.operator import SageMakerOperator
from tools.sagemaker.reader import SageMakerReader
from tools.sagemaker.session_policy import Role, session_policy

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
CATALOGUE = load_catalogue(ROOT / "manifests" / "models.yaml")
CHANGING = ("roller", "retrainer", "promoter")
IAM_NAMES = {
    "Application Auto Scaling": "application-autoscaling",
    "CloudWatch": "cloudwatch",
    "CloudWatch Logs": "logs",
    "ECR": "ecr",
    "S3": "s3",
    "SageMaker": "sagemaker",
    "Service Quotas": "servicequotas",
}
OTHERWISE = {"s3:ListObjectsV2": "s3:ListBucket"}
"""Operations whose action has another name."""


def statements(name: str) -> list[dict[str, Any]]:
    return json.loads((ROOT / "manifests" / "iam" / f"{name}.json").read_text())["Statement"]


def listed(given: Any) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def actions(name: str) -> set[str]:
    return {action for one in statements(name) for action in listed(one["Action"])}


def remediations(model: ModelSpec) -> list[tuple[AnyRemediation, AnyOrigin]]:
    """One of each kind that changes something in AWS, as it would be made for a model of the catalogue."""
    assert model.endpoint and model.endpoint.last_known_good and model.retraining and model.data.pipeline
    endpoint = model.endpoint.name
    facts: dict[str, Any] = {"arn": "arn", "status": "InService", "last_modified": NOW}
    pipeline = PipelineOrigin(arn="arn", last_modified=NOW)
    window: dict[str, Any] = {"window_start": NOW - timedelta(hours=3), "window_end": NOW}
    weights = tuple(VariantWeight(variant=name, weight=weight) for name, weight in (("A", 1), ("B", 0)))
    group = model.retraining.model_package_group
    package = f"arn:aws:sagemaker:{model.region}:{model.account}:model-package/{group}/24"
    bucket = f"agentops-{model.name}"
    key = f"capture/{endpoint}/AllTraffic/2026/11/20/16/00-00.jsonl"
    return [
        (
            RollbackEndpoint(endpoint=endpoint, to_config=model.endpoint.last_known_good),
            EndpointOrigin(config_name="c", variant_names=("A",), **facts),
        ),
        (ShiftTraffic(endpoint=endpoint, weights=weights), TrafficOrigin(config_name="c", weights=weights, **facts)),
        (StartRetraining(pipeline=model.retraining.pipeline, **window), pipeline),
        (RerunDataPipeline(pipeline=model.data.pipeline, window_start=NOW), pipeline),
        (
            QuarantineData(bucket=bucket, prefix="capture/", **window),
            DataOrigin(bucket=bucket, objects=(DataObject(key=key, etag="e"),)),
        ),
        (
            PromoteModel(model=model.name, endpoint=endpoint, model_package=package, version=24, alarms=("a",)),
            PromotionOrigin(
                config_name="c",
                variant="AllTraffic",
                instance_type="ml.m5.xlarge",
                instances=2,
                execution_role=f"arn:aws:iam::{model.account}:role/sagemaker-execution",
                package_status="PendingManualApproval",
                **facts,
            ),
        ),
    ]


MADE = [(model, *pair) for model in CATALOGUE.models.values() for pair in remediations(model)]


def test_there_are_four_policies_without_a_wildcard_action() -> None:
    for name in ("reader", *CHANGING):
        for one in statements(name):
            assert one["Effect"] == "Allow"
            assert "NotAction" not in one
            assert "NotResource" not in one
        assert not any("*" in action for action in actions(name))


@pytest.mark.parametrize("name", CHANGING)
def test_a_role_that_changes_may_change_nothing_everywhere(name: str) -> None:
    for one in statements(name):
        for resource in listed(one["Resource"]):
            # All of a sort only where a condition says which.
            assert not resource.endswith(":*")
            assert resource != "*"
            assert not resource.endswith("/*") or "Condition" in one or resource.count("/") > 1


def test_the_reader_may_change_nothing() -> None:
    for action in actions("reader"):
        assert action.split(":")[1].startswith(readonly.READING), action


@pytest.mark.parametrize("name", CHANGING)
def test_a_role_may_do_what_the_specs_under_it_declare_and_no_more(name: str) -> None:
    specs = [spec_of(remediation) for _, remediation, _ in MADE]
    assert actions(name) == {action for spec in specs if spec.role == name for action in spec.iam_actions}


def test_every_kind_that_runs_under_a_role_is_looked_at_here() -> None:
    told = {remediation.kind for _, remediation, _ in MADE}
    assert told == {kind for kind in KINDS if kind not in ("OpenIssue", "NotifyOwners")}


def test_the_operators_can_send_what_the_specs_make_and_nothing_else() -> None:
    made = {(one.service, one.operation) for _, what, origin in MADE for one in spec_of(what).requests(origin, "xp1")}
    assert made == {("sagemaker", name) for name in sagemaker_operator.METHODS} | {
        ("s3", name) for name in datasets_operator.METHODS
    }


@pytest.mark.parametrize(("model", "remediation", "origin"), MADE, ids=lambda one: getattr(one, "kind", ""))
def test_a_role_covers_each_session_that_it_is_assumed_for(
    model: ModelSpec, remediation: AnyRemediation, origin: AnyOrigin
) -> None:
    spec = spec_of(remediation)
    arn = spec.role_arn(model)
    assert arn and spec.role
    for request in spec.requests(origin, "xp1"):
        for wanted in session_policy(request, Role.parse(arn), model.region)["Statement"]:
            for resource in listed(wanted["Resource"]):
                assert covered(spec.role, wanted["Action"], resource, model), (wanted["Action"], resource)


def covered(role: str, action: str, resource: str, model: ModelSpec) -> bool:
    """Whether a role's policy allows an action on a resource of a model, the conditions it has included."""
    told = {"aws:ResourceTag/agentops:model": model.name, "iam:PassedToService": "sagemaker.amazonaws.com"}
    for one in statements(role):
        wanted: dict[str, Any] = one.get("Condition", {}).get("StringEquals", {})
        holds = all(told[key] in listed(texts) for key, texts in wanted.items())
        named = any(fnmatchcase(resource, pattern) for pattern in listed(one["Resource"]))
        if holds and named and action in listed(one["Action"]):
            return True
    return False


def test_a_role_does_not_cover_what_is_not_of_the_catalogue() -> None:
    model = CATALOGUE.models["fraud-detector"]
    base = f"arn:aws:sagemaker:{model.region}:{model.account}"
    stranger = model.model_copy(update={"name": "salaries"})
    assert not covered("roller", "sagemaker:UpdateEndpoint", f"{base}:endpoint/salaries-prod", stranger)
    assert not covered("promoter", "sagemaker:CreateModel", f"{base}:model/salaries-v1", model)
    assert not covered("promoter", "iam:PassRole", f"arn:aws:iam::{model.account}:role/admin", model)
    assert not covered("retrainer", "sagemaker:StartPipelineExecution", f"{base}:pipeline/payroll", model)
    assert not covered("retrainer", "s3:PutObject", "arn:aws:s3:::agentops-fraud-detector/models/x", model)
    assert not covered("retrainer", "s3:PutObjectTagging", "arn:aws:s3:::agentops-fraud-detector/models/x", model)


def test_the_executor_may_assume_the_roles_of_the_catalogue_and_they_trust_it_with_an_external_id() -> None:
    wanted = {role for model in CATALOGUE.models.values() for role in model.roles.model_dump().values()}
    assert None not in wanted
    assert actions("executor") == actions("trust") == {"sts:AssumeRole"}
    assert set(statements("executor")[0]["Resource"]) == wanted
    (trust,) = statements("trust")
    assert trust["Principal"] == {"AWS": "arn:aws:iam::123456789012:role/agentops-executor"}
    assert set(trust["Condition"]["StringEquals"]) == {"sts:ExternalId"}


@contextmanager
def listening(patch: pytest.MonkeyPatch) -> Generator[set[str]]:
    """The IAM actions of the calls that leave any client made meanwhile; STS, which needs none of a role, aside."""
    called: set[str] = set()
    make = AwsConnection.client

    def client(self: AwsConnection, service: str, *, attempts: int) -> Any:
        made = make(self, service, attempts=attempts)

        def note(model: Any, **_: object) -> None:
            action = f"{IAM_NAMES[model.service_model.service_id]}:{model.name}"
            called.add(OTHERWISE.get(action, action))

        if service != "sts":
            made.meta.events.register("before-call", note)
        return made

    with patch.context() as patched:
        patched.setattr(AwsConnection, "client", client)
        yield called


async def test_the_reader_may_do_what_the_readers_call_and_no_more(
    local: LocalSageMaker, clock: HandClock, operator: SageMakerOperator, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = StartRetraining(pipeline=SEEDED.pipeline, window_start=NOW - timedelta(days=1), window_end=NOW)
    (start,) = spec_of(request).requests(PipelineOrigin(arn="arn", last_modified=NOW), "xp1")
    run = await operator.send(start, role_arn=SPEC.roles.retrainer, execution_id="xp1")
    clock.move(minutes=90)
    since = clock.moment() - timedelta(days=1)
    local.objects.put_json(SEEDED.bucket, "monitor/constraint_violations.json", {"violations": []})
    local.objects.put_json(SEEDED.bucket, "monitor/statistics.json", {"features": []})
    local.objects.put(SEEDED.bucket, f"capture/{SEEDED.endpoint}/AllTraffic/{since:%Y/%m/%d/%H}/1.jsonl", b"{}")
    local.deploy("product-recommender", instance_type="ml.m5.large", started=clock.now - 3600)
    place = f"s3://{SEEDED.bucket}/monitor/"
    model = SPEC.model_copy(update={"data": DataSpec(monitor=place, baseline=place, capture=place)})
    with listening(monkeypatch) as called:
        reader = SageMakerReader(region=REGION, endpoint_url=local.url, credentials=CREDENTIALS)
        datasets = DatasetReader(region=REGION, endpoint_url=local.url, credentials=CREDENTIALS)
        logs = LogReader(region=REGION, endpoint_url=local.url, credentials=CREDENTIALS)
        await reader.endpoint(SEEDED.endpoint)
        await reader.endpoint_config("product-recommender-v22")
        await reader.endpoint_configs("product-recommender", 5)
        await reader.model("product-recommender-v22")
        await reader.pipeline(SEEDED.pipeline)
        await reader.newest_pipeline_version(SEEDED.pipeline)
        await reader.pipeline_runs(SEEDED.pipeline, 5)
        await reader.pipeline_run(run["PipelineExecutionArn"])
        packages = await reader.model_packages(SEEDED.package_group, 5)
        for package in packages:
            await reader.evaluation(package)
        await reader.live_package(SEEDED.endpoint, "AllTraffic", SEEDED.package_group)
        await reader.traffic(SEEDED.endpoint)
        await reader.promotion(SEEDED.endpoint, "AllTraffic", packages[0].arn)
        await reader.alarms(["product-recommender-errors"])
        for _, remediation, _ in MADE:
            if getattr(remediation, "endpoint", SEEDED.endpoint) == SEEDED.endpoint:
                await reader.preflight(remediation, SPEC)
        await reader.recent_changes(SPEC, since)
        await reader.recent_jobs(SPEC, since)
        for log in (LogPlace.of_endpoint(SEEDED.endpoint), LogPlace.of_job("training", "job")):
            await logs.trouble(log, since, clock.moment())
            await logs.lines(log, since, clock.moment(), 1)
        await reader.served_version("product-recommender-v22", "AllTraffic", SEEDED.package_group)
        await datasets.violations(model)
        await datasets.statistics(model)
        await datasets.baseline(model)
        await datasets.capture_window(model, since, since)
        await datasets.captured(CATALOGUE.models[SEEDED.name], Window(since, clock.moment()), Window(since, since))
        await datasets.monitored(model)
        await datasets.window(SEEDED.bucket, "capture/", since - timedelta(hours=1), clock.moment())
        reader.close()
        datasets.close()
        logs.close()
    assert called == actions("reader")


def test_the_reader_reads_the_places_that_the_catalogue_names_and_no_others() -> None:
    read = {
        resource
        for statement in statements("reader")
        if statement["Action"] == "s3:GetObject"
        for resource in statement["Resource"]
    }
    named = {
        f"arn:aws:s3:::{place.removeprefix('s3://')}*"
        for model in CATALOGUE.models.values()
        for place in (model.data.capture, model.data.baseline, model.data.monitor)
        if place is not None
    }
    assert named <= read
    assert {resource.rsplit("/", 2)[1] for resource in read - named} == {"evaluation"}


async def test_a_role_names_the_calls_that_the_operators_really_make(
    local: LocalSageMaker, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = CATALOGUE.models["product-recommender"]
    key = f"capture/{SEEDED.endpoint}/AllTraffic/2026/11/20/16/00-00.jsonl"
    local.objects.put(SEEDED.bucket, key, b"{}")
    sent: dict[str, set[str]] = {role: set() for role in CHANGING}
    for remediation, origin in remediations(model):
        spec = spec_of(remediation)
        for request in spec.requests(origin, "xp1"):
            with listening(monkeypatch) as called:
                await send_once(local, request, spec.role_arn(model))
            assert spec.role
            sent[spec.role] |= called
    for role in CHANGING:
        # To pass a role is no call of its own: SageMaker asks for the right to it when a model is created.
        assert sent[role] == actions(role) - {"iam:PassRole"}


async def send_once(local: LocalSageMaker, request: ApiRequest, role_arn: str | None) -> None:
    """Whether it is taken is another test's matter; here it counts that it was asked."""
    kind = DatasetOperator if request.service == "s3" else SageMakerOperator
    operator = kind(region=REGION, endpoint_url=local.url, credentials=CREDENTIALS, external_id="agentops-external")
    try:
        await operator.send(request, role_arn=role_arn, execution_id="xp1")
    except UpstreamError:
        pass
    finally:
        operator.close()

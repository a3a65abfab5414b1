"""A small world for the workflows: one SageMaker that is read and changed, one Prometheus, a clock that is set."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import BaseModel

from incidents.catalogue import ModelSpec
from incidents.effect import ApiRequest
from incidents.investigation import Case, Findings, ProgressStep
from incidents.origin import DataObject, PromotionOrigin
from incidents.remediation import AnyRemediation
from incidents.verification import Sample
from tests.incidents.builders import START, endpoint_origin, later, promotion_origin
from tools.datasets.reader import DatasetReader
from tools.errors import AlreadyExists, NotFound, UpstreamError
from tools.prometheus.client import PrometheusClient
from tools.prometheus.series import Series
from tools.sagemaker.preflight import Preflight
from tools.sagemaker.reader import SageMakerReader
from tools.sagemaker.states import (
    ConfigVariant,
    Container,
    EndpointConfig,
    EndpointState,
    ModelPackage,
    ModelState,
    PendingDeployment,
    PipelineRun,
    PipelineState,
    VariantState,
    VariantStatus,
)

RUN_ARN = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/fraud-detector-train/execution/run1"


@dataclass
class Clock:
    """Stands still until it is set forward."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **kinds: float) -> None:
        self.at += timedelta(**kinds)


def endpoint_at_origin() -> EndpointState:
    """The endpoint as the proposals of `tests.incidents.builders` found it."""
    origin = endpoint_origin()
    return EndpointState(
        arn=origin.arn,
        name="product-recommender-prod",
        config_name=origin.config_name,
        status=origin.status,
        created_at=START - timedelta(days=90),
        last_modified=origin.last_modified,
        variants=tuple(VariantState(name=name) for name in origin.variant_names),
    )


def fraud_endpoint() -> EndpointState:
    """The endpoint that promotions of `tests.incidents.builders` start from."""
    origin = promotion_origin()
    return EndpointState(
        arn=origin.arn,
        name="fraud-detector-prod",
        config_name=origin.config_name,
        status=origin.status,
        created_at=START - timedelta(days=90),
        last_modified=origin.last_modified,
        variants=(VariantState(name=origin.variant, current_instances=2, weight=1.0),),
    )


def package_arn(version: int) -> str:
    return f"arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud-detector/{version}"


def package(version: int, *, approval: str = "PendingManualApproval", created_at: datetime = START) -> ModelPackage:
    return ModelPackage(
        arn=package_arn(version),
        group="fraud-detector",
        version=version,
        status="Completed",
        approval_status=approval,
        created_at=created_at,
    )


@dataclass
class World:
    """What SageMaker and S3 are like now.

    `trouble` holds what the next changing calls raise; `lost` says that a call takes effect although it raises.
    """

    clock: Callable[[], datetime]
    endpoint: EndpointState = field(default_factory=endpoint_at_origin)
    sent: list[ApiRequest] = field(default_factory=list[ApiRequest])
    effects: int = 0
    trouble: list[UpstreamError] = field(default_factory=list[UpstreamError])
    lost: bool = False
    unreadable: UpstreamError | None = None
    preflight: list[str] = field(default_factory=list[str])
    before_send: Callable[[], None] = lambda: None
    run_status: str = "Executing"
    pipeline_version: int | None = None
    packages: list[ModelPackage] = field(default_factory=list[ModelPackage])
    figures: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    models: dict[str, ModelState] = field(default_factory=dict[str, ModelState])
    configs: dict[str, EndpointConfig] = field(default_factory=dict[str, EndpointConfig])
    objects: dict[str, DataObject] = field(default_factory=dict[str, DataObject])
    arrived: dict[str, datetime] = field(default_factory=dict[str, datetime])
    """When an object was written; one without a time belongs to every window."""

    def read(self) -> EndpointState:
        if self.unreadable is not None:
            raise self.unreadable
        return self.endpoint

    def change(self, **values: object) -> None:
        self.endpoint = self.endpoint.model_copy(update=values)

    def settle(self, config: str = "product-recommender-v23", status: str = "InService", failure: str = "") -> None:
        """The update that is under way ends."""
        self.change(
            config_name=config,
            status=status,
            failure_reason=failure or None,
            last_modified=self.clock(),
            pending=None,
        )

    def shift(self, share: float, status: str = "Baking") -> None:
        """The update that is under way reaches a share of the traffic."""
        assert self.endpoint.pending is not None
        variant = VariantState(
            name="AllTraffic", weight=share, desired_weight=1.0, statuses=(VariantStatus(status=status),)
        )
        self.change(pending=self.endpoint.pending.model_copy(update={"variants": (variant,)}))

    def approve(self, arn: str, approval: str, description: str | None = None) -> None:
        """The approval status of a package is set."""
        self.packages = [
            one.model_copy(update={"approval_status": approval, "approval_description": description})
            if one.arn == arn
            else one
            for one in self.packages
        ]

    def found(self, arn: str) -> ModelPackage:
        self.read()
        named = next((one for one in self.packages if one.arn == arn), None)
        if named is None:
            raise NotFound("SageMaker", "DescribeModelPackage", arn)
        return named

    def apply(self, request: ApiRequest) -> None:
        given = request.parameters
        match request.operation:
            case "UpdateEndpoint":
                pending = PendingDeployment(config_name=given["EndpointConfigName"])
                self.change(status="Updating", last_modified=self.clock(), pending=pending)
            case "UpdateEndpointWeightsAndCapacities":
                weights = {one["VariantName"]: one["DesiredWeight"] for one in given["DesiredWeightsAndCapacities"]}
                variants = tuple(one.model_copy(update={"weight": weights[one.name]}) for one in self.endpoint.variants)
                self.change(variants=variants, last_modified=self.clock())
            case "UpdateModelPackage":
                self.approve(given["ModelPackageArn"], given["ModelApprovalStatus"], given["ApprovalDescription"])
            case "CreateModel":
                self.models[_free(self.models, given["ModelName"])] = ModelState(
                    name=given["ModelName"],
                    arn=f"arn:model/{given['ModelName']}",
                    created_at=self.clock(),
                    execution_role=given["ExecutionRoleArn"],
                    containers=(Container(package=given["PrimaryContainer"]["ModelPackageName"]),),
                )
            case "CreateEndpointConfig":
                (variant,) = given["ProductionVariants"]
                self.configs[_free(self.configs, given["EndpointConfigName"])] = EndpointConfig(
                    name=given["EndpointConfigName"],
                    arn=f"arn:config/{given['EndpointConfigName']}",
                    created_at=self.clock(),
                    variants=(
                        ConfigVariant(
                            name=variant["VariantName"],
                            model_name=variant["ModelName"],
                            instance_type=variant["InstanceType"],
                            initial_instances=variant["InitialInstanceCount"],
                            initial_weight=variant["InitialVariantWeight"],
                        ),
                    ),
                )
            case "PutObjectTagging":
                tags = {one["Key"]: one["Value"] for one in given["Tagging"]["TagSet"]}
                self.objects[given["Key"]] = self.objects[given["Key"]].model_copy(update={"tags": tags})
            case _:
                pass
        self.effects += 1


def _free(taken: Mapping[str, object], name: str) -> str:
    if name in taken:
        raise AlreadyExists("SageMaker", "Create", name)
    return name


class FakeSageMaker(SageMakerReader):
    """Reads the world."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def endpoint(self, name: str) -> EndpointState:
        found = self._world.read()
        if name != found.name:
            raise NotFound("SageMaker", "DescribeEndpoint", name)
        return found

    async def endpoint_config(self, name: str) -> EndpointConfig:
        self._world.read()
        if name not in self._world.configs:
            raise NotFound("SageMaker", "DescribeEndpointConfig", name)
        return self._world.configs[name]

    async def model(self, name: str) -> ModelState:
        self._world.read()
        if name not in self._world.models:
            raise NotFound("SageMaker", "DescribeModel", name)
        return self._world.models[name]

    async def model_package(self, arn: str) -> ModelPackage:
        return self._world.found(arn)

    async def live_package(self, endpoint: str, variant: str, group: str) -> ModelPackage | None:
        self._world.read()
        return next((one for one in self._world.packages if one.approval_status == "Approved"), None)

    async def promotion(self, endpoint: str, variant: str, package_arn: str) -> PromotionOrigin:
        found = await self.endpoint(endpoint)
        return promotion_origin(
            arn=found.arn,
            config_name=found.config_name,
            status=found.status,
            last_modified=found.last_modified,
            package_status=self._world.found(package_arn).approval_status,
        )

    async def preflight(self, remediation: AnyRemediation, model: ModelSpec) -> Preflight:
        self._world.read()
        return Preflight(problems=tuple(self._world.preflight), checked=("the fake looked",))

    async def pipeline(self, name: str, version: int | None = None) -> PipelineState:
        self._world.read()
        return PipelineState(
            arn="arn:aws:sagemaker:eu-west-1:123456789012:pipeline/fraud-detector-train",
            name=name,
            status="Active",
            last_modified=START - timedelta(days=30),
            created_at=START - timedelta(days=90),
        )

    async def newest_pipeline_version(self, name: str) -> int | None:
        self._world.read()
        return self._world.pipeline_version

    async def pipeline_run(self, arn: str) -> PipelineRun:
        assert arn == RUN_ARN
        return PipelineRun(arn=arn, status=self._world.run_status, started_at=START, failure_reason="step Train failed")

    async def model_packages(self, group: str, limit: int) -> list[ModelPackage]:
        self._world.read()
        return [one for one in self._world.packages if one.group == group][:limit]

    async def evaluation(self, model_package: ModelPackage) -> dict[str, float] | None:
        return self._world.figures.get(model_package.arn)


class FakeDatasets(DatasetReader):
    """Reads the world's objects."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def window(self, bucket: str, prefix: str, start: datetime, end: datetime) -> tuple[DataObject, ...]:
        self._world.read()
        arrived = self._world.arrived
        return tuple(
            self._world.objects[key]
            for key in sorted(self._world.objects)
            if key.startswith(prefix) and start <= arrived.get(key, start) < end
        )


class FakeGitHub:
    """Opens issues, once a marker."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def send(self, request: ApiRequest) -> dict[str, str]:
        known = [one.parameters["marker"] for one in self._world.sent if one.service == "github"]
        self._world.sent.append(request)
        if self._world.trouble:
            raise self._world.trouble.pop(0)
        if request.parameters["marker"] not in known:
            self._world.effects += 1
        return {"number": "12", "url": "https://github.example/12"}


class FakeOperator:
    """Changes the world, or fails as it was told."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def send(self, request: ApiRequest, *, role_arn: str | None, execution_id: str) -> dict[str, str]:
        world = self._world
        assert role_arn is not None
        world.before_send()
        world.sent.append(request)
        if world.trouble:
            error = world.trouble.pop(0)
            if world.lost:
                world.apply(request)
            raise error
        token = request.parameters.get("ClientRequestToken")
        again = token is not None and any(r.parameters.get("ClientRequestToken") == token for r in world.sent[:-1])
        if not (again and world.effects):
            world.apply(request)
        return {"PipelineExecutionArn": RUN_ARN} if request.operation == "StartPipelineExecution" else {}


class FakePrometheus(PrometheusClient):
    """One series of one value; None is no series, an error is raised. `traffic` is what a rate of requests answers."""

    def __init__(self) -> None:
        self.value: float | None = 0.002
        self.traffic = 50.0
        self.error: Exception | None = None
        self.asked: list[str] = []

    async def query_range(
        self, promql: str, start: datetime, end: datetime, step: timedelta | None = None
    ) -> list[Series]:
        self.asked.append(promql)
        if self.error is not None:
            raise self.error
        if self.value is None:
            return []
        value = self.traffic if promql.startswith("sum") and "/" not in promql else self.value
        pause = step or timedelta(seconds=15)
        count = int((end - start) / pause) + 1
        samples = tuple(Sample(at=start + pause * n, value=value) for n in range(count))
        return [Series(labels={}, samples=samples)]


class FakeInvestigator:
    """Answers what it was given, or raises it."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.answer: Findings | Exception | None = None

    async def investigate(self, case: Case, progress: Callable[[ProgressStep], Awaitable[None]]) -> Findings:
        self.cases.append(case)
        await progress(ProgressStep(key="look", title="Look", status="complete"))
        if isinstance(self.answer, Findings):
            return self.answer
        raise self.answer or AssertionError("no findings were given")


class _Kept(BaseModel):
    endpoint: EndpointState
    packages: list[ModelPackage] = []
    models: dict[str, ModelState] = {}
    configs: dict[str, EndpointConfig] = {}


class FileWorld(World):
    """A world that outlives the process: SageMaker in one file, a line for every effect in another."""

    def __init__(self, clock: Callable[[], datetime], folder: Path) -> None:
        super().__init__(clock)
        self._sagemaker = folder / "sagemaker.json"
        self._effects = folder / "effects.txt"
        self.look_anew()

    def look_anew(self) -> None:
        """Take SageMaker as it was last written down."""
        if self._sagemaker.exists():
            kept = _Kept.model_validate_json(self._sagemaker.read_text())
            self.endpoint, self.packages = kept.endpoint, kept.packages
            self.models, self.configs = kept.models, kept.configs

    def apply(self, request: ApiRequest) -> None:
        super().apply(request)
        with self._effects.open("a") as lines:
            lines.write(f"{request.operation}\n")
        self.keep()

    def keep(self) -> None:
        """Write SageMaker down as it stands."""
        kept = _Kept(endpoint=self.endpoint, packages=self.packages, models=self.models, configs=self.configs)
        # In one move: another process may be reading.
        draft = self._sagemaker.with_suffix(".draft")
        draft.write_text(kept.model_dump_json())
        draft.rename(self._sagemaker)

    def effects_of_all_processes(self) -> list[str]:
        return self._effects.read_text().splitlines() if self._effects.exists() else []


def finished_run(world: World, candidate_f1: float, live_f1: float = 0.80, **slices: float) -> None:
    """The pipeline run ends and registers version 42; version 41 is live. `slices`: its F1 there; live 0.8."""
    world.run_status = "Succeeded"
    world.packages = [package(42, created_at=later(hours=1)), package(41, approval="Approved")]
    figures = {"f1": candidate_f1, "champion.f1": live_f1}
    for name, value in slices.items():
        figures |= {f"slice.{name}.f1": value, f"champion.slice.{name}.f1": 0.8, f"slice.{name}.rows": 1_000.0}
    world.figures = {package_arn(42): figures}


def operations(requests: Iterable[ApiRequest]) -> list[str]:
    return [request.operation for request in requests]

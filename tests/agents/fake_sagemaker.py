"""A SageMaker with one endpoint."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from incidents.catalogue import ModelSpec
from tests.agents.moments import NOW
from tools.errors import NotFound, Unavailable
from tools.sagemaker.preflight import Preflight
from tools.sagemaker.states import (
    Change,
    ConfigVariant,
    EndpointConfig,
    EndpointConfigSummary,
    EndpointState,
    PipelineJob,
    PipelineState,
    VariantState,
)
from tools.sagemaker.versions import ServedVersion


@dataclass
class FakeSageMaker:
    """One endpoint with its configs. `down` makes it fail."""

    endpoint_name: str
    config: str
    configs: list[tuple[str, datetime]]
    last_modified: datetime
    created_at: datetime = NOW - timedelta(days=90)
    changes: list[Change] = field(default_factory=list[Change])
    problems: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    pipeline_status: str = "Active"
    failure_reason: str | None = None
    variants: tuple[VariantState, ...] = (
        VariantState(name="AllTraffic", current_instances=2, desired_instances=2, weight=1.0),
    )
    models: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    """Models by variant, for each config that has other than one of its own."""
    versions: dict[str, ServedVersion] = field(default_factory=dict[str, ServedVersion])
    jobs: list[PipelineJob] = field(default_factory=list[PipelineJob])
    down: bool = False

    async def endpoint(self, name: str) -> EndpointState:
        self._ask("DescribeEndpoint")
        return EndpointState(
            arn=f"arn:aws:sagemaker:eu-west-1:123456789012:endpoint/{name}",
            name=name,
            config_name=self.config,
            status="InService",
            created_at=self.created_at,
            last_modified=self.last_modified,
            failure_reason=self.failure_reason,
            variants=self.variants,
        )

    async def endpoint_config(self, name: str) -> EndpointConfig:
        self._ask("DescribeEndpointConfig")
        if name not in {known for known, _ in self.configs}:
            raise NotFound("SageMaker", "DescribeEndpointConfig", f"Could not find endpoint config {name}.")
        models = self.models.get(name, {"AllTraffic": f"model-of-{name}"})
        variants = tuple(ConfigVariant(name=variant, model_name=model) for variant, model in models.items())
        return EndpointConfig(name=name, arn=f"arn:{name}", created_at=NOW, variants=variants)

    async def endpoint_configs(self, prefix: str, limit: int) -> list[EndpointConfigSummary]:
        self._ask("ListEndpointConfigs")
        newest = sorted(self.configs, key=lambda c: c[1], reverse=True)
        return [EndpointConfigSummary(name=name, arn=f"arn:{name}", created_at=at) for name, at in newest][:limit]

    async def served_version(self, config: str, variant: str, group: str | None) -> ServedVersion:
        self._ask("DescribeEndpointConfig")
        return self.versions.get(config) or ServedVersion(config=config)

    async def pipeline(self, name: str) -> PipelineState:
        self._ask("DescribePipeline")
        return PipelineState(
            arn=f"arn:{name}", name=name, status=self.pipeline_status, last_modified=NOW, created_at=NOW
        )

    async def rollback_preflight(self, endpoint: str, to_config: str) -> Preflight:
        self._ask("DescribeEndpointConfig")
        if to_config not in {name for name, _ in self.configs}:
            return Preflight(problems=(f"{to_config} does not exist",))
        return Preflight(problems=tuple(self.problems.get(to_config, ())))

    async def recent_changes(self, model: ModelSpec, since: datetime) -> list[Change]:
        self._ask("ListChanges")
        return [change for change in self.changes if change.at >= since]

    async def recent_jobs(self, model: ModelSpec, since: datetime) -> list[PipelineJob]:
        self._ask("ListPipelineExecutions")
        return self.jobs

    def _ask(self, operation: str) -> None:
        if self.down:
            raise Unavailable("SageMaker", operation, "connection refused")

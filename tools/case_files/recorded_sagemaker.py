"""What SageMaker would have answered in a case."""

from datetime import datetime, timedelta

from incidents.catalogue import ModelSpec
from incidents.origin import EndpointOrigin, PromotionOrigin, TrafficOrigin
from incidents.remediation import AnyRemediation, RollbackEndpoint
from tools.case_files.case_file import CaseFile
from tools.case_files.moments import NOW
from tools.case_files.series import BASELINE
from tools.errors import NotFound
from tools.sagemaker import changes, descriptions
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

_EVALUATED = ("accuracy", "f1", "precision", "recall", "auc")


class RecordedSageMaker:
    """The endpoint of the case, with changes as the real reader tells them."""

    def __init__(self, case: CaseFile, model: ModelSpec) -> None:
        """Nothing is read before it is asked."""
        self._case = case
        self._model = model
        history = case.endpoint
        served = [(c.live_since, c.name) for c in history.configs if c.live_since is not None]
        self._live_since, self._live = max(served, default=(NOW - timedelta(days=30), ""))
        self._configs = [
            EndpointConfigSummary(name=c.name, arn=f"arn:aws:sagemaker:::endpoint-config/{c.name}", created_at=c.made)
            # One that was live more than once is told more than once.
            for c in sorted({c.name: c for c in history.configs}.values(), key=lambda c: c.made, reverse=True)
        ]

    async def endpoint(self, name: str) -> EndpointState:
        """The endpoint as it stands."""
        if self._model.endpoint is None or name != self._model.endpoint.name:
            raise NotFound("SageMaker", "DescribeEndpoint", f"Could not find endpoint {name}.")
        history = self._case.endpoint
        count = history.instances
        return EndpointState(
            arn=f"arn:aws:sagemaker:eu-west-1:123456789012:endpoint/{name}",
            name=name,
            config_name=self._live,
            status=history.status,
            created_at=NOW - timedelta(days=400),
            last_modified=history.touched or self._live_since,
            failure_reason=history.failure_reason,
            variants=(VariantState(name="AllTraffic", current_instances=count, desired_instances=count, weight=1.0),),
        )

    async def endpoint_config(self, name: str) -> EndpointConfig:
        """A config of the case: one variant with a model of its own."""
        found = next((config for config in self._configs if config.name == name), None)
        if found is None:
            raise NotFound("SageMaker", "DescribeEndpointConfig", f"Could not find endpoint config {name}.")
        variant = ConfigVariant(name="AllTraffic", model_name=f"model-of-{name}")
        return EndpointConfig(name=name, arn=found.arn, created_at=found.created_at, variants=(variant,))

    async def endpoint_configs(self, prefix: str, limit: int) -> list[EndpointConfigSummary]:
        """Configs whose name begins so, newest first."""
        return [config for config in self._configs if config.name.startswith(prefix)][:limit]

    async def served_version(self, config: str, variant: str, group: str | None) -> ServedVersion:
        """What a config of the case serves; whatever is not live is as the version before it."""
        await self.endpoint_config(config)
        versions = self._case.versions
        told = versions.live if config == self._live else versions.previous
        number = config.rpartition("-v")[2]
        return ServedVersion(
            config=config,
            model=f"model-of-{config}",
            version=int(number) if number.isdigit() else None,
            image=told.image,
            instance_type=told.instance_type,
            instances=self._case.endpoint.instances,
            artefact_bytes=round(told.artefact_mb * 1_000_000),
            environment=told.environment,
            figures={name: BASELINE for name in _EVALUATED} | told.evaluation,
        )

    async def endpoint_origin(self, endpoint: str) -> EndpointOrigin:
        """Where a change of the endpoint's config would start from."""
        return descriptions.endpoint_origin(await self.endpoint(endpoint))

    async def traffic(self, endpoint: str) -> TrafficOrigin:
        """How the endpoint's traffic is shared: one variant has all of it."""
        return descriptions.traffic_origin(await self.endpoint(endpoint))

    async def promotion(self, endpoint: str, variant: str, package_arn: str) -> PromotionOrigin:
        """Nothing: a case records no candidates."""
        raise NotFound("SageMaker", "DescribeModelPackage", f"Could not find {package_arn}.")

    async def newest_pipeline_version(self, name: str) -> int | None:
        """None: a case records no versions of pipelines."""
        return None

    async def preflight(self, remediation: AnyRemediation, model: ModelSpec) -> Preflight:
        """What stands against a rollback; a case records nothing that stands against another remediation."""
        if isinstance(remediation, RollbackEndpoint):
            return await self.rollback_preflight(remediation.endpoint, remediation.to_config)
        return Preflight()

    async def pipeline(self, name: str, version: int | None = None) -> PipelineState:
        """The pipeline: always active."""
        made = NOW - timedelta(days=200)
        return PipelineState(arn=f"arn:{name}", name=name, status="Active", last_modified=made, created_at=made)

    async def rollback_preflight(self, endpoint: str, to_config: str) -> Preflight:
        """What stands against a rollback."""
        if to_config not in {config.name for config in self._configs}:
            return Preflight(problems=(f"{to_config} does not exist",))
        return Preflight(problems=tuple(self._case.endpoint.rollback_problems))

    async def recent_changes(self, model: ModelSpec, since: datetime) -> list[Change]:
        """Changes, newest first."""
        named = [Change(at=c.at, what=c.what, subject=c.subject, detail=c.detail) for c in self._case.changes]
        configs = changes.of_configs(self._configs, self._live)
        endpoint = [changes.of_endpoint(await self.endpoint(model.endpoint.name))] if model.endpoint else []
        return changes.since([*endpoint, *configs, *named], since)

    async def recent_jobs(self, model: ModelSpec, since: datetime) -> list[PipelineJob]:
        """A job for each kind that the case has lines of."""
        return _jobs_of(self._case, model)


def _jobs_of(case: CaseFile, model: ModelSpec) -> list[PipelineJob]:
    training = model.retraining.pipeline if model.retraining else f"{model.name}-train"
    named = {logged.group for logged in case.logs}
    jobs = (
        PipelineJob(kind="training", name=f"{model.name}-training-7f3a", pipeline=training),
        PipelineJob(kind="processing", name=f"{model.name}-processing-7f3a", pipeline=model.data.pipeline or training),
    )
    return [job for job in jobs if job.kind in named]

"""SageMaker, read: describe and list, nothing else. The client refuses anything that is not a read."""

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, assert_never

from incidents.catalogue import ModelSpec
from incidents.origin import EndpointOrigin, PromotionOrigin, TrafficOrigin
from incidents.remediation import (
    AnyRemediation,
    NotifyOwners,
    OpenIssue,
    PromoteModel,
    QuarantineData,
    RerunDataPipeline,
    RollbackEndpoint,
    ShiftTraffic,
    StartRetraining,
)
from tools.errors import BadAnswer, NotFound
from tools.sagemaker import answers, changes, evaluation, jobs
from tools.sagemaker.calls import Calls
from tools.sagemaker.clients import NAMES, ReadingClients
from tools.sagemaker.connection import AwsConnection, AwsCredentials, Lasting
from tools.sagemaker.descriptions import Descriptions, endpoint_origin, traffic_origin
from tools.sagemaker.errors import upstream
from tools.sagemaker.objects import ObjectReader
from tools.sagemaker.preflight import Preflight
from tools.sagemaker.preflights.parts import Sight
from tools.sagemaker.preflights.pipeline import pipeline_preflight
from tools.sagemaker.preflights.promotion import promotion_preflight
from tools.sagemaker.preflights.rollback import rollback_preflight
from tools.sagemaker.preflights.traffic import traffic_preflight
from tools.sagemaker.promotion import promotion_origin
from tools.sagemaker.states import (
    FINAL_RUN_STATUSES,
    AlarmState,
    Change,
    EndpointConfig,
    EndpointConfigSummary,
    EndpointState,
    ModelPackage,
    ModelState,
    PipelineJob,
    PipelineRun,
    PipelineState,
)
from tools.sagemaker.surroundings import Surroundings
from tools.sagemaker.versions import ServedVersion, served_version

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.client import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import PipelineExecutionStepTypeDef

SERVICE = "SageMaker"
DEADLINE_S = 30.0
"""Of one question, its retries included."""
LOOKED_AT = 20
"""How many configs, packages and runs are looked at for recent changes."""
MAX_PAGES = 10
_CONFIG_NAME = re.compile(r"[a-zA-Z0-9-]{1,63}")
"""What SageMaker takes as a part of a config's name; a model called otherwise has no config of its name."""


class SageMakerReader:
    """Asks SageMaker of one region. Safe to share between tasks and threads; every answer comes within 30 s.

    Raises from every method: `tools.errors.NotFound`, `Throttled`, `Unavailable`, `AccessDenied`, `BadAnswer`.
    """

    def __init__(
        self,
        *,
        region: str,
        endpoint_url: str | None = None,
        credentials: AwsCredentials | None = None,
        role: Lasting | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """`credentials`: where neither they nor a `role` to read under are given, boto3 looks where it always does."""
        connection = AwsConnection(region=region, endpoint_url=endpoint_url, credentials=credentials, role=role)
        self._clients = ReadingClients(connection)
        self._objects = ObjectReader(connection)
        self._descriptions = Descriptions(self._clients)
        self._surroundings = Surroundings(self._clients, self._objects, region)
        self._sight = Sight(self._descriptions, self._surroundings)
        self._calls = Calls(SERVICE, deadline_s=deadline_s, threads=8)

    @property
    def client(self) -> "SageMakerClient":
        """The client, made at the first use. It reads; any other operation raises `AccessDenied` unsent."""
        return self._clients.sagemaker

    def warm_up(self) -> None:
        """Make the clients ahead of their first use: that takes seconds. Blocking."""
        for service in NAMES:
            self._clients.of(service)
        _ = self._objects.client

    async def endpoint(self, name: str) -> EndpointState:
        """The endpoint as it stands."""
        return await self._calls.run("DescribeEndpoint", lambda: self._descriptions.endpoint(name))

    async def endpoint_config(self, name: str) -> EndpointConfig:
        """The endpoint config of this name."""
        return await self._calls.run("DescribeEndpointConfig", lambda: self._descriptions.endpoint_config(name))

    async def model(self, name: str) -> ModelState:
        """The SageMaker model of this name."""
        return await self._calls.run("DescribeModel", lambda: self._descriptions.model(name))

    async def model_exists(self, name: str) -> bool:
        """Whether there is a SageMaker model of this name."""
        try:
            await self.model(name)
        except NotFound:
            return False
        return True

    async def model_package(self, arn: str) -> ModelPackage:
        """The registered version of this ARN."""
        return await self._calls.run("DescribeModelPackage", lambda: self._descriptions.model_package(arn))

    async def live_package(self, endpoint: str, variant: str, group: str) -> ModelPackage | None:
        """The registered version that serves: by its model's package, else by the same artefact among the newest 20.

        None where the live model was made from no version of this group that can be found.
        """

        def read() -> ModelPackage | None:
            config = self._descriptions.endpoint_config(self._descriptions.endpoint(endpoint).config_name)
            _, model = self._descriptions.live_variant(config, variant)
            return self._descriptions.version_of(model, group)

        return await self._calls.run("DescribeModelPackage", read)

    async def served_version(self, config: str, variant: str, group: str | None) -> ServedVersion:
        """What a config serves under a variant (the first where it has none of that name), with its evaluation."""
        return await self._calls.run(
            "DescribeEndpointConfig",
            lambda: served_version(self._descriptions, self._objects, config, variant, group),
        )

    async def endpoint_origin(self, endpoint: str) -> EndpointOrigin:
        """Where a change of the endpoint's config would start from."""
        return endpoint_origin(await self.endpoint(endpoint))

    async def traffic(self, endpoint: str) -> TrafficOrigin:
        """How the endpoint's traffic is shared now."""
        return traffic_origin(await self.endpoint(endpoint))

    async def promotion(self, endpoint: str, variant: str, package_arn: str) -> PromotionOrigin:
        """Where a promotion would start from: see `tools.sagemaker.promotion.promotion_origin`."""
        return await self._calls.run(
            "DescribeEndpoint", lambda: promotion_origin(self._descriptions, endpoint, variant, package_arn)
        )

    async def alarms(self, names: Sequence[str]) -> tuple[AlarmState, ...]:
        """CloudWatch's alarms of these names, in this order; one that is not there is told as ``missing``."""
        return await self._calls.run("DescribeAlarms", lambda: self._surroundings.alarms(names))

    async def endpoint_configs(self, prefix: str, limit: int) -> list[EndpointConfigSummary]:
        """The newest `limit` configs whose name begins with `prefix`, newest first."""
        return await self._calls.run("ListEndpointConfigs", lambda: self._endpoint_configs(prefix, limit))

    async def pipeline(self, name: str, version: int | None = None) -> PipelineState:
        """The pipeline of this name; with a version, `NotFound` where that is not there."""
        return await self._calls.run("DescribePipeline", lambda: self._descriptions.pipeline(name, version))

    async def newest_pipeline_version(self, name: str) -> int | None:
        """The version of a pipeline that runs when none is named; None where it has no versions."""
        return await self._calls.run("ListPipelineVersions", lambda: self._newest_pipeline_version(name))

    async def pipeline_runs(self, name: str, limit: int) -> list[PipelineRun]:
        """The newest `limit` runs, newest first, without steps and without their end."""
        return await self._calls.run("ListPipelineExecutions", lambda: self._pipeline_runs(name, limit))

    async def pipeline_run(self, arn: str) -> PipelineRun:
        """One run with its steps, in the order they started."""
        return await self._calls.run("DescribePipelineExecution", lambda: self._pipeline_run(arn))

    async def model_packages(self, group: str, limit: int) -> list[ModelPackage]:
        """The newest `limit` versions of a model package group, newest first."""
        return await self._calls.run("ListModelPackages", lambda: self._model_packages(group, limit))

    async def evaluation(self, model_package: ModelPackage) -> dict[str, float] | None:
        """The figures of its evaluation report (see `tools.sagemaker.evaluation.figures`); None where it has none.

        Raises:
            BadAnswer: the report is no JSON, or holds no number.
            NotFound: the report it names is gone.
        """
        uri = model_package.metrics_uri
        if uri is None:
            return None
        found = evaluation.figures(await self._calls.run("GetObject", lambda: self._objects.json(uri)))
        if not found:
            raise BadAnswer("S3", "GetObject", f"{uri} holds no figures")
        return found

    async def preflight(self, remediation: AnyRemediation, model: ModelSpec) -> Preflight:
        """What stands against a remediation, what was looked at, and what could not be; empty where AWS has no part.

        Raises:
            NotFound: there is no such endpoint.
        """
        sight = self._sight
        match remediation:
            case RollbackEndpoint():
                return await self.rollback_preflight(remediation.endpoint, remediation.to_config)
            case ShiftTraffic():
                return await self._calls.run(
                    "DescribeEndpoint", lambda: traffic_preflight(sight, remediation.endpoint, remediation.weights)
                )
            case PromoteModel():
                variant = model.endpoint.variant if model.endpoint else "AllTraffic"
                return await self._calls.run(
                    "DescribeEndpoint",
                    lambda: promotion_preflight(
                        sight, remediation.endpoint, variant, remediation.model_package, remediation.alarms
                    ),
                )
            case StartRetraining():
                version = model.retraining.pipeline_version if model.retraining else None
                return await self._calls.run(
                    "DescribePipeline", lambda: pipeline_preflight(sight, remediation.pipeline, version)
                )
            case RerunDataPipeline():
                return await self._calls.run(
                    "DescribePipeline", lambda: pipeline_preflight(sight, remediation.pipeline, None)
                )
            case QuarantineData() | OpenIssue() | NotifyOwners():
                return Preflight()
            case _:
                assert_never(remediation)

    async def rollback_preflight(self, endpoint: str, to_config: str) -> Preflight:
        """What stands against putting `endpoint` on `to_config`, what was looked at, and what could not be.

        Raises:
            NotFound: there is no such endpoint.
        """
        return await self._calls.run(
            "DescribeEndpointConfig", lambda: rollback_preflight(self._sight, endpoint, to_config)
        )

    async def recent_changes(self, model: ModelSpec, since: datetime) -> list[Change]:
        """What was changed about the model at or after `since`, newest first.

        New endpoint configs, the endpoint's last change, model versions registered or approved, runs of the training
        and the data pipeline that ended. A thing that the catalogue names and SageMaker does not have is left out.
        """
        endpoint, packages, runs = await asyncio.gather(
            self._calls.run("DescribeEndpoint", lambda: self._endpoint_changes(model)),
            self._calls.run("ListModelPackages", lambda: self._package_changes(model)),
            self._calls.run("ListPipelineExecutions", lambda: self._run_changes(model)),
        )
        return changes.since([*endpoint, *packages, *runs], since)

    async def recent_jobs(self, model: ModelSpec, since: datetime) -> list[PipelineJob]:
        """The jobs of the newest run of each of the model's pipelines, where it began at or after `since`.

        A pipeline that the catalogue names and SageMaker does not have is left out.
        """
        named = (model.retraining.pipeline if model.retraining else None, model.data.pipeline)
        pipelines = dict.fromkeys(name for name in named if name)
        found = await asyncio.gather(
            *(
                self._calls.run("ListPipelineExecutionSteps", lambda name=name: self._recent_jobs(name, since))
                for name in pipelines
            )
        )
        return [job for one in found for job in one]

    def close(self) -> None:
        """Close connections; calls under way end by their own timeouts."""
        self._calls.close()
        self._clients.close()
        self._objects.close()

    def _endpoint_configs(self, prefix: str, limit: int) -> list[EndpointConfigSummary]:
        found: list[EndpointConfigSummary] = []
        pages = self.client.get_paginator("list_endpoint_configs").paginate(
            NameContains=prefix, SortBy="CreationTime", SortOrder="Descending", PaginationConfig={"PageSize": 100}
        )
        for number, page in enumerate(pages, start=1):
            rows = answers.read(
                "ListEndpointConfigs",
                lambda page=page: [answers.endpoint_config_summary(row) for row in page["EndpointConfigs"]],
            )
            found += [row for row in rows if row.name.startswith(prefix)]
            if len(found) >= limit or number == MAX_PAGES:
                break
        return sorted(found, key=lambda row: row.created_at, reverse=True)[:limit]

    def _newest_pipeline_version(self, name: str) -> int | None:
        answer = self.client.list_pipeline_versions(PipelineName=name, SortOrder="Descending", MaxResults=1)
        # The stub says that any key may be absent; `answers.read` says which may not.
        rows: list[Any] = list(answer["PipelineVersionSummaries"])
        return answers.read("ListPipelineVersions", lambda: int(rows[0]["PipelineVersionId"])) if rows else None

    def _pipeline_runs(self, name: str, limit: int) -> list[PipelineRun]:
        answer = self.client.list_pipeline_executions(
            PipelineName=name, SortBy="CreationTime", SortOrder="Descending", MaxResults=min(100, limit)
        )
        return answers.read(
            "ListPipelineExecutions",
            lambda: [answers.run_summary(row) for row in answer["PipelineExecutionSummaries"]][:limit],
        )

    def _recent_jobs(self, pipeline: str, since: datetime) -> list[PipelineJob]:
        try:
            with upstream(SERVICE, "ListPipelineExecutions"):
                runs = [run for run in self._pipeline_runs(pipeline, 1) if run.started_at >= since]
                return [job for run in runs for job in jobs.of_steps(pipeline, self._steps(run.arn))]
        except NotFound:
            return []

    def _steps(self, arn: str) -> "list[PipelineExecutionStepTypeDef]":
        steps: list[PipelineExecutionStepTypeDef] = []
        pages = self.client.get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=arn)
        for number, page in enumerate(pages, start=1):
            steps += page.get("PipelineExecutionSteps", [])
            if number == MAX_PAGES:
                break
        return steps

    def _pipeline_run(self, arn: str) -> PipelineRun:
        steps = self._steps(arn)
        # Steps first: a run that is final in the answer below has no step that is younger than those above.
        answer = self.client.describe_pipeline_execution(PipelineExecutionArn=arn)
        return answers.read("DescribePipelineExecution", lambda: answers.run(answer, steps))

    def _model_packages(self, group: str, limit: int) -> list[ModelPackage]:
        return [self._descriptions.model_package(arn) for arn in self._descriptions.package_arns(group, limit)]

    def _endpoint_changes(self, model: ModelSpec) -> list[Change]:
        if model.endpoint is None:
            return []
        prefixes = [name for name in (model.name, model.endpoint.name) if _CONFIG_NAME.fullmatch(name)]
        configs = {row.name: row for prefix in prefixes for row in self._endpoint_configs(prefix, LOOKED_AT)}
        try:
            endpoint = self._descriptions.endpoint(model.endpoint.name)
        except NotFound:
            return changes.of_configs(configs.values(), None)
        # The live config counts whatever it is called.
        if endpoint.config_name not in configs:
            live = self._descriptions.endpoint_config(endpoint.config_name)
            configs[live.name] = EndpointConfigSummary(name=live.name, arn=live.arn, created_at=live.created_at)
        return [changes.of_endpoint(endpoint), *changes.of_configs(configs.values(), endpoint.config_name)]

    def _package_changes(self, model: ModelSpec) -> list[Change]:
        if model.retraining is None:
            return []
        try:
            return changes.of_packages(self._model_packages(model.retraining.model_package_group, LOOKED_AT))
        except NotFound:
            return []

    def _run_changes(self, model: ModelSpec) -> list[Change]:
        """Runs of the pipeline that trains the model, and of the one that fills its features."""
        training = model.retraining.pipeline if model.retraining else None
        return [change for name in (training, model.data.pipeline) if name for change in self._ended_runs(name)]

    def _ended_runs(self, name: str) -> list[Change]:
        try:
            with upstream(SERVICE, "ListPipelineExecutions"):
                ended = [run for run in self._pipeline_runs(name, LOOKED_AT) if run.status in FINAL_RUN_STATUSES]
                return changes.of_runs(name, [self._pipeline_run(run.arn) for run in ended[:5]])
        except NotFound:
            return []

"""SageMaker, read: describe and list, nothing else. The client refuses anything that is not a read."""

import asyncio
import re
import threading
from datetime import datetime
from typing import TYPE_CHECKING

from incidents.catalogue import ModelSpec
from tools.errors import BadAnswer, NotFound
from tools.sagemaker import answers, changes, evaluation, preflight
from tools.sagemaker.calls import Calls
from tools.sagemaker.connection import AwsConnection, AwsCredentials
from tools.sagemaker.errors import upstream
from tools.sagemaker.objects import ObjectReader
from tools.sagemaker.readonly import refuse_changes
from tools.sagemaker.states import (
    FINAL_RUN_STATUSES,
    Change,
    EndpointConfig,
    EndpointConfigSummary,
    EndpointState,
    ModelPackage,
    PipelineRun,
    PipelineState,
)

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
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """`credentials`: where they are not given, boto3 looks for them where it always does."""
        self._connection = AwsConnection(region=region, endpoint_url=endpoint_url, credentials=credentials)
        self._objects = ObjectReader(self._connection)
        self._calls = Calls(SERVICE, deadline_s=deadline_s, threads=8)
        self._lock = threading.Lock()
        self._made: SageMakerClient | None = None

    @property
    def client(self) -> "SageMakerClient":
        """The client, made at the first use. It reads; any other operation raises `AccessDenied` unsent."""
        with self._lock:
            if self._made is None:
                made: SageMakerClient = self._connection.client("sagemaker", attempts=3)
                refuse_changes(made, SERVICE)
                self._made = made
            return self._made

    async def endpoint(self, name: str) -> EndpointState:
        """The endpoint as it stands."""
        return await self._calls.run("DescribeEndpoint", lambda: self._endpoint(name))

    async def endpoint_config(self, name: str) -> EndpointConfig:
        """The endpoint config of this name."""
        return await self._calls.run("DescribeEndpointConfig", lambda: self._endpoint_config(name))

    async def endpoint_configs(self, prefix: str, limit: int) -> list[EndpointConfigSummary]:
        """The newest `limit` configs whose name begins with `prefix`, newest first."""
        return await self._calls.run("ListEndpointConfigs", lambda: self._endpoint_configs(prefix, limit))

    async def pipeline(self, name: str) -> PipelineState:
        """The pipeline of this name."""
        return await self._calls.run(
            "DescribePipeline",
            lambda: answers.read(
                "DescribePipeline", lambda: answers.pipeline(self.client.describe_pipeline(PipelineName=name))
            ),
        )

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

    async def rollback_preflight(self, endpoint: str, to_config: str) -> list[str]:
        """What stands against putting `endpoint` on `to_config`, in plain words; empty when nothing does.

        Not looked at, for want of permissions a reader should not need: instance quota, autoscaling, the image.

        Raises:
            NotFound: there is no such endpoint.
        """
        return await self._calls.run("DescribeEndpointConfig", lambda: self._preflight(endpoint, to_config))

    async def recent_changes(self, model: ModelSpec, since: datetime) -> list[Change]:
        """What was changed about the model at or after `since`, newest first.

        New endpoint configs, the endpoint's last change, model versions registered or approved, pipeline runs that
        ended. A thing that the catalogue names and SageMaker does not have is left out.
        """
        endpoint, packages, runs = await asyncio.gather(
            self._calls.run("DescribeEndpoint", lambda: self._endpoint_changes(model)),
            self._calls.run("ListModelPackages", lambda: self._package_changes(model)),
            self._calls.run("ListPipelineExecutions", lambda: self._run_changes(model)),
        )
        return changes.since([*endpoint, *packages, *runs], since)

    def close(self) -> None:
        """Close connections; calls under way end by their own timeouts."""
        self._calls.close()
        with self._lock:
            if self._made is not None:
                self._made.close()
        self._objects.close()

    def _endpoint(self, name: str) -> EndpointState:
        answer = self.client.describe_endpoint(EndpointName=name)
        return answers.read("DescribeEndpoint", lambda: answers.endpoint(answer))

    def _endpoint_config(self, name: str) -> EndpointConfig:
        answer = self.client.describe_endpoint_config(EndpointConfigName=name)
        return answers.read("DescribeEndpointConfig", lambda: answers.endpoint_config(answer))

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

    def _pipeline_runs(self, name: str, limit: int) -> list[PipelineRun]:
        answer = self.client.list_pipeline_executions(
            PipelineName=name, SortBy="CreationTime", SortOrder="Descending", MaxResults=min(100, limit)
        )
        return answers.read(
            "ListPipelineExecutions",
            lambda: [answers.run_summary(row) for row in answer["PipelineExecutionSummaries"]][:limit],
        )

    def _pipeline_run(self, arn: str) -> PipelineRun:
        steps: list[PipelineExecutionStepTypeDef] = []
        pages = self.client.get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=arn)
        for number, page in enumerate(pages, start=1):
            steps += page.get("PipelineExecutionSteps", [])
            if number == MAX_PAGES:
                break
        # Steps first: a run that is final in the answer below has no step that is younger than those above.
        answer = self.client.describe_pipeline_execution(PipelineExecutionArn=arn)
        return answers.read("DescribePipelineExecution", lambda: answers.run(answer, steps))

    def _model_packages(self, group: str, limit: int) -> list[ModelPackage]:
        listed = self.client.list_model_packages(
            ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending", MaxResults=min(100, limit)
        )
        arns = answers.read(
            "ListModelPackages", lambda: [row["ModelPackageArn"] for row in listed["ModelPackageSummaryList"]]
        )
        described = [self.client.describe_model_package(ModelPackageName=arn) for arn in arns[:limit]]
        return answers.read("DescribeModelPackage", lambda: [answers.model_package(one) for one in described])

    def _preflight(self, endpoint: str, to_config: str) -> list[str]:
        state = self._endpoint(endpoint)
        live = self._endpoint_config(state.config_name)
        try:
            with upstream(SERVICE, "DescribeEndpointConfig"):
                target = self._endpoint_config(to_config)
        except NotFound:
            target = None
        names = [variant.model_name for variant in target.variants if variant.model_name] if target else []
        missing = [name for name in dict.fromkeys(names) if not self._model_exists(name)]
        return preflight.problems(state, live, target, to_config, missing)

    def _model_exists(self, name: str) -> bool:
        try:
            with upstream(SERVICE, "DescribeModel"):
                self.client.describe_model(ModelName=name)
        except NotFound:
            return False
        return True

    def _endpoint_changes(self, model: ModelSpec) -> list[Change]:
        if model.endpoint is None:
            return []
        prefixes = [name for name in (model.name, model.endpoint.name) if _CONFIG_NAME.fullmatch(name)]
        configs = {row.name: row for prefix in prefixes for row in self._endpoint_configs(prefix, LOOKED_AT)}
        try:
            with upstream(SERVICE, "DescribeEndpoint"):
                endpoint = self._endpoint(model.endpoint.name)
        except NotFound:
            return changes.of_configs(configs.values(), None)
        # The live config counts whatever it is called.
        if endpoint.config_name not in configs:
            live = self._endpoint_config(endpoint.config_name)
            configs[live.name] = EndpointConfigSummary(name=live.name, arn=live.arn, created_at=live.created_at)
        return [changes.of_endpoint(endpoint), *changes.of_configs(configs.values(), endpoint.config_name)]

    def _package_changes(self, model: ModelSpec) -> list[Change]:
        if model.retraining is None:
            return []
        try:
            with upstream(SERVICE, "ListModelPackages"):
                return changes.of_packages(self._model_packages(model.retraining.model_package_group, LOOKED_AT))
        except NotFound:
            return []

    def _run_changes(self, model: ModelSpec) -> list[Change]:
        if model.retraining is None:
            return []
        name = model.retraining.pipeline
        try:
            with upstream(SERVICE, "ListPipelineExecutions"):
                ended = [run for run in self._pipeline_runs(name, LOOKED_AT) if run.status in FINAL_RUN_STATUSES]
                return changes.of_runs(name, [self._pipeline_run(run.arn) for run in ended[:5]])
        except NotFound:
            return []

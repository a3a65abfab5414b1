"""Everything this layer keeps for the one account, put together, and which operation is answered by what."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sandbox.sagemaker.alarms import Alarms
from sandbox.sagemaker.autoscaling import Autoscaling
from sandbox.sagemaker.candidates import Judge
from sandbox.sagemaker.endpoints import Endpoints
from sandbox.sagemaker.fleet import Fleet
from sandbox.sagemaker.logs import Logs
from sandbox.sagemaker.model_store import ModelStore
from sandbox.sagemaker.objects import Objects
from sandbox.sagemaker.pipelines import Pipelines
from sandbox.sagemaker.plays import Plays
from sandbox.sagemaker.registry import Registry
from sandbox.sagemaker.runs import Run
from sandbox.sagemaker.tags import Tags
from sandbox.sagemaker.training import TrainingJobs
from sandbox.sagemaker.world_clock import WorldClock

Json = dict[str, Any]


class Account:
    """The state of the local SageMaker. Hold `lock` while you use anything of it.

    Args:
        clock: the world's clock.
        plays: outcomes armed in advance.
        objects: S3, from inside.
        judge: what candidates are worth.
    """

    def __init__(self, clock: WorldClock, plays: Plays, objects: Objects, judge: Judge) -> None:
        self.lock = threading.RLock()
        self.tags = Tags()
        self.store = ModelStore(clock, self.tags)
        self.alarms = Alarms(clock)
        self.autoscaling = Autoscaling()
        self.endpoints = Endpoints(clock, self.store, plays, self.tags, self.alarms, self.autoscaling)
        self.registry = Registry(clock, self.tags)
        self.training = TrainingJobs(clock, self.tags, objects, self._metrics_of)
        self.pipelines = Pipelines(clock, plays, self.tags, objects, self.training, self._register)
        self.logs = Logs(clock, self.endpoints, self.training, self.pipelines)
        self.fleet = Fleet(
            clock, self.store, self.endpoints, self.registry, self.pipelines, objects, self.alarms, judge
        )
        self.handlers = self._handlers()

    def settle(self) -> None:
        """Bring everything that depends on time up to date."""
        self.endpoints.settle()
        self.pipelines.settle()
        self.training.settle()

    def _register(self, run: Run, at: float) -> str:
        return self.fleet.register(run, at)

    def _metrics_of(self, name: str, run: Run | None) -> dict[str, float]:
        return self.fleet.training_metrics(name, run)

    def _handlers(self) -> dict[str, Callable[[Json], Json]]:
        store, endpoints, training = self.store, self.endpoints, self.training
        pipelines, registry, tags = self.pipelines, self.registry, self.tags
        return {
            "CreateModel": store.create_model,
            "DescribeModel": store.describe_model,
            "DeleteModel": store.delete_model,
            "ListModels": store.list_models,
            "CreateEndpointConfig": store.create_endpoint_config,
            "DescribeEndpointConfig": store.describe_endpoint_config,
            "DeleteEndpointConfig": store.delete_endpoint_config,
            "ListEndpointConfigs": store.list_endpoint_configs,
            "CreateEndpoint": endpoints.create_endpoint,
            "UpdateEndpoint": endpoints.update_endpoint,
            "UpdateEndpointWeightsAndCapacities": endpoints.update_weights_and_capacities,
            "DeleteEndpoint": endpoints.delete_endpoint,
            "DescribeEndpoint": endpoints.describe_endpoint,
            "ListEndpoints": endpoints.list_endpoints,
            "CreateTrainingJob": training.create_training_job,
            "DescribeTrainingJob": training.describe_training_job,
            "StopTrainingJob": training.stop_training_job,
            "ListTrainingJobs": training.list_training_jobs,
            "CreatePipeline": pipelines.create_pipeline,
            "UpdatePipeline": pipelines.update_pipeline,
            "DeletePipeline": pipelines.delete_pipeline,
            "DescribePipeline": pipelines.describe_pipeline,
            "ListPipelines": pipelines.list_pipelines,
            "ListPipelineVersions": pipelines.list_pipeline_versions,
            "StartPipelineExecution": pipelines.start_execution,
            "StopPipelineExecution": pipelines.stop_execution,
            "DescribePipelineExecution": pipelines.describe_execution,
            "ListPipelineExecutions": pipelines.list_executions,
            "ListPipelineExecutionSteps": pipelines.list_steps,
            "DescribePipelineDefinitionForExecution": pipelines.describe_definition,
            "ListPipelineParametersForExecution": pipelines.list_parameters,
            "CreateModelPackageGroup": registry.create_group,
            "DescribeModelPackageGroup": registry.describe_group,
            "ListModelPackageGroups": registry.list_groups,
            "CreateModelPackage": registry.create_package,
            "DescribeModelPackage": registry.describe_package,
            "ListModelPackages": registry.list_packages,
            "UpdateModelPackage": registry.update_package,
            "DeleteModelPackage": registry.delete_package,
            "AddTags": tags.add_tags,
            "ListTags": tags.list_tags,
            "DeleteTags": tags.delete_tags,
        }

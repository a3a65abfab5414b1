"""The models the sandbox starts with, the outside deployer, and what a finished training run registers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sandbox.sagemaker.alarms import Alarms, alarms_for
from sandbox.sagemaker.arns import role_arn
from sandbox.sagemaker.candidates import Judge
from sandbox.sagemaker.endpoints import Endpoints
from sandbox.sagemaker.evaluation import Metrics, candidate_report, own_report, shifted
from sandbox.sagemaker.images import put_image
from sandbox.sagemaker.model_store import ModelStore
from sandbox.sagemaker.objects import Objects
from sandbox.sagemaker.pipelines import PIPELINE_MINUTES, Pipelines
from sandbox.sagemaker.registry import Package, Registry
from sandbox.sagemaker.runs import CandidateDefect, Run
from sandbox.sagemaker.world_clock import WorldClock

Json = dict[str, Any]

VARIANT, CHALLENGER = "AllTraffic", "Challenger"
DATA_PIPELINE_MINUTES = 8.0
DAY = 86_400.0
_ENDPOINT_AGE, _BEFORE_AGE, _LIVE_AGE = 210 * DAY, 33 * DAY, 9 * DAY
_DEFAULT_METRICS: Metrics = {"accuracy": 0.9, "f1": 0.86, "precision": 0.87, "recall": 0.85, "auc": 0.93}


@dataclass(frozen=True)
class SeedModel:
    """One model as it stands in SageMaker when the sandbox starts.

    Attributes:
        name: the model's name; its SageMaker models and configs are `<name>-v<N>`.
        endpoint: its endpoint.
        live_version: the N that is live; N-1 is there too, as an older config.
        package_group: its model package group.
        pipeline: its training pipeline.
        bucket: its S3 bucket.
        metrics: the live model's evaluation at its registration.
        instance_type: of its endpoint.
        instance_count: of its endpoint.
        slices: names of the slices its evaluations report on, such as `country=DE`.
        data_pipeline: the pipeline that fills its features; empty for none.
        pipeline_minutes: world minutes a training run takes.
        baseline: Model Monitor's `statistics.json` of the training data.
        constraints: Model Monitor's `constraints.json`.
    """

    name: str
    endpoint: str
    live_version: int
    package_group: str
    pipeline: str
    bucket: str
    metrics: Metrics
    instance_type: str = "ml.m5.xlarge"
    instance_count: int = 2
    slices: tuple[str, ...] = ()
    data_pipeline: str = ""
    pipeline_minutes: float = PIPELINE_MINUTES
    baseline: Json | None = None
    constraints: Json | None = None

    def versioned(self, version: int) -> str:
        """The name of a version's SageMaker model and endpoint config."""
        return f"{self.name}-v{version}"


class Fleet:
    """Puts the models in place, deploys from outside, and registers what training runs produce."""

    def __init__(
        self,
        clock: WorldClock,
        store: ModelStore,
        endpoints: Endpoints,
        registry: Registry,
        pipelines: Pipelines,
        objects: Objects,
        alarms: Alarms,
        judge: Judge,
    ) -> None:
        self._clock = clock
        self._store = store
        self._endpoints = endpoints
        self._registry = registry
        self._pipelines = pipelines
        self._objects = objects
        self._alarms = alarms
        self._judge = judge
        self.models: dict[str, SeedModel] = {}
        self.live_metrics: dict[str, Metrics] = {}
        """How a live model does on today's holdout, by model name; where absent, the judge says it."""

    def seed(self, model: SeedModel) -> None:
        """Put one model in place, with its past."""
        now = self._clock.now()
        self.models[model.name] = model
        self._objects.create_bucket(model.bucket)
        self._registry.create_group(
            {
                "ModelPackageGroupName": model.package_group,
                "ModelPackageGroupDescription": f"Versions of {model.name}",
            },
            created=now - _ENDPOINT_AGE,
        )
        before, live = model.live_version - 1, model.live_version
        for version, age, gain in ((before, _BEFORE_AGE, -0.003), (live, _LIVE_AGE, 0.0)):
            created = now - age
            self._add_package(model, version, shifted(model.metrics, gain), created - DAY)
            self._add_config(model, version, created, model.instance_type, model.instance_count)
        self._endpoints.create_endpoint(
            {
                "EndpointName": model.endpoint,
                "EndpointConfigName": model.versioned(live),
                "Tags": [{"Key": "agentops:model", "Value": model.name}],
            },
            created=now - _ENDPOINT_AGE,
        )
        endpoint = self._endpoints.endpoints[model.endpoint]
        endpoint.modified, endpoint.previous_config = now - _LIVE_AGE + 600, model.versioned(before)
        self._add_pipelines(model, now - _ENDPOINT_AGE)
        for alarm in alarms_for(model.name, model.endpoint):
            self._alarms.add(alarm)
        if model.baseline is not None:
            self._objects.put_json(model.bucket, "baseline/statistics.json", model.baseline)
        if model.constraints is not None:
            self._objects.put_json(model.bucket, "baseline/constraints.json", model.constraints)

    def deploy(
        self,
        name: str,
        version: int | None = None,
        *,
        instance_type: str | None = None,
        instance_count: int | None = None,
        started: float | None = None,
        share: float | None = None,
    ) -> str:
        """Put a version live the way the model's own team would; answers the name of its endpoint config.

        Args:
            name: the model.
            version: the version; the next one that is not taken when None. One that exists is deployed as it is.
            instance_type: of the new config; that of the model when None.
            instance_count: of the new config; as many as run now when None.
            started: unix seconds when the update began; now when None. Long enough ago, and it is in service.
            share: of the traffic, for a version that is put beside the live one as a second variant, `Challenger`;
                the version takes the place of the live one when None.
        """
        model = self.models[name]
        moment = self._clock.now() if started is None else started
        number = version if version is not None else self._free_version(model)
        config = model.versioned(number)
        running = self._endpoints.endpoints[model.endpoint].variants
        count = instance_count or sum(variant.desired_instances for variant in running) or model.instance_count
        if config not in self._store.configs:
            if all(package.version != number for package in self._registry.versions(model.package_group)):
                self._add_package(model, number, shifted(model.metrics, 0.001), moment - DAY / 24)
            self._add_config(model, number, moment, instance_type or model.instance_type, count)
        if share is not None:
            config = self._add_split(model, number, moment, share)
        self._endpoints.update_endpoint({"EndpointName": model.endpoint, "EndpointConfigName": config}, started=moment)
        self._endpoints.settle()
        return config

    def register(self, run: Run, at: float) -> str:
        """Register the candidate of a training run; answers its package's ARN, or nothing for other pipelines."""
        model = next((model for model in self.models.values() if model.pipeline == run.pipeline), None)
        if model is None:
            return ""
        version = max(self._registry.next_version(model.package_group), self._free_version(model))
        candidate = self._judge.candidate(model.name, model.metrics, model.bucket, run)
        champion = self.live_metrics.get(model.name)
        if champion is None:
            champion = self._judge.champion(model.name, model.metrics, model.bucket, run)
        report = candidate_report(
            candidate, version, champion, self._live_version(model), model.slices, self._holdout(model, at)
        )
        artefact = self._artefact(model, run)
        description = f"Candidate of {run.display_name()}"
        return self._register(
            model, version, report, at, artefact, approval="PendingManualApproval", description=description, run=run
        )

    def training_metrics(self, name: str, run: Run | None) -> Metrics:
        """What a training job of this name, or of this run of the pipeline of this name, reports when it completes."""
        model = next((model for model in self.models.values() if name.startswith(model.name)), None)
        if model is None:
            return dict(_DEFAULT_METRICS)
        return self._judge.candidate(model.name, model.metrics, model.bucket, run)

    def trained_at(self, sagemaker_model: str) -> float | None:
        """Unix seconds when a SageMaker model began its training; None when it is not known."""
        package = self._package_behind(sagemaker_model)
        if package is None:
            return None
        run = self._run_of(package)
        return run.started if run is not None else package.created

    def defect(self, sagemaker_model: str) -> CandidateDefect | None:
        """What is wrong with a SageMaker model since its training; None when nothing is."""
        package = self._package_behind(sagemaker_model)
        run = self._run_of(package) if package is not None else None
        return run.defect if run is not None else None

    def _run_of(self, package: Package) -> Run | None:
        return self._pipelines.runs.get(package.metadata.get("pipeline-execution", ""))

    def _package_behind(self, sagemaker_model: str) -> Package | None:
        kept = self._store.models.get(sagemaker_model)
        container: Json = (kept.request.get("PrimaryContainer") or {}) if kept else {}
        named = self._registry.packages.get(str(container.get("ModelPackageName") or ""))
        if named is not None:
            return named
        # By the name first: to look through every group for each question takes a fleet's stand-in most of its time.
        for model in self.models.values():
            if sagemaker_model.startswith(model.name):
                for package in self._registry.versions(model.package_group):
                    if model.versioned(package.version) == sagemaker_model:
                        return package
        return None

    def _free_version(self, model: SeedModel) -> int:
        taken = [package.version for package in self._registry.versions(model.package_group)]
        version = 1 + max([*taken, model.live_version])
        while model.versioned(version) in self._store.configs:
            version += 1
        return version

    def _live_version(self, model: SeedModel) -> int:
        endpoint = self._endpoints.endpoints.get(model.endpoint)
        number = endpoint.config.rpartition("-v")[2] if endpoint else ""
        return int(number) if number.isdigit() else model.live_version

    def _add_package(self, model: SeedModel, version: int, metrics: Metrics, created: float) -> None:
        report = own_report(metrics, version, model.slices, self._holdout(model, created))
        key = f"models/{model.versioned(version)}/model.tar.gz"
        artefact = self._objects.put(model.bucket, key, f"model {model.versioned(version)}\n".encode())
        description = f"{model.name} version {version}"
        self._register(model, version, report, created, artefact, approval="Approved", description=description)

    def _register(
        self,
        model: SeedModel,
        version: int,
        report: Json,
        at: float,
        artefact: str,
        *,
        approval: str,
        description: str,
        run: Run | None = None,
    ) -> str:
        uri = self._objects.put_json(model.bucket, f"evaluation/{version}.json", report)
        metadata = {"version": str(version)}
        request: Json = {
            "ModelPackageGroupName": model.package_group,
            "ModelPackageDescription": description,
            "ModelApprovalStatus": approval,
            "InferenceSpecification": {
                "Containers": [{"Image": _image(model), "ModelDataUrl": artefact}],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
            "ModelMetrics": {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": uri}}},
        }
        if run is not None:
            metadata["pipeline-execution"] = run.arn
            request["MetadataProperties"] = {"GeneratedBy": run.arn}
        request["CustomerMetadataProperties"] = metadata
        package = self._registry.register(model.package_group, request, version=version, created=at)
        return package.arn

    def _add_config(self, model: SeedModel, version: int, created: float, instance_type: str, count: int) -> None:
        name = model.versioned(version)
        self._store.create_model(
            {
                "ModelName": name,
                "ExecutionRoleArn": role_arn("sagemaker-execution"),
                "PrimaryContainer": {
                    "Image": _image(model),
                    "ModelDataUrl": f"s3://{model.bucket}/models/{name}/model.tar.gz",
                },
            },
            created=created - 60,
        )
        self._store.create_endpoint_config(
            {
                "EndpointConfigName": name,
                "ProductionVariants": [
                    {
                        "VariantName": VARIANT,
                        "ModelName": name,
                        "InstanceType": instance_type,
                        "InitialInstanceCount": count,
                        "InitialVariantWeight": 1.0,
                    }
                ],
                "DataCaptureConfig": {
                    "EnableCapture": True,
                    "InitialSamplingPercentage": 100,
                    "DestinationS3Uri": f"s3://{model.bucket}/capture/",
                    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
                },
            },
            created=created,
        )

    def _add_split(self, model: SeedModel, version: int, created: float, share: float) -> str:
        """A config with the live variants and a new one beside them; answers its name."""
        name = f"{model.versioned(version)}-split"
        live = self._store.config(self._endpoints.endpoints[model.endpoint].config)
        (new,) = self._store.config(model.versioned(version)).request["ProductionVariants"]
        variants: list[Json] = [
            {**variant, "InitialVariantWeight": 1.0 - share} for variant in live.request["ProductionVariants"]
        ]
        variants.append({**new, "VariantName": CHALLENGER, "InitialVariantWeight": share})
        request = {**live.request, "EndpointConfigName": name, "ProductionVariants": variants}
        self._store.create_endpoint_config(request, created=created)
        return name

    def _add_pipelines(self, model: SeedModel, created: float) -> None:
        training = (model.pipeline, f"Trains {model.name}", _TRAINING_STEPS, _TRAINING_WINDOW, model.pipeline_minutes)
        filling = f"Fills the features of {model.name} again from a moment on"
        wanted = [training]
        if model.data_pipeline:
            wanted.append((model.data_pipeline, filling, _DATA_STEPS, _DATA_WINDOW, DATA_PIPELINE_MINUTES))
        for name, description, steps, parameters, minutes in wanted:
            if name in self._pipelines.pipelines:
                continue
            self._pipelines.create_pipeline(
                {
                    "PipelineName": name,
                    "PipelineDescription": description,
                    "PipelineDefinition": json.dumps(_definition(steps, parameters)),
                    "RoleArn": role_arn("sagemaker-pipelines"),
                },
                created=created,
                minutes=minutes,
            )

    def _artefact(self, model: SeedModel, run: Run) -> str:
        step = next((step for step in run.steps if step.kind == "Training" and step.arn), None)
        if step is None or step.arn is None:
            return f"s3://{model.bucket}/models/{run.identifier}/output/model.tar.gz"
        return f"s3://{model.bucket}/models/{step.arn.rsplit('/', 1)[-1]}/output/model.tar.gz"

    def _holdout(self, model: SeedModel, at: float) -> Json:
        return {
            "uri": f"s3://{model.bucket}/holdout/{int(at)}.csv",
            "rows": 20000,
            "from": at - 7 * DAY,
            "until": at,
        }


def _image(model: SeedModel) -> str:
    return put_image(model.name)


_TRAINING_STEPS: tuple[tuple[str, str], ...] = (
    ("ProcessData", "Processing"),
    ("Train", "Training"),
    ("Evaluate", "Processing"),
    ("RegisterModel", "RegisterModel"),
)
_TRAINING_WINDOW: tuple[str, ...] = ("TrainingWindowStart", "TrainingWindowEnd")
_DATA_WINDOW: tuple[str, ...] = ("WindowStart",)
_DATA_STEPS: tuple[tuple[str, str], ...] = (
    ("ExtractSource", "Processing"),
    ("ValidateSchema", "Processing"),
    ("WriteFeatures", "Processing"),
)


def _definition(steps: tuple[tuple[str, str], ...], parameters: tuple[str, ...]) -> Json:
    return {
        "Version": "2020-12-01",
        "Metadata": {},
        "Parameters": [{"Name": name, "Type": "String"} for name in parameters],
        "Steps": [{"Name": name, "Type": kind, "Arguments": {}} for name, kind in steps],
    }

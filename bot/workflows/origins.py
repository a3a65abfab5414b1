"""Where a remediation would start from, read now."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, assert_never

from incidents.catalogue import ModelSpec
from incidents.incident import Incident
from incidents.origin import (
    AnyOrigin,
    DataObject,
    DataOrigin,
    EndpointOrigin,
    IncidentOrigin,
    PipelineOrigin,
    PromotionOrigin,
    TrafficOrigin,
)
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
from tools.sagemaker.preflight import Preflight
from tools.sagemaker.states import PipelineState


class SageMakerOrigins(Protocol):
    """`tools.sagemaker.reader.SageMakerReader`, as far as a plan needs it."""

    async def endpoint_origin(self, endpoint: str) -> EndpointOrigin:
        """Where a change of the endpoint's config would start from."""
        ...

    async def traffic(self, endpoint: str) -> TrafficOrigin:
        """How the endpoint's traffic is shared now."""
        ...

    async def promotion(self, endpoint: str, variant: str, package_arn: str) -> PromotionOrigin:
        """Where a promotion would start from."""
        ...

    async def pipeline(self, name: str, version: int | None = None) -> PipelineState:
        """The pipeline, at a version where one is given."""
        ...

    async def newest_pipeline_version(self, name: str) -> int | None:
        """The newest version; None where it has none."""
        ...

    async def preflight(self, remediation: AnyRemediation, model: ModelSpec) -> Preflight:
        """What stands against a remediation, and what was looked at."""
        ...


class WindowReads(Protocol):
    """`tools.datasets.reader.DatasetReader`, as far as a plan needs it."""

    async def window(self, bucket: str, prefix: str, start: datetime, end: datetime) -> Sequence[DataObject]:
        """The objects below a prefix that belong to a window, with their tags."""
        ...


class OriginReads(Protocol):
    """The two partners that know where a remediation would start from."""

    @property
    def sagemaker(self) -> SageMakerOrigins:
        """Endpoints and pipelines."""
        ...

    @property
    def datasets(self) -> WindowReads:
        """Recorded data."""
        ...


async def origin_of(reads: OriginReads, model: ModelSpec, remediation: AnyRemediation, incident: Incident) -> AnyOrigin:
    """Where a remediation would start from, read now. Raises `UpstreamError` when it cannot be read."""
    match remediation:
        case RollbackEndpoint():
            return await reads.sagemaker.endpoint_origin(remediation.endpoint)
        case ShiftTraffic():
            return await reads.sagemaker.traffic(remediation.endpoint)
        case StartRetraining():
            version = model.retraining.pipeline_version if model.retraining else None
            return await _pipeline(reads, remediation.pipeline, version)
        case RerunDataPipeline():
            return await _pipeline(reads, remediation.pipeline, None)
        case OpenIssue() | NotifyOwners():
            return IncidentOrigin(incident_id=incident.id, opened_at=incident.opened_at)
        case PromoteModel():
            variant = model.endpoint.variant if model.endpoint else "AllTraffic"
            return await reads.sagemaker.promotion(remediation.endpoint, variant, remediation.model_package)
        case QuarantineData():
            objects = await reads.datasets.window(
                remediation.bucket, remediation.prefix, remediation.window_start, remediation.window_end
            )
            return DataOrigin(bucket=remediation.bucket, objects=tuple(objects))
        case _:
            assert_never(remediation)


async def _pipeline(reads: OriginReads, name: str, version: int | None) -> PipelineOrigin:
    """Pinned to `version`, or to the newest there is now: what was shown is what runs, also after an update."""
    pinned = version if version is not None else await reads.sagemaker.newest_pipeline_version(name)
    pipeline = await reads.sagemaker.pipeline(name, pinned)
    return PipelineOrigin(arn=pipeline.arn, version_id=pinned, last_modified=pipeline.last_modified)

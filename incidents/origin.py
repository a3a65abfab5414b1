"""Where a remediation starts from: the world as it stood when the proposal was made.

The `identity` of an origin is digested with the calls: what must still be so when they are sent. Everything else in an
origin is a fact beside it.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from incidents.clock import Moment


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EndpointOrigin(_Frozen):
    """An endpoint. Identity: ARN, config name and variant names."""

    kind: Literal["endpoint"] = "endpoint"
    arn: str
    config_name: str
    variant_names: tuple[str, ...]
    status: str
    last_modified: Moment

    @property
    def identity(self) -> dict[str, Any]:
        """What must still be so when the call is sent."""
        return {"arn": self.arn, "config_name": self.config_name, "variant_names": list(self.variant_names)}


class VariantWeight(_Frozen):
    """A production variant and its share of the traffic, against the sum of weights."""

    variant: Annotated[str, Field(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")]
    weight: Annotated[float, Field(ge=0)]


class TrafficOrigin(_Frozen):
    """An endpoint and how its traffic is shared. Identity: that of the endpoint, and the weights."""

    kind: Literal["traffic"] = "traffic"
    arn: str
    config_name: str
    weights: tuple[VariantWeight, ...]
    status: str
    last_modified: Moment

    @property
    def identity(self) -> dict[str, Any]:
        """What must still be so when the call is sent."""
        return {
            "arn": self.arn,
            "config_name": self.config_name,
            "weights": [[one.variant, one.weight] for one in self.weights],
        }


class PromotionOrigin(_Frozen):
    """A live endpoint and a candidate beside it.

    Attributes:
        live_version: of the model package that is live, where it is known.
        package_status: the candidate's approval status; a person who rejected it meanwhile is not overruled.
        variant: the production variant as it serves now; the candidate takes its name, type and count.
        execution_role: of the live SageMaker model; the candidate runs under the same.
        data_capture: the live config's DataCaptureConfig, carried over.
        model_settings: what else the live model was created with (network), carried over.
        config_settings: what else its endpoint config was created with (encryption), carried over.
        variant_settings: what else its variant was created with (time-outs, routing), carried over.
    """

    kind: Literal["promotion"] = "promotion"
    arn: str
    config_name: str
    variant: str
    instance_type: str
    instances: Annotated[int, Field(ge=1)]
    execution_role: str
    data_capture: dict[str, Any] | None = None
    model_settings: dict[str, Any] = {}
    config_settings: dict[str, Any] = {}
    variant_settings: dict[str, Any] = {}
    package_status: str
    live_version: int | None = None
    status: str
    last_modified: Moment

    @property
    def identity(self) -> dict[str, Any]:
        """What must still be so when the first call is sent. The count may move with the traffic until then."""
        return {
            "arn": self.arn,
            "config_name": self.config_name,
            "variant_names": [self.variant],
            "package_status": self.package_status,
        }


class PipelineOrigin(_Frozen):
    """A SageMaker pipeline. Identity: ARN, pinned version, and when it was last changed."""

    kind: Literal["pipeline"] = "pipeline"
    arn: str
    version_id: int | None = None
    live_model_package: str | None = None
    last_modified: Moment

    @property
    def identity(self) -> dict[str, Any]:
        """What must still be so when the call is sent."""
        return {
            "arn": self.arn,
            "version_id": self.version_id,
            "last_modified": self.last_modified.isoformat(),
        }


class DataObject(_Frozen):
    """One S3 object of a window, with the tags it has now."""

    key: str
    etag: str
    tags: dict[str, str] = {}


class DataOrigin(_Frozen):
    """The S3 objects of a window. Identity: bucket, and each object's key and ETag. Tags are facts beside it."""

    kind: Literal["data"] = "data"
    bucket: str
    objects: tuple[DataObject, ...]

    @property
    def identity(self) -> dict[str, Any]:
        """What must still be so when the calls are sent: the same objects with the same content."""
        return {"bucket": self.bucket, "objects": [[one.key, one.etag] for one in self.objects]}


class IncidentOrigin(_Frozen):
    """The incident itself: what is told about it changes nothing outside.

    `opened_at` tells it from another database's incident of the same id, e.g. in a repository that both use.
    """

    kind: Literal["incident"] = "incident"
    incident_id: str
    opened_at: Moment | None = None

    @property
    def identity(self) -> dict[str, Any]:
        """Whose story is told."""
        return {"incident": self.incident_id}


Origin = Annotated[
    EndpointOrigin | TrafficOrigin | PromotionOrigin | PipelineOrigin | DataOrigin | IncidentOrigin,
    Field(discriminator="kind"),
]
AnyOrigin = EndpointOrigin | TrafficOrigin | PromotionOrigin | PipelineOrigin | DataOrigin | IncidentOrigin


def stands(approved: AnyOrigin, now: AnyOrigin) -> bool:
    """Is the world, as far as it was approved, still as it was?

    Data goes on arriving: objects that came into a window since were not approved and are not touched, and those that
    were must be the same, tags included, since a set of tags is written as a whole.
    """
    if isinstance(approved, DataOrigin) and isinstance(now, DataOrigin):
        found = {one.key: one for one in now.objects}
        return approved.bucket == now.bucket and all(found.get(one.key) == one for one in approved.objects)
    return approved.identity == now.identity

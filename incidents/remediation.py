"""The closed union of remediations: what may be done, with typed parameters.

What each would send, from where, and how it is undone, is in `incidents.specs`, one file a kind; `incidents.spec` finds
the right one. A new kind fails type checking until it is handled everywhere.
"""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from incidents.clock import Moment
from incidents.origin import VariantWeight

SageMakerName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")]
PipelineName = Annotated[str, Field(min_length=1, max_length=256)]
Handle = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]
"""The handle of a Slack user group, without the @."""
Repository = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$")]
"""``owner/name`` on GitHub."""

RemediationKind = Literal[
    "RollbackEndpoint",
    "ShiftTraffic",
    "StartRetraining",
    "PromoteModel",
    "QuarantineData",
    "RerunDataPipeline",
    "OpenIssue",
    "NotifyOwners",
]


PackageArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:model-package/\S{1,200}$")]
AlarmName = Annotated[str, Field(min_length=1, max_length=255)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class RollbackEndpoint(_Frozen):
    """Put the last known good endpoint config back."""

    kind: Literal["RollbackEndpoint"] = "RollbackEndpoint"
    endpoint: SageMakerName
    to_config: SageMakerName


class ShiftTraffic(_Frozen):
    """Move the traffic between variants that are all live: faster than an update, and absolute."""

    kind: Literal["ShiftTraffic"] = "ShiftTraffic"
    endpoint: SageMakerName
    weights: Annotated[tuple[VariantWeight, ...], Field(min_length=2, max_length=10)]

    @model_validator(mode="after")
    def _some_traffic_is_left(self) -> "ShiftTraffic":
        names = [one.variant for one in self.weights]
        if len(set(names)) < len(names):
            raise ValueError("a variant is named twice")
        if sum(one.weight for one in self.weights) <= 0:
            raise ValueError("at least one variant needs a weight above 0")
        return self


class StartRetraining(_Frozen):
    """Start the model's training pipeline on a clean window of data; deploys nothing."""

    kind: Literal["StartRetraining"] = "StartRetraining"
    pipeline: PipelineName
    window_start: Moment
    window_end: Moment


class PromoteModel(_Frozen):
    """Put a candidate that passed its gate live, by a canary that SageMaker takes back when an alarm fires.

    Attributes:
        model: the catalogue's name; names of what is created begin with it.
        model_package: ARN of the candidate.
        version: its number in the model package group.
        canary_percent: share of the capacity that serves first; SageMaker takes at most 50.
        bake_minutes: how long the canary is watched before the rest follows, and the fleet before the old one goes.
        alarms: CloudWatch alarms that take it back; SageMaker takes 1 to 10.
    """

    kind: Literal["PromoteModel"] = "PromoteModel"
    model: SageMakerName
    endpoint: SageMakerName
    model_package: PackageArn
    version: Annotated[int, Field(ge=1)]
    canary_percent: Annotated[int, Field(ge=1, le=50)] = 10
    bake_minutes: Annotated[float, Field(gt=0, le=60)] = 5
    alarms: Annotated[tuple[AlarmName, ...], Field(min_length=1, max_length=10)]


class QuarantineData(_Frozen):
    """Tag the S3 objects of a window as not to be trained on, and list them in a manifest. Deletes nothing.

    `mode` release takes exactly these tags off again.
    """

    kind: Literal["QuarantineData"] = "QuarantineData"
    mode: Literal["quarantine", "release"] = "quarantine"
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    prefix: Annotated[str, Field(pattern=r"^[^/\s][^\s]{0,500}/$")]
    window_start: Moment
    window_end: Moment


class RerunDataPipeline(_Frozen):
    """Run a data pipeline of the catalogue again, from the start of the broken window."""

    kind: Literal["RerunDataPipeline"] = "RerunDataPipeline"
    pipeline: PipelineName
    window_start: Moment


class OpenIssue(_Frozen):
    """Open one GitHub issue about the incident; it is commented as the state changes and closed at the end."""

    kind: Literal["OpenIssue"] = "OpenIssue"
    repository: Repository
    title: Annotated[str, Field(min_length=1, max_length=200)]
    body: Annotated[str, Field(min_length=1, max_length=20_000)]


class NotifyOwners(_Frozen):
    """Call a group of owners into the incident's thread."""

    kind: Literal["NotifyOwners"] = "NotifyOwners"
    owners: Handle
    text: Annotated[str, Field(min_length=1, max_length=600)]


AnyRemediation = (
    RollbackEndpoint
    | ShiftTraffic
    | StartRetraining
    | PromoteModel
    | QuarantineData
    | RerunDataPipeline
    | OpenIssue
    | NotifyOwners
)
Remediation = Annotated[AnyRemediation, Field(discriminator="kind")]

KINDS: tuple[RemediationKind, ...] = get_args(RemediationKind)

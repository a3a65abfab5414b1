"""What a call needs to be allowed: which action on which resource, and the facts that conditions ask about.

One need for each action and resource, as AWS's service authorization reference has them; all must be allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from sandbox.sagemaker.arns import ACCOUNT, REGION, arn_of
from sandbox.sagemaker.wire import Call

Json = dict[str, Any]

ANYTHING = "*"
"""The resource of an operation that cannot be narrowed; only a policy for `*` allows it."""

PASSED_TO = "sagemaker.amazonaws.com"

_RESOURCES: dict[str, tuple[tuple[str, str], ...]] = {
    "CreateEndpoint": (("endpoint", "EndpointName"), ("endpoint-config", "EndpointConfigName")),
    "UpdateEndpoint": (("endpoint", "EndpointName"), ("endpoint-config", "EndpointConfigName")),
}
_BY_PARAMETER: tuple[tuple[str, str], ...] = (
    ("EndpointName", "endpoint"),
    ("EndpointConfigName", "endpoint-config"),
    ("PipelineExecutionArn", ""),
    ("PipelineName", "pipeline"),
    ("ModelPackageArn", ""),
    ("ModelPackageName", "model-package"),
    ("ModelPackageGroupName", "model-package-group"),
    ("ModelName", "model"),
    ("TrainingJobName", "training-job"),
    ("ResourceArn", ""),
)
"""Parameter that names the resource of an operation, and the resource's type; empty where it holds an ARN."""

_NO_RESOURCE = ("List", "Search")
_LISTS_OF_ONE = frozenset({"ListPipelineExecutions", "ListPipelineExecutionSteps", "ListPipelineVersions", "ListTags"})
_S3_ACTIONS = {
    "HeadObject": "GetObject",
    "HeadBucket": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "GetBucket": "ListBucket",
    "CopyObject": "PutObject",
    "PostObject": "PutObject",
    "UploadPart": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "DeleteObjects": "DeleteObject",
    "PutBucketSetting": "PutBucketPolicy",
}
"""Operations whose action has another name."""


@dataclass(frozen=True)
class Need:
    """One thing that must be allowed.

    Attributes:
        action: such as `sagemaker:UpdateEndpoint`.
        resource: its ARN, or `*`.
        facts: condition keys in lower case, and their values; a key that is not there is absent.
    """

    action: str
    resource: str
    facts: dict[str, str] = field(default_factory=dict[str, str])


TagsOf = Callable[[str], dict[str, str]]


def needs_of(call: Call, tags_of: TagsOf) -> list[Need]:
    """Everything that must be allowed before a call is served.

    Args:
        call: the call.
        tags_of: the tags of a SageMaker resource by its ARN.
    """
    match call.service:
        case "sagemaker":
            return _sagemaker(call, tags_of)
        case "s3":
            return _s3(call)
        case "sts":
            return _sts(call)
        case "logs":
            group = str(call.request.get("logGroupName", ""))
            resource = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:" if group else ANYTHING
            return [Need(f"logs:{call.operation}", resource)]
        case "ecr":
            name = str(call.request.get("repositoryName", ""))
            resource = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}" if name else ANYTHING
            return [Need(f"ecr:{call.operation}", resource)]
        case _:
            return [Need(f"{call.service}:{call.operation}", ANYTHING)]


def _sagemaker(call: Call, tags_of: TagsOf) -> list[Need]:
    action = f"sagemaker:{call.operation}"
    needs = [Need(action, resource, _tag_facts(tags_of(resource))) for resource in _sagemaker_resources(call)]
    if call.operation == "CreateModel":
        packages = [one["ModelPackageName"] for one in _containers(call.request) if one.get("ModelPackageName")]
        needs += [Need(action, _package_arn(str(name))) for name in packages]
    if call.request.get("Tags") and call.operation.startswith("Create"):
        needs += [Need("sagemaker:AddTags", need.resource) for need in needs[:1]]
    for parameter in ("ExecutionRoleArn", "RoleArn"):
        if call.request.get(parameter):
            needs.append(Need("iam:PassRole", str(call.request[parameter]), {"iam:passedtoservice": PASSED_TO}))
    return needs


def _sagemaker_resources(call: Call) -> list[str]:
    named = _RESOURCES.get(call.operation)
    if named is not None:
        return [_arn(kind, str(call.request.get(parameter, ""))) for kind, parameter in named]
    if call.operation.startswith(_NO_RESOURCE) and call.operation not in _LISTS_OF_ONE:
        return [ANYTHING]
    for parameter, kind in _BY_PARAMETER:
        if call.request.get(parameter):
            return [_arn(kind, str(call.request[parameter]))]
    return [ANYTHING]


def _arn(kind: str, name: str) -> str:
    return name if name.startswith("arn:") or not kind else arn_of(kind, name)


def _package_arn(name: str) -> str:
    return _arn("model-package", name)


def _containers(request: Json) -> list[Json]:
    primary: Json | None = request.get("PrimaryContainer")
    return [*([primary] if primary else []), *(request.get("Containers") or [])]


def _tag_facts(tags: dict[str, str]) -> dict[str, str]:
    return {
        f"{prefix}:resourcetag/{key}".lower(): value for key, value in tags.items() for prefix in ("aws", "sagemaker")
    }


def _s3(call: Call) -> list[Need]:
    bucket, key = str(call.request.get("Bucket", "")), str(call.request.get("Key", ""))
    action = f"s3:{_S3_ACTIONS.get(call.operation, call.operation)}"
    if not bucket:
        return [Need("s3:ListAllMyBuckets", ANYTHING)]
    needs = [Need(action, f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}")]
    source = str(call.request.get("CopySource", "")).lstrip("/")
    return [*needs, Need("s3:GetObject", f"arn:aws:s3:::{source}")] if source else needs


def _sts(call: Call) -> list[Need]:
    if call.operation == "GetCallerIdentity":
        return []  # AWS allows it to everybody, whatever a policy says
    role = parse_qs(call.body.decode(errors="replace")).get("RoleArn", [ANYTHING])[0]
    return [Need(f"sts:{call.operation}", role)]

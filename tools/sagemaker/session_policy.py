"""What a session may do at most: the one operation of a request, on the very things it names."""

import re
from dataclasses import dataclass
from typing import Any

from incidents.effect import ApiRequest
from tools.errors import InvalidRequest

_ROLE = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):role/[\w+=,.@/-]{1,576}")
_LITERAL = {"*": "${*}", "?": "${?}", "$": "${$}"}
"""IAM reads these in a resource as a pattern or a variable; spelt so, they stand for themselves."""


@dataclass(frozen=True)
class Role:
    """A role's ARN, taken apart."""

    arn: str
    partition: str
    account: str

    @classmethod
    def parse(cls, arn: str) -> "Role":
        """Raises `InvalidRequest` where it is no ARN of a role."""
        found = _ROLE.fullmatch(arn)
        if found is None:
            raise InvalidRequest("IAM", "AssumeRole", f"{arn!r} is no ARN of a role")
        return cls(arn, found.group(1), found.group(2))


def session_policy(request: ApiRequest, role: Role, region: str) -> dict[str, Any]:
    """An IAM policy that allows this request and nothing else.

    Raises:
        InvalidRequest: no remediation declares this operation, or the request names nothing to do it to.
    """
    try:
        return {"Version": "2012-10-17", "Statement": _statements(request, role, region)}
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidRequest(
            request.service, request.operation, f"the request lacks what it is about ({error}); nothing was sent"
        ) from error


def literal(text: str) -> str:
    """The text as a part of a resource that stands for itself."""
    return "".join(_LITERAL.get(one, one) for one in text)


def _statements(request: ApiRequest, role: Role, region: str) -> list[dict[str, Any]]:
    given = request.parameters
    sagemaker = f"arn:{role.partition}:sagemaker:{region}:{role.account}"
    more: list[dict[str, Any]] = []
    match request.service, request.operation:
        case "sagemaker", "UpdateEndpoint":
            resources = [
                *_named(f"{sagemaker}:endpoint/", given["EndpointName"]),
                *_named(f"{sagemaker}:endpoint-config/", given["EndpointConfigName"]),
            ]
        case "sagemaker", "UpdateEndpointWeightsAndCapacities":
            resources = _named(f"{sagemaker}:endpoint/", given["EndpointName"])
        case "sagemaker", "StartPipelineExecution":
            resources = _named(f"{sagemaker}:pipeline/", given["PipelineName"])
        case "sagemaker", "UpdateModelPackage":
            resources = [literal(given["ModelPackageArn"])]
        case "sagemaker", "CreateModel":
            # The package too: where it is another account's, SageMaker asks for the right to create a model from it.
            package = given.get("PrimaryContainer", {}).get("ModelPackageName")
            resources = _named(f"{sagemaker}:model/", given["ModelName"]) + ([literal(package)] if package else [])
            more = [
                {
                    "Effect": "Allow",
                    "Action": "iam:PassRole",
                    "Resource": literal(given["ExecutionRoleArn"]),
                    "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
                }
            ]
        case "sagemaker", "CreateEndpointConfig":
            resources = _named(f"{sagemaker}:endpoint-config/", given["EndpointConfigName"])
        case "s3", "PutObject" | "PutObjectTagging":
            resources = [f"arn:{role.partition}:s3:::{literal(given['Bucket'])}/{literal(given['Key'])}"]
        case _:
            raise InvalidRequest(request.service, request.operation, "no remediation declares this operation")
    allowed = {"Effect": "Allow", "Action": f"{request.service}:{request.operation}", "Resource": resources}
    return [allowed, *more]


def _named(base: str, name: str) -> list[str]:
    # SageMaker writes names in lower case into ARNs, whatever case they were given in.
    return [base + one for one in dict.fromkeys((literal(name), literal(name.lower())))]

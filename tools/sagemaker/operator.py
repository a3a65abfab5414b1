"""SageMaker, changed: sends exactly the request that a remediation's spec made, under its role, once."""

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any

from incidents.effect import ApiRequest
from tools.errors import AccessDenied, InvalidRequest, Unavailable, UpstreamError
from tools.sagemaker.calls import Calls
from tools.sagemaker.connection import AwsConnection, AwsCredentials, client_with
from tools.sagemaker.errors import upstream

if TYPE_CHECKING:
    from mypy_boto3_sts.client import STSClient

SERVICE = "SageMaker"
METHODS = {"UpdateEndpoint": "update_endpoint", "StartPipelineExecution": "start_pipeline_execution"}
"""The operations that the specs declare, and boto3's method of each; nothing else can be sent."""
SESSION_S = 900
"""Life of the assumed role's credentials: the shortest that STS gives."""

_ROLE = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):role/[\w+=,.@/-]{1,576}")


class SageMakerOperator:
    """Sends changing calls. One attempt each: whether a lost one took effect is found out by describing, not by sending
    it again.
    """

    def __init__(
        self,
        *,
        region: str,
        endpoint_url: str | None = None,
        credentials: AwsCredentials | None = None,
        external_id: str | None = None,
        use_roles: bool = True,
    ) -> None:
        """`use_roles`: assume the remediation's role for each call; without it the process's own credentials send."""
        self._connection = AwsConnection(region=region, endpoint_url=endpoint_url, credentials=credentials)
        self._external_id = external_id
        self._use_roles = use_roles
        # No deadline: a call that was sent is waited for, so that nobody takes it for one that was not.
        self._calls = Calls(SERVICE, deadline_s=None, threads=4)

    async def send(self, request: ApiRequest, *, role_arn: str | None, execution_id: str) -> dict[str, str]:
        """Send it, and answer the plain texts of what came back, e.g. ``EndpointArn`` or ``PipelineExecutionArn``.

        Raises:
            InvalidRequest: no spec declares this operation, or SageMaker refused it.
            AccessDenied: the role is not named, cannot be assumed, or does not allow it. Nothing was changed.
            Unavailable: no answer came. The call may have taken effect: describe.
            Busy, NotFound, AlreadyExists, QuotaExceeded, Throttled: as SageMaker says.
        """
        if request.operation not in METHODS:
            raise InvalidRequest(SERVICE, request.operation, "no remediation declares this operation; nothing was sent")
        return await self._calls.run(request.operation, lambda: self._send(request, role_arn, execution_id))

    def close(self) -> None:
        """Take no further call."""
        self._calls.close()

    def _send(self, request: ApiRequest, role_arn: str | None, execution_id: str) -> dict[str, str]:
        client = self._client(request, role_arn, execution_id)
        try:
            answer: dict[str, Any] = getattr(client, METHODS[request.operation])(**request.parameters)
        finally:
            client.close()
        return {key: value for key, value in answer.items() if isinstance(value, str)}

    def _client(self, request: ApiRequest, role_arn: str | None, execution_id: str) -> Any:
        if not self._use_roles:
            return self._connection.client("sagemaker", attempts=1)
        credentials = self._assume(request, role_arn, execution_id)
        return client_with(self._connection, "sagemaker", credentials, attempts=1)

    def _assume(self, request: ApiRequest, role_arn: str | None, execution_id: str) -> AwsCredentials:
        operation = request.operation
        if role_arn is None:
            raise AccessDenied(
                SERVICE, operation, "the catalogue names no role for this remediation; add it under roles"
            )
        policy = session_policy(request, role_arn, self._connection.region)
        external: dict[str, Any] = {} if self._external_id is None else {"ExternalId": self._external_id}
        try:
            with upstream("STS", "AssumeRole"), contextlib.closing(self._sts()) as sts:
                answer = sts.assume_role(
                    RoleArn=role_arn,
                    RoleSessionName=session_name(execution_id),
                    Policy=json.dumps(policy, separators=(",", ":")),
                    DurationSeconds=SESSION_S,
                    **external,
                )
        except Unavailable:
            raise
        except UpstreamError as error:
            raise AccessDenied(
                SERVICE, operation, f"the role {role_arn} could not be assumed ({error.detail}); nothing was sent"
            ) from error
        got = answer["Credentials"]
        return AwsCredentials(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])

    def _sts(self) -> "STSClient":
        # To assume a role changes nothing, so it may be tried again.
        return self._connection.client("sts", attempts=3)


def session_name(execution_id: str) -> str:
    """The role session's name: the execution's id, so that CloudTrail and our audit name the same thing.

    Raises:
        InvalidRequest: STS would not take it (2 to 64 letters, digits and ``+=,.@_-``).
    """
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", execution_id, re.ASCII):
        raise InvalidRequest("STS", "AssumeRole", f"{execution_id[:80]!r} cannot name a role session")
    return execution_id


def session_policy(request: ApiRequest, role_arn: str, region: str) -> dict[str, Any]:
    """What the session may do at most: this one operation on these very things.

    Raises:
        AccessDenied: `role_arn` is no role's ARN.
    """
    role = _ROLE.fullmatch(role_arn)
    if role is None:
        raise AccessDenied(SERVICE, request.operation, f"{role_arn!r} is no ARN of a role; nothing was sent")
    base = f"arn:{role.group(1)}:sagemaker:{region}:{role.group(2)}"
    names: list[str] = []
    match request.operation:
        case "UpdateEndpoint":
            names = [
                f"endpoint/{request.parameters['EndpointName']}",
                f"endpoint-config/{request.parameters['EndpointConfigName']}",
            ]
        case "StartPipelineExecution":
            names = [f"pipeline/{request.parameters['PipelineName']}"]
        case _:
            raise InvalidRequest(SERVICE, request.operation, "no remediation declares this operation")
    # SageMaker writes names in lower case into ARNs, whatever case they were given in.
    resources = dict.fromkeys(f"{base}:{form}" for name in names for form in (name, name.lower()))
    statement = {"Effect": "Allow", "Action": f"sagemaker:{request.operation}", "Resource": list(resources)}
    return {"Version": "2012-10-17", "Statement": [statement]}

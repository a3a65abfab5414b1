"""Roles, assumed: the one place that asks STS. A changing call gets a session of its own; readers share one."""

import contextlib
import json
import re
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from incidents.effect import ApiRequest
from tools.errors import AccessDenied, InvalidRequest, Unavailable, UpstreamError
from tools.sagemaker.connection import AwsConnection, AwsCredentials, client_with
from tools.sagemaker.errors import upstream
from tools.sagemaker.session_policy import Role, session_policy

if TYPE_CHECKING:
    from botocore.credentials import RefreshableCredentials
    from mypy_boto3_sts.client import STSClient

CHANGING_SESSION_S = 900
"""Life of the credentials of a changing call: the shortest that STS gives."""
READING_SESSION_S = 3600
"""Life of the readers' credentials: the longest that STS gives to a role that was itself reached by a role."""
READER_SESSION = "agentops-reader"

_DENY_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}


class RoleSessions:
    """Clients for one changing call each, under the role of its remediation."""

    def __init__(self, connection: AwsConnection, *, external_id: str | None, use_roles: bool) -> None:
        """Without `use_roles` the process's own credentials send."""
        self._connection = connection
        self._external_id = external_id
        self._use_roles = use_roles

    def client(self, request: ApiRequest, *, role_arn: str | None, execution_id: str) -> Any:
        """A client of the request's service that tries once and may send this request at most. Blocking.

        Raises:
            AccessDenied: no role is named, or it cannot be assumed. Nothing was sent.
            Unavailable: STS gave no answer. Nothing was sent.
        """
        if not self._use_roles:
            return self._connection.client(request.service, attempts=1)
        operation = request.operation
        if role_arn is None:
            raise AccessDenied("STS", operation, "the catalogue names no role for this remediation; add it under roles")
        try:
            role = Role.parse(role_arn)
        except InvalidRequest as error:
            raise AccessDenied("STS", operation, f"{error.detail}; nothing was sent") from error
        policy, name = session_policy(request, role, self._connection.region), session_name(execution_id)
        try:
            got = assume(
                self._connection,
                role,
                session=name,
                external_id=self._external_id,
                seconds=CHANGING_SESSION_S,
                policy=policy,
            )
        except Unavailable:
            raise
        except UpstreamError as error:
            raise AccessDenied(
                error.service,
                operation,
                f"the role {role_arn} could not be assumed ({error.detail}); nothing was sent",
            ) from error
        return client_with(self._connection, request.service, got.credentials, attempts=1)


@dataclass(frozen=True)
class Assumed:
    """What STS gave, and until when."""

    credentials: AwsCredentials
    until: datetime


def assume(
    connection: AwsConnection,
    role: Role,
    *,
    session: str,
    external_id: str | None,
    seconds: int,
    policy: dict[str, Any] | None = None,
) -> Assumed:
    """Ask STS. To assume a role changes nothing, so it may be tried again. Blocking.

    Raises:
        UpstreamError: as STS says.
    """
    given: dict[str, Any] = {}
    if external_id is not None:
        given["ExternalId"] = external_id
    if policy is not None:
        given["Policy"] = json.dumps(policy, separators=(",", ":"))
    with upstream("STS", "AssumeRole"):
        sts: STSClient = connection.client("sts", attempts=3)
        with contextlib.closing(sts):
            answer = sts.assume_role(RoleArn=role.arn, RoleSessionName=session, DurationSeconds=seconds, **given)
    got = answer["Credentials"]
    return Assumed(AwsCredentials(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"]), got["Expiration"])


class ReaderRole:
    """The role under which everything is read: assumed at the first use, and again before it ends. One a process."""

    def __init__(self, arn: str, *, connection: AwsConnection, external_id: str | None = None) -> None:
        """`connection` holds the process's own credentials.

        Raises:
            InvalidRequest: `arn` is no ARN of a role.
        """
        self._role = Role.parse(arn)
        self._connection = connection
        self._external_id = external_id
        self._lock = threading.Lock()
        self._made: RefreshableCredentials | None = None

    def credentials(self) -> "RefreshableCredentials":
        """What botocore signs with; it asks us again 15 minutes before they end, at the latest 10 before."""
        from botocore.credentials import DeferredRefreshableCredentials

        with self._lock:
            if self._made is None:
                self._made = DeferredRefreshableCredentials(self._refresh, "agentops-reader-role")
            return self._made

    def _refresh(self) -> dict[str, str]:
        try:
            got = assume(
                self._connection,
                self._role,
                session=READER_SESSION,
                external_id=self._external_id,
                seconds=READING_SESSION_S,
            )
        except Unavailable:
            raise
        except UpstreamError as error:
            raise AccessDenied(
                error.service,
                error.operation,
                f"the role {self._role.arn} for reading could not be assumed ({error.detail})",
            ) from error
        return {
            "access_key": got.credentials.access_key_id,
            "secret_key": got.credentials.secret_access_key,
            "token": got.credentials.session_token or "",
            "expiry_time": got.until.isoformat(),
        }


def can_assume(connection: AwsConnection, arn: str, external_id: str | None) -> None:
    """Try it, with a session that may do nothing. Blocking. Raises `UpstreamError` where it cannot be assumed."""
    assume(
        connection,
        Role.parse(arn),
        session="agentops-check",
        external_id=external_id,
        seconds=CHANGING_SESSION_S,
        policy=_DENY_ALL,
    )


def session_name(execution_id: str) -> str:
    """The role session's name: the execution's id, so that CloudTrail and our audit name the same thing.

    Raises:
        InvalidRequest: STS would not take it (2 to 64 letters, digits and ``+=,.@_-``).
    """
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", execution_id, re.ASCII):
        raise InvalidRequest("STS", "AssumeRole", f"{execution_id[:80]!r} cannot name a role session")
    return execution_id

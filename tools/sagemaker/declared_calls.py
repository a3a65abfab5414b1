"""Changing calls of one AWS service: those that the specs declare, under the remediation's role, once each."""

from collections.abc import Mapping
from typing import Any

from incidents.effect import ApiRequest
from tools.errors import InvalidRequest
from tools.sagemaker.calls import Calls
from tools.sagemaker.connection import AwsConnection, AwsCredentials
from tools.sagemaker.roles import RoleSessions


class DeclaredCalls:
    """Sends changing calls. Only an operator may be one."""

    service: str
    """Its name in our errors."""
    methods: Mapping[str, str]
    """The operations that the specs declare, and boto3's method of each; nothing else can be sent."""

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
        connection = AwsConnection(region=region, endpoint_url=endpoint_url, credentials=credentials)
        self._sessions = RoleSessions(connection, external_id=external_id, use_roles=use_roles)
        # No deadline: a call that was sent is waited for, so that nobody takes it for one that was not.
        self._calls = Calls(self.service, deadline_s=None, threads=4)

    async def send(self, request: ApiRequest, *, role_arn: str | None, execution_id: str) -> dict[str, str]:
        """Send it, and answer the plain texts of what came back, e.g. ``EndpointArn`` or ``ETag``.

        Raises:
            InvalidRequest: no spec declares this operation, or the service refused it.
            AccessDenied: the role is not named, cannot be assumed, or does not allow it. Nothing was changed.
            Unavailable: no answer came. The call may have taken effect.
            AlreadyExists, Busy, NotFound, QuotaExceeded, Throttled: as the service says.
        """
        if request.service != self.service.lower() or request.operation not in self.methods:
            told = "no remediation declares this operation; nothing was sent"
            raise InvalidRequest(self.service, request.operation, told)
        return await self._calls.run(request.operation, lambda: self._send(request, role_arn, execution_id))

    def close(self) -> None:
        """Take no further call."""
        self._calls.close()

    def _send(self, request: ApiRequest, role_arn: str | None, execution_id: str) -> dict[str, str]:
        client = self._sessions.client(request, role_arn=role_arn, execution_id=execution_id)
        try:
            answer: dict[str, Any] = getattr(client, self.methods[request.operation])(**request.parameters)
        finally:
            client.close()
        return {key: value for key, value in answer.items() if isinstance(value, str)}

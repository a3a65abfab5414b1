"""Who sends a request: one client for each partner that a remediation's spec may name."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, assert_never

from incidents.effect import ApiRequest
from tools.errors import AccessDenied


class ActsInAws(Protocol):
    """Sends a request of AWS under a role."""

    async def send(self, request: ApiRequest, *, role_arn: str | None, execution_id: str) -> dict[str, str]:
        """Send it once; the plain texts of the answer. Raises `UpstreamError`."""
        ...


class OpensIssues(Protocol):
    """Sends a request of GitHub."""

    async def send(self, request: ApiRequest) -> dict[str, str]:
        """Send it; ``number`` and ``url`` of the issue. Raises `UpstreamError`."""
        ...


class PostsNotices(Protocol):
    """Wants a notice in an incident's thread."""

    def notice(self, incident_id: str, subject: str, now: datetime) -> None:
        """Want it once, however often it is asked for."""
        ...


@dataclass(frozen=True)
class Operators:
    """All that may change something outside. `github` is None where no token is set."""

    sagemaker: ActsInAws
    datasets: ActsInAws
    github: OpensIssues | None
    notices: PostsNotices
    clock: Callable[[], datetime]

    async def send(
        self, request: ApiRequest, *, role_arn: str | None, execution_id: str, incident_id: str
    ) -> dict[str, str]:
        """Send it to the partner it names, once. Raises `UpstreamError` as that partner's client does."""
        match request.service:
            case "sagemaker":
                return await self.sagemaker.send(request, role_arn=role_arn, execution_id=execution_id)
            case "s3":
                return await self.datasets.send(request, role_arn=role_arn, execution_id=execution_id)
            case "github":
                if self.github is None:
                    raise AccessDenied("GitHub", request.operation, "GitHub is not set up: AGENTOPS_GITHUB_TOKEN")
                return await self.github.send(request)
            case "slack":
                await asyncio.to_thread(self.notices.notice, incident_id, execution_id, self.clock())
                return {}
            case _:
                assert_never(request.service)

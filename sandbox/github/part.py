"""The local GitHub as a part of the sandbox."""

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from sandbox.github.api import LocalGitHub, install
from sandbox.github.faults import FAULT_KINDS
from sandbox.github.history import Commit, Release
from sandbox.github.repository import Repository
from sandbox.parts import UnknownFault

PREFIX = "/github"


class GitHubPart:
    """Serves GitHub's REST API below `/github`, with a token of its own."""

    name = "github"

    def __init__(self, repositories: Iterable[str]) -> None:
        """`repositories`: ``owner/name`` of those that are there."""
        token = f"github_pat_{secrets.token_urlsafe(24)}"
        self.github = LocalGitHub(token, {name: Repository(name) for name in repositories})
        self._begin_history()

    def install(self, app: web.Application, token: str) -> None:
        """Add the API, and the control route that lists what was written there."""
        app.router.add_get("/_sandbox/github/issues", self._issues)
        install(app, self.github, prefix=PREFIX)

    async def start(self, base_url: str) -> None:
        """Remember the address."""
        self.github.base_url = f"{base_url}{PREFIX}"

    async def stop(self) -> None:
        """Nothing runs between requests."""

    def reset(self) -> None:
        """Issues stay, as messages do: a person may want to read what happened. The history is as at the start."""
        self._begin_history()

    def merge(self, repository: str, message: str, at: datetime) -> None:
        """A commit on the default branch."""
        self.github.repositories[repository].commits.append(Commit(repository, at, message))

    def release(self, repository: str, tag: str, name: str, at: datetime) -> None:
        """A published release."""
        self.github.repositories[repository].releases.append(Release(repository, at, tag, name))

    def _begin_history(self) -> None:
        """Each repository is a month old."""
        at = datetime.now(UTC) - timedelta(days=30)
        for name, repository in self.github.repositories.items():
            repository.commits = [Commit(name, at, "Train on the last four weeks")]
            repository.releases = [Release(name, at + timedelta(hours=1), "v1")]

    def ready_fields(self) -> dict[str, str | None]:
        """For `AGENTOPS_GITHUB_URL` and `AGENTOPS_GITHUB_TOKEN`."""
        return {"github_url": self.github.base_url, "github_token": self.github.token}

    def state_fields(self) -> dict[str, Any]:
        """How many issues there are."""
        return {"github": {"issues": len(self.github.listed())}}

    def add_fault(self, kind: str, count: int | None, seconds: float | None, match: str | None) -> None:
        """Start a fault; `match` is a part of ``METHOD /path``."""
        if kind not in FAULT_KINDS:
            raise UnknownFault(f"github knows the faults {', '.join(FAULT_KINDS)}, not {kind}")
        self.github.faults.add(kind, count=count, seconds=seconds, match=match)

    def clear_faults(self) -> None:
        """End all faults."""
        self.github.faults.clear()

    def faults(self) -> list[dict[str, Any]]:
        """The faults at work now."""
        return self.github.faults.listed()

    async def _issues(self, _: web.Request) -> web.Response:
        return web.json_response({"issues": self.github.listed()})

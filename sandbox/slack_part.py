"""The Slack workspace as a part of the sandbox."""

from typing import Any

from aiohttp import web

from sandbox.parts import UnknownFault
from sandbox.slack import control, server
from sandbox.slack.faults import KINDS
from sandbox.slack.workspace import Workspace


class SlackPart:
    """Serves one workspace; its own route takes its faults, as some of them act at once."""

    name = "slack"

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def install(self, app: web.Application, token: str) -> None:
        """Add the Web API, sockets, page and control routes, and the guard."""
        server.install(app, self.workspace, token=token)

    async def start(self, base_url: str) -> None:
        """Tell the workspace where it is reached."""
        self.workspace.base_url = base_url

    async def stop(self) -> None:
        """The application's shutdown closes sockets."""

    def reset(self) -> None:
        """Messages stay: a person may want to read what happened."""

    def ready_fields(self) -> dict[str, str | None]:
        """What an app installed in the workspace is given."""
        credentials = self.workspace.credentials
        return {
            "slack_api_url": f"{self.workspace.base_url}/api/",
            "bot_token": credentials.bot_token,
            "app_token": credentials.app_token,
            "signing_secret": credentials.signing_secret,
        }

    def state_fields(self) -> dict[str, Any]:
        """Personas, channels, commands."""
        return control.slack_state(self.workspace)

    def add_fault(self, kind: str, count: int | None, seconds: float | None, match: str | None) -> None:
        """Start a fault of the Web API."""
        if kind not in KINDS:
            raise UnknownFault(f"unknown kind {kind!r}, expected one of {', '.join(sorted(KINDS))}")
        self.workspace.faults.add(kind, count=count, seconds=seconds, match=match)

    def clear_faults(self) -> None:
        """End all faults."""
        self.workspace.faults.clear()

    def faults(self) -> list[dict[str, Any]]:
        """The faults at work now."""
        return self.workspace.faults.listed()

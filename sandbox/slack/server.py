"""The workspace's routes, and a server that runs it alone."""

import secrets

from aiohttp import web

from sandbox import guard
from sandbox.slack import control
from sandbox.slack.sockets import HEARTBEAT_SECONDS, MAX_CONNECTIONS
from sandbox.slack.web_api import response_url, uploads
from sandbox.slack.web_api.endpoint import serve_call
from sandbox.slack.workspace import Workspace


def install(app: web.Application, workspace: Workspace, *, token: str) -> None:
    """Add the whole workspace to an application: Web API, sockets, uploads, response URLs, control routes, page, guard.

    The application has to allow bodies of 20 MB (`client_max_size`) for uploads. Not added, since they speak
    of every stand-in:
    `/_sandbox/state`, GET and DELETE `/_sandbox/faults` (see `control.slack_state`, `control.install_whole`).
    """

    async def api(request: web.Request) -> web.StreamResponse:
        return await serve_call(workspace, request)

    async def upload(request: web.Request) -> web.Response:
        return await uploads.receive_upload(workspace, request)

    async def respond(request: web.Request) -> web.Response:
        return await response_url.receive(workspace, request)

    async def link(request: web.Request) -> web.StreamResponse:
        return await _link(workspace, request)

    async def close(_: web.Application) -> None:
        workspace.changes.close()
        await workspace.sockets.close()
        await workspace.courier.close()

    app.router.add_route("*", "/api/{method}", api)
    app.router.add_post("/upload/v1/{ticket}", upload)
    app.router.add_post("/response/{secret}", respond)
    app.router.add_get("/link", link)
    control.install(app, workspace)
    guard.install(app, token=token)
    app.on_shutdown.append(close)


async def _link(workspace: Workspace, request: web.Request) -> web.StreamResponse:
    """Open one socket: a fresh ticket, fewer than ten open, and no fault that forbids it."""
    if workspace.faults.peek("drop_socket") or workspace.faults.peek("down"):
        return web.Response(status=503, text="Service Unavailable")
    if not workspace.sockets.redeem(request.query.get("ticket", "")):
        return web.Response(status=403, text="Forbidden")
    if len(workspace.sockets) >= MAX_CONNECTIONS:
        return web.Response(status=429, text="too_many_websockets")
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, autoping=True)
    await socket.prepare(request)
    workspace.changes.publish("connections")
    try:
        await workspace.sockets.serve(request, socket)
    finally:
        workspace.changes.publish("connections")
    return socket


class SlackServer:
    """One workspace alone, on a free port of the loopback. For tests, and for trying things out.

    Args:
        workspace: what to serve.
        token: for the control routes and the page; made up when not given.
        port: 0 takes a free one.
    """

    def __init__(self, workspace: Workspace, *, token: str | None = None, port: int = 0):
        self.workspace = workspace
        self.token = token or secrets.token_urlsafe(18)
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return self.workspace.base_url

    @property
    def slack_api_url(self) -> str:
        """The SDK's `base_url`."""
        return f"{self.url}/api/"

    async def start(self) -> None:
        """Listen."""
        app = web.Application(client_max_size=uploads.MAX_FILE_BYTES + 1_000_000)
        install(app, self.workspace, token=self.token)
        control.install_whole(app, self.workspace)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self._port)
        await site.start()
        self._runner = runner
        port = runner.addresses[0][1]
        self.workspace.base_url = f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        """Close every socket and stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

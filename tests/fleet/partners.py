"""`python -m tests.fleet.partners`: what the bots of a fleet speak to, in one process of its own, until stdin ends.

The sandbox's Slack workspace with Slack's rate limits and the fleet's channels; the sandbox's SageMaker with the fleet
in it; a Prometheus whose series follow what is deployed there; and the sandbox's Messages API, each answer of which
takes its time. Prints one line of JSON when all of them are ready.
"""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.llm.api import LocalMessagesApi
from sandbox.llm.api import install as install_llm
from sandbox.sagemaker import control
from sandbox.sagemaker.server import LocalSageMaker
from sandbox.slack.people import Channel
from sandbox.slack.server import SlackServer
from sandbox.slack.workspace import Workspace
from tests.benchmarks.metrics_stand_in import MetricsStandIn
from tests.benchmarks.partners import MEMBERS, end_of_input, seed_of
from tests.fleet.deployments import Deployments
from tests.fleet.spec import FleetSpec

API_PREFIX = "/llm"


def channel_id(channel: str) -> str:
    """Of a channel by its name."""
    return f"C{channel.replace('-', '').upper()}"


async def serve(spec: FleetSpec) -> None:
    """Run until the parent closes stdin."""
    workspace = Workspace.standard()
    for channel in spec.channel_names:
        workspace.channels[channel_id(channel)] = Channel(channel_id(channel), channel, "", set(MEMBERS))
    slack = SlackServer(workspace)
    await slack.start()
    sagemaker = LocalSageMaker(speed=spec.speed)
    await asyncio.to_thread(sagemaker.start)
    await asyncio.to_thread(sagemaker.seed, [seed_of(model) for model in spec.names])
    deployments = Deployments(sagemaker)
    llm = _Llm(spec.llm_seconds)
    app = web.Application(client_max_size=64 * 1024 * 1024, middlewares=[llm.slow])
    MetricsStandIn(spec.names, trouble=deployments.trouble, config=deployments.config).install(app)
    install_llm(app, llm.api, prefix=API_PREFIX)
    control.install(app, sagemaker)
    app.router.add_post("/fleet/break", deployments.serve_break)
    app.router.add_get("/fleet/llm", llm.serve_count)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    told = {
        "slack_url": slack.url,
        "slack_api_url": slack.slack_api_url,
        "control_token": slack.token,
        "bot_token": workspace.credentials.bot_token,
        "app_token": workspace.credentials.app_token,
        "aws_url": sagemaker.url,
        "prometheus_url": url,
    }
    print(json.dumps(told), flush=True)
    await end_of_input()
    await runner.cleanup()
    await slack.stop()
    await asyncio.to_thread(sagemaker.stop)


class _Llm:
    """The Messages API, as slow as a real one, and counted."""

    def __init__(self, seconds: float) -> None:
        self.api = LocalMessagesApi()
        self._seconds = seconds
        self._calls = 0

    @web.middleware
    async def slow(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Let the language model's answers take their time."""
        if request.path.startswith(API_PREFIX):
            self._calls += 1
            await asyncio.sleep(self._seconds)
        return await handler(request)

    async def serve_count(self, _: web.Request) -> web.Response:
        return web.json_response({"calls": self._calls})


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m tests.fleet.partners")
    parser.add_argument("spec", help="the fields of a FleetSpec as JSON")
    fields: dict[str, Any] = json.loads(parser.parse_args().spec)
    asyncio.run(serve(FleetSpec(**fields)))


if __name__ == "__main__":
    main()

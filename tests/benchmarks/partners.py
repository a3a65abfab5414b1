"""`python -m tests.benchmarks.partners`: the bot's partners in one process of their own, until stdin ends.

The sandbox's Slack workspace without rate limits and with a channel for each model, the sandbox's SageMaker with those
models in it, and a Prometheus that answers at once. Prints one line of JSON when all of them are ready.
"""

import argparse
import asyncio
import json
import os
import threading

from aiohttp import web

from sandbox.sagemaker.fleet import SeedModel
from sandbox.sagemaker.server import LocalSageMaker
from sandbox.slack.people import BOT_USER_ID, Channel
from sandbox.slack.server import SlackServer
from sandbox.slack.workspace import Workspace
from tests.benchmarks.catalogue import channel_of, model_names
from tests.benchmarks.metrics_stand_in import MetricsStandIn

MEMBERS = {"UONCALL", "USECOND", "ULEAD", "UVIEWER", BOT_USER_ID}
METRICS = {"accuracy": 0.9, "f1": 0.86, "precision": 0.87, "recall": 0.85, "auc": 0.93}


def channel_id(model: str) -> str:
    """Of a model's channel."""
    return f"C{model.replace('-', '').upper()}"


async def serve(models: list[str]) -> None:
    """Run until the parent closes stdin."""
    workspace = Workspace.standard(rate_limited=False)
    for model in models:
        workspace.channels[channel_id(model)] = Channel(channel_id(model), channel_of(model), "", set(MEMBERS))
    slack = SlackServer(workspace)
    await slack.start()
    sagemaker = LocalSageMaker(speed=1)
    await asyncio.to_thread(sagemaker.start)
    await asyncio.to_thread(sagemaker.seed, [seed_of(model) for model in models])
    app = web.Application()
    MetricsStandIn(models).install(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    told = {
        "slack_url": slack.url,
        "slack_api_url": slack.slack_api_url,
        "control_token": slack.token,
        "bot_token": workspace.credentials.bot_token,
        "app_token": workspace.credentials.app_token,
        "aws_url": sagemaker.url,
        "prometheus_url": f"http://127.0.0.1:{runner.addresses[0][1]}",
    }
    print(json.dumps(told), flush=True)
    await end_of_input()
    await runner.cleanup()
    await slack.stop()
    await asyncio.to_thread(sagemaker.stop)


def seed_of(model: str) -> SeedModel:
    """A model as it stands in SageMaker: version 2 is live, version 1 was before."""
    return SeedModel(
        name=model,
        endpoint=f"{model}-prod",
        live_version=2,
        package_group=model,
        pipeline=f"{model}-train",
        bucket=f"agentops-{model}",
        metrics=METRICS,
    )


async def end_of_input() -> None:
    """Wait until the parent closes stdin."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait() -> None:
        while os.read(0, 1024):
            pass
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait, daemon=True).start()
    await ended.wait()


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.partners")
    parser.add_argument("--models", type=int, default=60)
    asyncio.run(serve(model_names(parser.parse_args().models)))


if __name__ == "__main__":
    main()

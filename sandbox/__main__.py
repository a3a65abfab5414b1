"""`python -m sandbox`: run the sandbox until told to stop. Prints one line of JSON to stdout when ready."""

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence

from sandbox.app import Sandbox, SandboxConfig, describe
from sandbox.scenario import ScenarioError
from sandbox.stage import ScenarioRefused
from sandbox.world.real import RealMonitoringError

logger = logging.getLogger("sandbox")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="Local stand-ins for Slack, AWS and metrics."
    )
    parser.add_argument("--bot-url", help="where the bot listens; its webhook gets the alerts")
    parser.add_argument("--webhook-token", default="", help="bearer token of that webhook")
    parser.add_argument("--port", type=int, default=0, help="port of the sandbox; 0 takes a free one")
    parser.add_argument("--speed", type=float, default=60.0, help="production seconds per second (default 60)")
    parser.add_argument("--scenario", help="start this scenario at once")
    parser.add_argument("--seed", type=int, default=7, help="seed of the world's noise")
    prometheus = parser.add_mutually_exclusive_group()
    prometheus.add_argument("--no-prometheus", action="store_true", help="use the built-in query API and sender")
    prometheus.add_argument("--require-prometheus", action="store_true", help="fail without a real Prometheus")
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when stdin is closed")
    return parser.parse_args(arguments)


def config_from(options: argparse.Namespace) -> SandboxConfig:
    """The sandbox that the command line asks for."""
    mode = "built-in" if options.no_prometheus else "real" if options.require_prometheus else "auto"
    return SandboxConfig(
        speed=options.speed,
        port=options.port,
        bot_url=options.bot_url,
        webhook_token=options.webhook_token,
        monitoring=mode,
        scenario=options.scenario,
        seed=options.seed,
    )


async def run(options: argparse.Namespace) -> None:
    """Run until a signal, or the end of stdin when asked for."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if options.exit_with_parent:
        threading.Thread(target=_wait_for_end_of_input, args=(loop, stopping), daemon=True).start()
    async with Sandbox(config_from(options)) as sandbox:
        print(json.dumps(sandbox.ready_line()), flush=True)
        logger.info("ready: %s", describe(sandbox))
        await stopping.wait()
        logger.info("stopping")


def _wait_for_end_of_input(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    # Not through sys.stdin: its buffer's lock, held here, would break the interpreter's shutdown.
    while os.read(0, 1024):
        pass
    with contextlib.suppress(RuntimeError):  # the loop may have ended first
        loop.call_soon_threadsafe(stopping.set)


def main() -> None:
    """Entry point; errors a person can mend end it with one line and code 2."""
    options = parse()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    try:
        asyncio.run(run(options))
    except (ScenarioError, ScenarioRefused, RealMonitoringError, ValueError, OSError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()

"""The intake in a process of its own: the bot's HTTP side, its store, its engine at work, its grouping where asked for.

What is left out of the bot is what comes after: investigations, Slack, AWS. Prints one line of JSON when it is ready
and another, with what it did, when stdin has ended.
"""

import argparse
import asyncio
import json
import secrets
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import uvloop

from bot.bootstrap.ground import new_id
from bot.bootstrap.http_server import HttpServer, listening
from bot.group_commit import GroupCommit
from bot.metrics import Metrics
from bot.web import WebDeps, asgi_app
from bot.workflows.engine import Engine, config_for
from incidents.clock import now
from tests.benchmarks.partners import end_of_input
from tests.benchmarks.processes import until
from tools.incident_store.database import Database
from tools.incident_store.migrate import migrate
from tools.incident_store.writer.intake import Delivery
from tools.incident_store.writer.store import StoreWriter, open_writer
from tools.manifests.load import load_catalogue

WORKFLOW, STEP = "bench_v1", "bench_step_v1"
STEPS = 3
"""Of a workflow, each a transaction in the bot's own database, as `execute_v1` has them."""
LEASE = timedelta(seconds=45)
BATCH = 200
PAUSE_S = 0.01
END_LIMIT_S = 20.0


class Work:
    """Workflows at a steady pace, and grouping; both write where the intake writes."""

    def __init__(self, writer: StoreWriter, engine: Engine) -> None:
        """Registers its workflow; `engine` is launched afterwards."""
        self._writer = writer
        self._engine = engine
        self._woken = asyncio.Event()
        self._ending = False
        self.started = self.finished = 0

        @engine.step(STEP)
        async def step(name: str) -> None:
            await asyncio.to_thread(writer.leases.take, name, "bench", now(), LEASE)

        @engine.workflow(WORKFLOW)
        async def workflow(name: str) -> None:
            for _ in range(STEPS):
                await step(name)
            self.finished += 1

    def wake(self) -> None:
        """Something was committed."""
        self._woken.set()

    async def workflows(self, per_second: float) -> None:
        """Start so many a second, however long each takes, until `end`."""
        begun = time.monotonic()
        for number in count(1):
            await asyncio.sleep(max(0.0, begun + number / per_second - time.monotonic()))
            if self._ending:
                return
            await self._engine.start(WORKFLOW, str(number), f"bench-{number % 10}")
            self.started += 1

    async def end(self) -> None:
        """Start no more; wait until every workflow that was started has finished."""
        self._ending = True

        async def finished() -> bool:
            return self.finished >= self.started

        await until("the workflows", finished, END_LIMIT_S, PAUSE_S)

    async def grouping(self) -> None:
        """Group what was stored, as the dispatcher does, until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while await asyncio.to_thread(self._writer.grouping.group, now(), BATCH):
                pass


async def serve(options: argparse.Namespace) -> None:
    """Until stdin ends."""
    catalogue = load_catalogue(options.models_file)
    database = Database(options.database)
    await asyncio.to_thread(migrate, database)
    writer = open_writer(database, catalogue, settle=timedelta(seconds=10), new_id=new_id)
    engine = Engine(config_for(url=options.engine, executor_id="bench"))
    work = Work(writer, engine)
    engine.launch()
    sizes: list[int] = []

    def store(deliveries: Sequence[Delivery]) -> list[int]:
        sizes.append(len(deliveries))
        return writer.intake.store_all(deliveries, now())

    async def problems() -> list[str]:
        return []

    token, intake = secrets.token_urlsafe(24), GroupCommit[Delivery](store)
    web = WebDeps(
        intake=intake,
        catalogue=catalogue,
        wake=work.wake,
        webhook_tokens=[token],
        metrics_token=None,
        problems=problems,
        people_can_reach=lambda: False,
        metrics=Metrics(),
        slack_http=None,
    )
    listener = listening("127.0.0.1", 0)
    server = HttpServer.of(asgi_app(web))
    serving = asyncio.create_task(server.serve([listener]))
    starting = asyncio.create_task(work.workflows(options.workflows)) if options.workflows else None
    grouping = asyncio.create_task(work.grouping()) if options.grouping else None

    async def ready() -> bool:
        return server.started

    await until("the server", ready, END_LIMIT_S, PAUSE_S)
    print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}", "token": token}), flush=True)
    await end_of_input()
    done = work.finished
    await work.end()
    for task in (starting, grouping):
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
    await intake.close()
    server.stop()
    await serving
    engine.destroy()
    print(json.dumps(_told(database, done, sizes)), flush=True)
    database.close()


def _told(database: Database, workflows: int, sizes: list[int]) -> dict[str, Any]:
    with database.read() as session:
        connection = session.connection()
        stored = connection.exec_driver_sql("SELECT count(*) FROM alert").scalar_one()
        waiting = connection.exec_driver_sql(
            "SELECT count(*) FROM alert WHERE revision > handled_revision"
        ).scalar_one()
    return {
        "stored": stored,
        "not_grouped": waiting,
        "workflows": workflows,
        "commits": len(sizes),
        "deliveries": sum(sizes),
    }


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.intake_process")
    parser.add_argument("--database", required=True)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--models-file", type=Path, required=True)
    parser.add_argument("--workflows", type=float, default=0.0, help="so many a second beside the intake")
    parser.add_argument("--grouping", action="store_true", help="group what was stored, beside the intake")
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())

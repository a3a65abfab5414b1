"""A second executor on one PostgreSQL: it runs a workflow named like the one of the test, and does as it is told.

Arguments: the engine's URL and the executor's id. Reads commands from stdin: ``start ID`` starts the workflow,
``carry EXECUTOR`` has the workflows of another executor go on. Writes ``ran ID`` for each run of the step, and an
answer for each command.
"""

import asyncio
import sys

from bot.workflows.engine import Engine, config_for

WORKFLOW = "two_engines_v1"


def made(url: str, executor: str, ran: "asyncio.Queue[str]", hold: asyncio.Event) -> Engine:
    """An engine whose one workflow has one step, which tells of each run and then waits for `hold`."""
    config = config_for(url=url, executor_id=executor)
    config["notification_listener_polling_interval_sec"] = 0.05
    engine = Engine(config)

    @engine.step(f"{WORKFLOW}.step")
    async def step(id: str) -> None:
        ran.put_nowait(id)
        await hold.wait()

    @engine.workflow(WORKFLOW)
    async def run(id: str) -> None:
        await step(id)

    engine.launch()
    return engine


async def main(url: str, executor: str) -> None:
    ran: asyncio.Queue[str] = asyncio.Queue()
    engine = made(url, executor, ran, asyncio.Event())
    print("ready", flush=True)

    async def tell() -> None:
        while True:
            print(f"ran {await ran.get()}", flush=True)

    telling = asyncio.create_task(tell())
    while line := await asyncio.to_thread(sys.stdin.readline):
        command, _, argument = line.strip().partition(" ")
        if command == "start":
            await engine.start(WORKFLOW, argument, argument)
            print(f"started {argument}", flush=True)
        else:
            print(f"carried {await engine.carry_on(argument)}", flush=True)
    telling.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))

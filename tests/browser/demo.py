"""The demo as a newcomer meets it: both processes, and the address that `agentops demo` prints."""

import asyncio
import json
import threading
import time
import urllib.request
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.processes import DemoOptions, Running, free_port, running

SPEED = 120.0
START_LIMIT_S = 90.0


@dataclass(frozen=True)
class Demo:
    """A running demo."""

    url: str
    token: str

    @property
    def address(self) -> str:
        """What a person opens."""
        return f"{self.url}/?token={self.token}"

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One call of the control API."""
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.url}/_sandbox/{path}",
            method=method,
            data=json.dumps(body or {}).encode() if method == "POST" else None,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def calm(self) -> None:
        """Undo everything in the world, and wait until the channel says of every incident that it is over."""
        self.call("POST", "reset")
        deadline = time.monotonic() + START_LIMIT_S
        while any("recovered" not in one["text"] for one in self.messages() if one["is_bot"]):
            assert time.monotonic() < deadline, "an incident is still open"
            threading.Event().wait(0.1)

    def messages(self, thread: str = "") -> list[dict[str, Any]]:
        """What is in the incidents' channel, or in a thread of it."""
        query = f"&thread_ts={thread}" if thread else ""
        return self.call("GET", f"slack/messages?channel=CINCIDENTS{query}")["messages"]

    def kind(self, kind: str) -> dict[str, Any]:
        """The newest incident's message of that kind."""
        thread = self.messages(self.messages()[-1]["ts"])
        return next(one for one in thread if one["metadata"]["event_payload"]["kind"] == kind)


@contextmanager
def demo_running(folder: Path, *, speed: float = SPEED, real_prometheus: bool = False) -> Generator[Demo]:
    """Sandbox and bot, run by a loop in a thread of its own, since the browser's driver blocks."""
    options = DemoOptions(
        port=free_port(),
        speed=speed,
        real_prometheus=real_prometheus,
        require_prometheus=False,
        scenario=None,
        data_dir=folder,
        reasoner="offline",
        log_level="info",
    )
    started: Future[Running] = Future()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        try:
            async with running(options) as demo:
                started.set_result(demo)
                await stop.wait()
        except BaseException as error:
            if not started.done():
                started.set_exception(error)
            raise

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), name="demo", daemon=True)
    thread.start()
    try:
        demo = started.result(timeout=START_LIMIT_S)
        yield Demo(demo.sandbox.url, demo.sandbox.token)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=30)
        loop.close()

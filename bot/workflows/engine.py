"""The durable engine, narrowed to what the workflows use: named workflows, steps, and starting one by its id."""

import functools
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

from dbos import DBOS, DBOSConfig, SetWorkflowID
from sqlalchemy import Engine as SqlEngine
from sqlalchemy import create_engine, event

P = ParamSpec("P")
R = TypeVar("R")

Workflow = Callable[..., Coroutine[Any, Any, None]]

VERSION = "1"
"""Set by hand: the default would be a hash of the source, and changed code would leave old workflows pending."""

MAX_THREADS = 16
"""For what blocks in workflows, the database above all: AWS and Prometheus have threads of their own. Each that has
worked keeps some 250 KB."""

CACHE_KB = 512
"""Pages that each of the library's connections keeps; SQLite's own default is 2 MB."""

ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
"""States in which the library runs a workflow no more."""


class Engine:
    """Registers workflows before `launch`, starts them by name and id after it.

    A name registered twice is an error: the library would keep the last one in silence.
    """

    def __init__(self, config: DBOSConfig) -> None:
        """See `config_for`."""
        self._dbos = DBOS(config=config)
        self._workflows: dict[str, Workflow] = {}
        self._steps: set[str] = set()
        self._under_way: Counter[str] = Counter()

    def workflow(self, name: str) -> Callable[[Workflow], Workflow]:
        """Register a workflow under a versioned name, e.g. ``investigate_v1``."""

        def register(function: Workflow) -> Workflow:
            if name in self._workflows:
                raise ValueError(f"workflow {name} is registered twice")

            @functools.wraps(function)
            async def watched(*arguments: Any) -> None:
                self._under_way[name] += 1
                try:
                    await function(*arguments)
                finally:
                    self._under_way[name] -= 1

            made = DBOS.workflow(name=name)(watched)
            self._workflows[name] = made
            return made

        return register

    def step(self, name: str) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Coroutine[Any, Any, R]]]:
        """Register a step; its result is kept, and a step under way when the process dies runs again."""

        def register(function: Callable[P, Awaitable[R]]) -> Callable[P, Coroutine[Any, Any, R]]:
            if name in self._steps:
                raise ValueError(f"step {name} is registered twice")
            self._steps.add(name)
            return DBOS.step(name=name)(function)  # pyright: ignore[reportReturnType, reportArgumentType] DBOS types steps as sync or async

        return register

    async def start(self, name: str, id: str, *arguments: str) -> None:
        """Start a workflow; its id is the idempotency key: a second start of the same id does nothing."""
        with SetWorkflowID(f"{name}:{id}"):
            await DBOS.start_workflow_async(self._workflows[name], *arguments)

    async def carry_on(self, executor: str) -> int:
        """Have this and the other living executors do what one left that has ended; how many workflows that are.

        Each is given to one of them. It begins anew at the step that has no result yet.
        """
        left = await DBOS.list_workflows_async(
            executor_id=executor,
            status="PENDING",
            app_version=VERSION,
            name=sorted(self._workflows),
            load_input=False,
            load_output=False,
        )
        if left:
            await DBOS.resume_workflows_async([one.workflow_id for one in left])
        return len(left)

    async def forget(self, ended_before: datetime, limit: int) -> int:
        """Delete the history of workflows that ended before; at most `limit`, and how many that were.

        Their ids are free again: by then no row is left that would start one.
        """
        ended = await DBOS.list_workflows_async(
            completed_before=ended_before.isoformat(),
            status=ENDED,
            limit=limit,
            load_input=False,
            load_output=False,
        )
        if ended:
            await DBOS.delete_workflows_async([one.workflow_id for one in ended])
        return len(ended)

    def under_way(self, name: str | None = None) -> int:
        """How many workflows, or those of one name, run in this process now."""
        return self._under_way.total() if name is None else self._under_way[name]

    def launch(self) -> None:
        """Recover what a crash left and begin to run."""
        DBOS.launch()

    def destroy(self) -> None:
        """Stop; what is under way is carried on at the next launch."""
        DBOS.destroy(destroy_registry=True)


def config_for(*, url: str, executor_id: str) -> DBOSConfig:
    """The engine's configuration. Its SQLite file is its own: sharing ours made intake's p99 six times slower."""
    config: DBOSConfig = {
        "name": "agentops",
        "application_version": VERSION,
        "executor_id": executor_id,
        "max_executor_threads": MAX_THREADS,
        "log_level": "WARNING",
        "enable_otlp": False,
        "scheduler_polling_interval_sec": 3600.0,
    }
    if url.startswith("sqlite"):
        config["system_database_engine"] = _sqlite(url)
        config["system_database_url"] = url
    else:
        config["system_database_url"] = url
    return config


def _sqlite(url: str) -> SqlEngine:
    engine = create_engine(url, connect_args={"timeout": 30.0, "isolation_level": "IMMEDIATE"})

    def on_connect(connection: Any, _record: Any) -> None:
        for pragma in ("journal_mode=WAL", "busy_timeout=30000", "foreign_keys=ON", f"cache_size=-{CACHE_KB}"):
            connection.execute(f"PRAGMA {pragma}").close()

    event.listen(engine, "connect", on_connect)
    return engine

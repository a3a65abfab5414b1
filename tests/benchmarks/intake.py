"""Intake: how many alerts a second are answered with 2xx once they are on disk, beside what the disk itself can do."""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from tests.benchmarks.catalogue import model_names, write_catalogue
from tests.benchmarks.figures import RATE, Figure, Target, figure
from tests.benchmarks.machine import commit_times_ms
from tests.benchmarks.processes import START_LIMIT_S, BenchmarkFailed
from tests.benchmarks.wrk import CONNECTIONS, Load, put_load_on, wrk_path
from tests.postgresql import running_postgresql

MODELS = 60
GROUP = 50
WORKFLOWS = 20.0
"""A second, beside the intake."""
BARE_COMMITS = 1_000
PEER = "a peer that answers before anything is on disk does 632 a second"
FAST_DISK_MS = 0.5
"""Where a bare commit takes longer, the target is 60 % of what groups of half the connections could reach."""


@dataclass(frozen=True)
class Place:
    """A kind of database: how to make an empty one, its bare commits in milliseconds, and what is asked of it."""

    name: str
    empty: Callable[[], tuple[str, str]]
    """URLs of our own tables and of the engine's."""
    commits_ms: Callable[[int], list[float]]
    single: float
    grouped: float | None
    p99_ms: float | None


async def intake(folder: Path, *, seconds: int, runs: int, into: list[Figure], bare: int = BARE_COMMITS) -> None:
    """All figures, on SQLite and on PostgreSQL; those found stay in `into` when a later one fails.

    Each is of `runs` times `seconds` of load. Raises `BenchmarkFailed` where wrk is missing, or an alert is not there
    that was answered.
    """
    wrk_path()
    write_catalogue(folder / "models.yaml", model_names(MODELS))
    await _measured(_sqlite(folder), folder, seconds, runs, bare, into)
    with tempfile.TemporaryDirectory(prefix="pg-") as short, running_postgresql(Path(short), durable=True) as new:
        await _measured(_postgresql(new), folder, seconds, runs, bare, into)


def _sqlite(folder: Path) -> Place:
    def empty() -> tuple[str, str]:
        place = Path(tempfile.mkdtemp(prefix="intake-", dir=folder))
        return f"sqlite:///{place / 'agentops.sqlite'}", f"sqlite:///{place / 'engine.sqlite'}"

    def commits_ms(times: int) -> list[float]:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            return commit_times_ms(Path(place), times)

    return Place("SQLite", empty, commits_ms, single=2_000, grouped=10_000, p99_ms=20)


def _postgresql(new: Callable[[str], str]) -> Place:
    def empty() -> tuple[str, str]:
        url = new("template1")
        return url, url

    def commits_ms(times: int) -> list[float]:
        with closing(psycopg.connect(new("template1"), autocommit=True)) as connection:
            for setting in ("fsync", "synchronous_commit"):
                row = connection.execute(f"SHOW {setting}").fetchone()
                if row is None or row[0] != "on":
                    raise BenchmarkFailed(f"PostgreSQL runs with {setting} off")
            connection.execute("CREATE TABLE line (value TEXT)")
            taken: list[float] = []
            for number in range(times):
                begun = time.perf_counter()
                connection.execute("INSERT INTO line VALUES (%s)", (str(number),))
                taken.append((time.perf_counter() - begun) * 1000)
            return taken

    return Place("PostgreSQL", empty, commits_ms, single=1_000, grouped=None, p99_ms=None)


async def _measured(place: Place, folder: Path, seconds: int, runs: int, bare: int, into: list[Figure]) -> None:
    commits = await asyncio.to_thread(place.commits_ms, bare)
    beside = f"{CONNECTIONS} connections of wrk, {WORKFLOWS:g} workflows a second beside it"
    single = await _loads(place, folder, seconds, runs, group=1)
    how = f"single alerts, {beside}; {PEER}"
    into += _figures(place, single, 1, how, target_for(place.single, commits), place.p99_ms)
    groups = await _loads(place, folder, seconds, runs, group=GROUP)
    wanted = None if place.grouped is None else Target(place.grouped, more_is_better=True)
    into += _figures(place, groups, GROUP, f"alerts in groups of {GROUP}, {beside}", wanted)
    beside_grouping = await _loads(place, folder, seconds, runs, group=1, grouping=True)
    how = f"single alerts, {beside}, and their grouping, which had placed {beside_grouping.placed:,} at the end"
    into += _figures(place, beside_grouping, 1, how, suffix=", grouping beside")
    # Before and after, so that a disk that is slow at times is seen.
    commits += await asyncio.to_thread(place.commits_ms, bare)
    rates = [1000 / statistics.mean(commits[at : at + 100]) for at in range(0, len(commits), 100)]
    into.append(figure(f"bare commits a second, {place.name}", RATE, rates, "one row each, one connection, full sync"))
    ran = [one.workflows_a_second for one in (single, groups, beside_grouping)]
    into.append(figure(f"workflows a second beside it, {place.name}", RATE, ran, f"{WORKFLOWS:g} were asked for"))


def target_for(wanted: float, commits_ms: list[float]) -> Target:
    """Requests a second: `wanted` where the disk is fast, less where it is slow."""
    median = statistics.median(commits_ms)
    if median < FAST_DISK_MS:
        return Target(wanted, more_is_better=True)
    return Target(min(wanted, 0.6 * CONNECTIONS / (2 * median / 1000)), more_is_better=True)


def check_all_there(loads: list[Load], group: int, stored: int) -> None:
    """Raise `BenchmarkFailed` unless every alert that was answered is stored once, and nothing was refused."""
    answered = sum(load.requests for load in loads) * group
    # What was under way when wrk hung up is stored and was not counted.
    most = answered + len(loads) * CONNECTIONS * group
    if any(load.refused or load.lost for load in loads):
        raise BenchmarkFailed(f"refused: {[load.refused for load in loads]}, lost: {[load.lost for load in loads]}")
    if not answered <= stored <= most:
        raise BenchmarkFailed(f"{answered:,} alerts were answered, {stored:,} are there")


@dataclass(frozen=True)
class _Loads:
    loads: list[Load]
    workflows_a_second: float
    placed: int


async def _loads(place: Place, folder: Path, seconds: int, runs: int, *, group: int, grouping: bool = False) -> _Loads:
    """As many runs against one process; checks that what was answered is there."""
    async with _process(place, folder, grouping=grouping) as running:
        begun = time.monotonic()
        loads = [
            await put_load_on(running.url, running.token, group=group, seconds=seconds, models=MODELS)
            for _ in range(runs)
        ]
        took = time.monotonic() - begun
        told = await running.end()
    check_all_there(loads, group, told["stored"])
    return _Loads(loads, told["workflows"] / took, told["stored"] - told["not_grouped"])


def _figures(
    place: Place,
    of: _Loads,
    group: int,
    how: str,
    rate: Target | None = None,
    p99_ms: float | None = None,
    suffix: str = "",
) -> list[Figure]:
    kind = "single" if group == 1 else f"groups of {group}"
    name = f"intake on {place.name}, {kind}{suffix}"
    answers = [value for load in of.loads for value in load.latencies_ms]
    latency = None if p99_ms is None else Target(p99_ms, of="p99")
    spread = figure(f"{name}: durable answer", "ms", answers, f"{how}; from the request to its answer", latency)
    return [
        figure(f"{name}: alerts a second", RATE, [load.rate * group for load in of.loads], how, rate),
        replace(spread, count=sum(load.requests for load in of.loads)),
    ]


@dataclass(frozen=True)
class _Running:
    process: asyncio.subprocess.Process
    url: str
    token: str

    async def end(self) -> dict[str, Any]:
        """Let it finish; what it tells then."""
        if self.process.stdin is None or self.process.stdout is None:
            raise BenchmarkFailed("the intake has no input or output")
        self.process.stdin.close()
        line = await asyncio.wait_for(self.process.stdout.readline(), START_LIMIT_S)
        await self.process.wait()
        if not line:
            raise BenchmarkFailed("the intake did not come to its end")
        return json.loads(line)


@asynccontextmanager
async def _process(place: Place, folder: Path, *, grouping: bool) -> AsyncGenerator[_Running]:
    database, engine = place.empty()
    command = [sys.executable, "-m", "tests.benchmarks.intake_process", "--database", database, "--engine", engine]
    command += ["--models-file", str(folder / "models.yaml"), "--workflows", str(WORKFLOWS)]
    command += ["--grouping"] if grouping else []
    log = folder / "intake.log"
    with log.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=sink, env=dict(os.environ)
        )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), START_LIMIT_S)
        if not line:
            raise BenchmarkFailed(f"the intake did not start; its log is {log}")
        yield _Running(process, **json.loads(line))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

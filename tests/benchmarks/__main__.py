"""`make bench`: measures the bot on this machine and tells the figures as a table and as JSON."""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmarks.bot_alone import BotAlone, NotInstalled
from tests.benchmarks.cold_start import cold_start
from tests.benchmarks.figures import Figure, Report
from tests.benchmarks.install_size import install_size
from tests.benchmarks.intake import intake
from tests.benchmarks.investigations import investigations
from tests.benchmarks.machine import machine
from tests.benchmarks.many_rows import on_both_databases
from tests.benchmarks.processes import BenchmarkFailed, stage
from tests.benchmarks.serving import serving

RESULTS = Path("bench-results/figures.json")
PARTS = ("intake", "many_rows", "install_size", "cold_start", "serving", "investigations")


@dataclass(frozen=True)
class Size:
    """How often things are measured."""

    models: int = 60
    starts: int = 5
    incidents: int = 60
    commands: int = 50
    many: int = 1_000
    alone: int = 60
    rounds: int = 10
    load_s: int = 5
    loads: int = 3
    past: int = 100_000
    past_models: int = 1_000


QUICK = Size(
    models=4, starts=1, incidents=4, commands=2, many=0, alone=3, rounds=1, load_s=1, loads=1, past=200, past_models=20
)


async def run(parts: list[str], size: Size, folder: Path) -> Report:
    """Measure; what cannot be measured here becomes a note."""
    report = Report(machine=machine(folder))

    async def measured(part: str, doing: str, work: Callable[[], Awaitable[list[Figure] | None]]) -> None:
        if part not in parts:
            return
        say(f"{doing} ...")
        try:
            report.figures += await work() or []
        except (BenchmarkFailed, NotInstalled) as error:
            report.notes.append(f"{part} could not be measured: {error}")

    await measured(
        "investigations",
        "Investigations with a language model of zero latency",
        lambda: investigations(folder, alone=size.alone, rounds=size.rounds),
    )
    await measured(
        "intake",
        "Intake under load, on two databases",
        lambda: intake(folder, seconds=size.load_s, runs=size.loads, into=report.figures),
    )
    await measured(
        "many_rows",
        f"{size.past:,} past incidents and {size.past_models:,} models",
        lambda: asyncio.to_thread(on_both_databases, folder, incidents=size.past, models=size.past_models, rounds=20),
    )
    alone = BotAlone(folder / "bot-alone")
    await measured("install_size", "Installing the bot alone", lambda: install_size(alone))
    if {"cold_start", "serving"} & set(parts):
        try:
            async with stage(folder, size.models, await _python_of(alone, report)) as on:
                await measured("cold_start", "Starting the bot, several times", lambda: cold_start(on, size.starts))
                await measured(
                    "serving",
                    "Incidents, posts and commands",
                    lambda: serving(
                        on, report.figures, incidents=size.incidents, commands=size.commands, many=size.many
                    ),
                )
        except BenchmarkFailed as error:
            report.notes.append(str(error))
    report.machine["load_1m_at_the_end"] = round(os.getloadavg()[0], 2)
    return report


async def _python_of(alone: BotAlone, report: Report) -> Path:
    """What runs the bot: its own environment, with charts; else this one, and the report says so."""
    say("Installing what the bot needs, with charts ...")
    try:
        await alone.install_charts()
    except NotInstalled as error:
        report.notes.append(f"the bot ran in the environment of development, with more installed: {error}")
        return Path(sys.executable)
    return alone.python


def say(text: str) -> None:
    """To the person who waits."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Entry point; 1 when something could not be measured. A missed target is told, people judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure the bot.")
    parser.add_argument("--json", type=Path, default=RESULTS, help=f"write the figures to this file ({RESULTS})")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="measure only these")
    parser.add_argument("--quick", action="store_true", help="few repetitions: shows that it works, no more")
    parser.add_argument("--keep", type=Path, help="keep logs and data in this folder")
    parser.add_argument("--many", type=int, help=f"incidents of the long run; {Size.many:,} when not given, 0 for none")
    options = parser.parse_args()
    size: Size = QUICK if options.quick else Size()
    if options.many is not None:
        size = replace(size, many=options.many)
    with tempfile.TemporaryDirectory(prefix="agentops-bench-") as temporary:
        folder: Path = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        report = asyncio.run(run(options.only, size, folder))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report.as_json(), indent=2) + "\n", "utf-8")
    print(report.table())
    return 1 if any(note for note in report.notes if "install" not in note) else 0


if __name__ == "__main__":
    sys.exit(main())

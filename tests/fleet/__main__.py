"""`python -m tests.fleet`: the long runs, on databases of their own. Figures as JSON and as a table.

`storm` sends ten thousand alerts in half a minute. `soak` kills bots while a storm goes on: on SQLite one process, on
PostgreSQL one of two. `away` stops the bot for three minutes beside a real Alertmanager. `frozen` has one of two
replicas stand still for a minute. A seed repeats a run's choices; it is printed with every result.
"""

import argparse
import asyncio
import json
import os
import secrets
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from tests.benchmarks.machine import machine
from tests.fleet.away import AwayPlan, away
from tests.fleet.frozen import FrozenPlan, frozen
from tests.fleet.replica import FleetFailed
from tests.fleet.rig import fleet_in
from tests.fleet.soak import SoakPlan, soak
from tests.fleet.spec import FleetSpec
from tests.fleet.storm import StormPlan, in_a_storm, storm
from tests.postgresql import running_postgresql

Json = dict[str, Any]
DATABASES = ("sqlite", "postgresql")
REPLICAS: Mapping[str, int] = {"sqlite": 1, "postgresql": 2}
ONLY_ON: Mapping[str, str] = {"away": "sqlite", "frozen": "postgresql"}


def main() -> int:
    """Entry point; 1 when anything was lost, doubled, broken or not finished."""
    options = _options()
    reports: dict[str, Json] = {}
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="fleet-") as temporary:
        folder: Path = options.keep or Path(temporary)
        for run in options.runs:
            for database in (ONLY_ON[run],) if run in ONLY_ON else options.on:
                name = f"{run} on {database}"
                below = folder / f"{run}-{database}"
                below.mkdir(parents=True, exist_ok=True)
                load = os.getloadavg()[0]
                print(f"{name}, seed {options.seed}, load {load:.1f} ...", file=sys.stderr, flush=True)
                report, wrong = _played(run, options, database, below)
                reports[name] = {"load_1m_before": round(load, 2), **report}
                faults += [f"{name}: {one}" for one in wrong]
                print(_table(name, reports[name]), flush=True)
        reports["machine"] = machine(folder)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(reports, indent=2, default=str) + "\n", "utf-8")
    print("\nMachine: " + ", ".join(f"{key} {value}" for key, value in reports["machine"].items()))
    for one in faults:
        print(f"FAULT {one}")
    return 1 if faults else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fleet", description="Long runs of a fleet of bots.")
    parser.add_argument("runs", nargs="+", choices=("storm", "soak", "away", "frozen"))
    parser.add_argument("--on", nargs="+", choices=DATABASES, default=list(DATABASES))
    parser.add_argument("--kills", type=int, default=SoakPlan.kills, help="how often is killed, on each database")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--models", type=int, default=SoakPlan.models)
    parser.add_argument("--alerts", type=int, default=SoakPlan.alerts)
    parser.add_argument("--keep", type=Path, help="keep databases and logs in this folder")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


def _played(run: str, options: argparse.Namespace, database: str, folder: Path) -> tuple[Json, list[str]]:
    """The figures of a run, and what must not be."""
    try:
        if run == "away":
            gone = asyncio.run(away(folder, AwayPlan()))
            return gone.as_json(), gone.faults
        with ExitStack() as closing:
            url = ""
            if database == "postgresql":
                # Its socket lies in the folder, and a socket's path may have about 100 characters.
                short = closing.enter_context(tempfile.TemporaryDirectory(prefix="pg-"))
                url = closing.enter_context(running_postgresql(Path(short)))("template1")
            if run == "frozen":
                stood = asyncio.run(frozen(folder, FrozenPlan(), database_url=url))
                return stood.as_json(), stood.faults
            replicas = REPLICAS[database]
            if run == "storm":
                return asyncio.run(_storm(folder, options, url, replicas))
            plan = SoakPlan(
                kills=options.kills, seed=options.seed, models=options.models, alerts=options.alerts, replicas=replicas
            )
            soaked = asyncio.run(soak(folder, plan, database_url=url))
            return soaked.as_json(), soaked.faults
    except FleetFailed as error:
        return {"failed": str(error)}, [str(error)]


async def _storm(folder: Path, options: argparse.Namespace, url: str, replicas: int) -> tuple[Json, list[str]]:
    spec = FleetSpec(models=options.models)
    plan = replace(StormPlan(), alerts=options.alerts)
    async with fleet_in(folder, spec, database_url=url, settings=in_a_storm(spec)) as fleet:
        await fleet.start(*(f"bot-{number}" for number in range(replicas)))
        async with fleet.sender(seed=options.seed) as sender, fleet.people():
            played = await storm(fleet, sender, plan)
    return played.as_json(), played.faults


def _table(database: str, report: Json) -> str:
    """One figure a line, those of a part below its name."""
    lines = [f"\n{database}"]
    for key, value in report.items():
        if isinstance(value, dict):
            lines.append(f"  {key}")
            lines += [f"    {name:<24}{_told(one)}" for name, one in cast("Json", value).items()]
        else:
            lines.append(f"  {key:<26}{_told(value)}")
    return "\n".join(lines)


def _told(value: object) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())

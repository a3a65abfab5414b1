"""The machine the figures are from: they mean nothing without it."""

import os
import platform
import sqlite3
import statistics
import time
from pathlib import Path
from typing import Any

COMMITS = 60
LOOPS = 3_000_000


def machine(folder: Path) -> dict[str, Any]:
    """Its cores, load, Python, how fast one core is and how long the disk under `folder` takes to commit."""
    commits = commit_times_ms(folder)
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_1m": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "sqlite": sqlite3.sqlite_version,
        "core_million_additions_ms": round(_additions_ms(), 1),
        "disk_commit_median_ms": round(statistics.median(commits), 3),
        "disk_commit_p95_ms": round(sorted(commits)[int(0.95 * len(commits))], 3),
    }


def commit_times_ms(folder: Path, count: int = COMMITS) -> list[float]:
    """Bare SQLite transactions of one row with full sync, as the bot's own database commits."""
    times: list[float] = []
    connection = sqlite3.connect(folder / "commit-time.sqlite", isolation_level=None)
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}").close()
        connection.execute("CREATE TABLE row (value TEXT)")
        for number in range(count):
            begun = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO row VALUES (?)", (str(number),))
            connection.execute("COMMIT")
            times.append((time.perf_counter() - begun) * 1000)
    finally:
        connection.close()
    return times


def _additions_ms() -> float:
    begun = time.perf_counter()
    total = 0
    for number in range(LOOPS):
        total += number
    return (time.perf_counter() - begun) * 1000 / (LOOPS / 1_000_000)

"""How long what people ask takes with 100,000 past incidents and 1,000 models: issue 4's ninth point."""

import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from bot.slack.listing import Listing
from bot.slack.overview import Overview
from incidents.clock import now
from tests.benchmarks.catalogue import model_names, write_catalogue
from tests.benchmarks.figures import Figure, Target, figure
from tests.benchmarks.past import seed
from tests.postgresql import running_postgresql
from tools.incident_store.database import Database
from tools.incident_store.migrate import migrate
from tools.incident_store.reader import StoreReader
from tools.incident_store.standing_reader import StandingReader
from tools.incident_store.trust_reader import TrustReader
from tools.manifests.load import load_catalogue

STATUS_MS, INCIDENTS_MS, SCRAPE_MS = 300, 500, 50


def on_both_databases(folder: Path, *, incidents: int, models: int, rounds: int) -> list[Figure]:
    """The same on SQLite in a file and on a PostgreSQL that keeps what it is told."""
    found = many_rows(folder, f"sqlite:///{folder / 'many.sqlite'}", incidents=incidents, models=models, rounds=rounds)
    with tempfile.TemporaryDirectory(prefix="pg-") as short, running_postgresql(Path(short), durable=True) as new:
        return found + many_rows(folder, new("template1"), incidents=incidents, models=models, rounds=rounds)


def many_rows(folder: Path, url: str, *, incidents: int, models: int, rounds: int) -> list[Figure]:
    """Seed a new database at `url` and ask. Figures in milliseconds, of the reads alone: Slack is not in them."""
    at = now()
    names = model_names(models)
    write_catalogue(folder / "many-models.yaml", names)
    catalogue = load_catalogue(folder / "many-models.yaml")
    database = Database(url)
    try:
        migrate(database)
        began = time.perf_counter()
        written = seed(database, incidents=incidents, models=names, now=at, live=min(models, incidents) // 5)
        seeded = time.perf_counter() - began
        overview = Overview(StoreReader(database), catalogue, lambda: at)
        where = f"{'SQLite' if database.is_sqlite else 'PostgreSQL'}, {incidents:,} incidents ({written:,} rows)"
        asked = _asked(overview, StandingReader(database), TrustReader(database), at, names[0])
        return [
            figure(f"rows seeded ({where})", "s", [seeded], "What came before the questions."),
            *(
                figure(f"{name} ({where})", "ms", _timed(work, rounds), "From the question to the view.", target)
                for name, work, target in asked
            ),
        ]
    finally:
        database.close()


Asked = list[tuple[str, Callable[[], object], Target | None]]


def _asked(overview: Overview, standing: StandingReader, trust: TrustReader, at: datetime, model: str) -> Asked:
    status, incidents = Target(STATUS_MS, "p95"), Target(INCIDENTS_MS, "p95")
    year = at - timedelta(days=365)
    return [
        ("status", lambda: overview.status(Listing()), status),
        ("status, last page", lambda: overview.status(Listing(page=50)), status),
        ("status critical", lambda: overview.status(Listing(severity="critical")), status),
        ("incidents", lambda: overview.incidents(Listing()), incidents),
        ("incidents any, page 400", lambda: overview.incidents(Listing(state="any", page=400)), incidents),
        (
            "incidents closed critical of one model",
            lambda: overview.incidents(Listing(model=model, state="closed", severity="critical")),
            incidents,
        ),
        (
            "incidents closed model-0*",
            lambda: overview.incidents(Listing(model=f"{model[:-1]}*", state="closed")),
            incidents,
        ),
        ("App Home", overview.home, incidents),
        (
            "scrape of /metrics: its reads",
            lambda: standing.standing(at, timedelta(seconds=30)),
            Target(SCRAPE_MS, "p95"),
        ),
        ("trust of one model, a year", lambda: trust.record(year, model), incidents),
        ("trust of all models, a year", lambda: trust.record(year), None),
    ]


def _timed(work: Callable[[], object], rounds: int) -> list[float]:
    work()
    found: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        found.append((time.perf_counter() - began) * 1000)
    return found

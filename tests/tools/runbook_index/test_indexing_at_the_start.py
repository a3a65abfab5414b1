"""Two replicas that start at once on one Chroma server: one indexes, the other finds everything done."""

import asyncio
from collections.abc import Generator
from pathlib import Path

import pytest

from bot.workflows.indexing import indexed
from incidents.clock import now
from tests.thoroughness import thorough
from tests.tools.runbook_index.test_server import opened, serve
from tools.incident_store.database import Database
from tools.incident_store.migrate import migrate
from tools.incident_store.writer.leases import LeaseWriter
from tools.runbook_index.embedding import WordLlamaEmbedder
from tools.runbook_index.index import RunbookIndex
from tools.runbook_index.records import IndexReport


@pytest.fixture
def fresh_server(tmp_path: Path) -> Generator[str, None, None]:
    yield from serve(tmp_path / "chroma-server")


class Watched(RunbookIndex):
    """Remembers what its run changed, and whether another ran at the same time."""

    running = 0
    reports: list[IndexReport]
    together = False

    def index(self, folder: Path) -> IndexReport:
        Watched.running += 1
        Watched.together = Watched.together or Watched.running > 1
        try:
            report = super().index(folder)
        finally:
            Watched.running -= 1
        Watched.reports.append(report)
        return report


@thorough
async def test_two_replicas_index_one_after_the_other(
    fresh_server: str, pages: Path, wordllama: WordLlamaEmbedder, tmp_path: Path
) -> None:
    Watched.reports = []
    opened(fresh_server, wordllama).close()
    database = Database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    migrate(database)
    replicas = [Watched.at_url(fresh_server, wordllama) for _ in range(2)]
    leases = LeaseWriter(database)
    runs = (indexed(one, pages, leases, owner=f"bot-{n}", clock=now) for n, one in enumerate(replicas))
    await asyncio.gather(*runs)
    assert not Watched.together
    assert [(one.added, one.unchanged) for one in Watched.reports] == [(2, 0), (0, 2)]
    assert [bool(one.search("the endpoint config changed, roll back?")) for one in replicas] == [True, True]
    for one in replicas:
        one.close()
    database.close()

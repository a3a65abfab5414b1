"""The index is kept up to date while the bot runs: from the rows of closed incidents, and from the folder of pages."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.workflows import indexing
from bot.workflows.indexing import LEASE, LONGEST, IndexKeeper
from tests.bot.told_incident import told_incident
from tests.bot.workflows.rig import Rig
from tests.incidents.builders import alert, later
from tools.incident_store.tables import IncidentRecord
from tools.runbook_index.embedding import WordLlamaEmbedder
from tools.runbook_index.errors import RunbookIndexUnavailable
from tools.runbook_index.index import RunbookIndex

PAGE = "# Queue\n\n## Mitigation\n\n"


class SharedIndex(RunbookIndex):
    """Says that others may write to it."""

    @property
    def shared(self) -> bool:
        return True


@pytest.fixture
def index() -> Iterator[RunbookIndex]:
    index = SharedIndex.in_memory(WordLlamaEmbedder())
    yield index
    index.close()


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "Queue.md").write_text(f"{PAGE}Drain the queue at noon.\n", "utf-8")
    return folder


@pytest.fixture
def keeper(rig: Rig, index: RunbookIndex, pages: Path) -> IndexKeeper:
    return IndexKeeper(index, pages, rig.deps)


def closed(rig: Rig, number: int = 1, model: str = "product-recommender", reason: str = "known") -> str:
    labels = {"model": model, "severity": "critical"}
    at = later(minutes=number)
    incident_id = rig.stage.open(alert(fingerprint=f"a{number}", starts_at=at, labels=labels), at=at)
    assert rig.stage.writer.handling.close(incident_id, "UONCALL", reason, at).result == "closed"
    return incident_id


def like(index: RunbookIndex, model: str = "product-recommender", k: int = 50) -> list[str]:
    alerts = frozenset({alert().name})
    return [hit.past.id for hit in index.memory.search("slow", model=model, alerts=alerts, k=k)]


async def test_an_incident_is_found_once_it_is_closed_with_what_worked(
    rig: Rig, index: RunbookIndex, keeper: IndexKeeper
) -> None:
    incident_id = told_incident(rig.stage)
    await keeper.look_at_incidents()
    assert like(index) == []
    assert rig.stage.writer.handling.close(incident_id, "UONCALL", "", later(hours=1)).result == "closed"
    await keeper.look_at_incidents()
    (hit,) = index.memory.search("slow", model="product-recommender", alerts=frozenset({alert().name}))
    assert hit.past.id == incident_id
    assert [one.told for one in hit.past.attempts] == [
        "rolled back to product-recommender-v23: recovered in 10 min, verified"
    ]


async def test_what_happens_after_the_close_is_told_too_and_nothing_is_written_for_nothing(
    rig: Rig, index: RunbookIndex, keeper: IndexKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident_id = closed(rig)
    await keeper.look_at_incidents()
    rig.stage.writer.handling.mark_false_alarm(incident_id, "UONCALL", later(hours=1))
    await keeper.look_at_incidents()
    (hit,) = index.memory.search("slow", model="product-recommender", alerts=frozenset({alert().name}))
    assert hit.past.false_alarm

    def written(*_: object) -> None:
        raise AssertionError("nothing changed")

    monkeypatch.setattr(index.memory, "keep", written)
    await keeper.look_at_incidents()


async def test_incidents_closed_before_are_found_after_a_start(rig: Rig, index: RunbookIndex, pages: Path) -> None:
    ids = [closed(rig, number) for number in range(3)]
    await IndexKeeper(index, pages, rig.deps).look_at_incidents()
    await IndexKeeper(index, pages, rig.deps).look_at_incidents()
    assert sorted(like(index)) == sorted(ids)


async def test_the_last_few_of_a_model_and_class_are_kept_and_no_more_than_there_is_room_for(
    rig: Rig, index: RunbookIndex, keeper: IndexKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "OF_A_KIND", 2)
    noisy = [closed(rig, number) for number in range(4)]
    rare = closed(rig, 5, "fraud-detector")
    await keeper.look_at_incidents()
    assert set(index.memory.versions()) == {*noisy[-2:], rare}
    newest = closed(rig, 6)
    await keeper.look_at_incidents()
    assert set(index.memory.versions()) == {noisy[-1], newest, rare}
    monkeypatch.setattr(indexing, "MOST", 1)
    await keeper.look_at_incidents()
    assert set(index.memory.versions()) == {newest}


async def test_an_incident_whose_row_is_gone_is_forgotten(rig: Rig, index: RunbookIndex, keeper: IndexKeeper) -> None:
    gone, kept = closed(rig, 1), closed(rig, 2)
    await keeper.look_at_incidents()
    with rig.stage.database.write() as session:
        record = rig.stage.reader.closed_incidents(5)
        assert {one.id for one in record} == {gone, kept}
        session.delete(session.get_one(IncidentRecord, int(gone.removeprefix("INC-"))))
    await keeper.look_at_incidents()
    assert like(index) == [kept]


async def test_while_another_replica_indexes_on_the_shared_server_nothing_is_written(
    rig: Rig, index: RunbookIndex, keeper: IndexKeeper
) -> None:
    closed(rig)
    fence = rig.stage.writer.leases.take(LEASE, "another", rig.clock(), LONGEST)
    assert fence is not None
    await keeper.look_at_incidents()
    assert like(index) == []
    rig.stage.writer.leases.release(LEASE, "another", fence, rig.clock())
    await keeper.look_at_incidents()
    assert len(like(index)) == 1
    assert rig.stage.writer.leases.take(LEASE, "another", rig.clock(), LONGEST) is not None


async def test_a_person_s_words_are_kept_without_secrets_and_addresses(
    rig: Rig, index: RunbookIndex, keeper: IndexKeeper
) -> None:
    closed(rig, reason="known, ask jo@example.com; password=hunter2-hunter2 AKIA" + "ABCDEFGHIJKLMNOP")
    await keeper.look_at_incidents()
    (hit,) = index.memory.search("slow", model="product-recommender", alerts=frozenset({alert().name}))
    assert hit.past.said.startswith("known, ask [address removed]; password=[removed]")
    assert "hunter2" not in hit.past.model_dump_json() and "AKIA" not in hit.past.model_dump_json()


async def test_a_page_edited_on_disk_is_found_without_a_restart(
    index: RunbookIndex, keeper: IndexKeeper, pages: Path
) -> None:
    await keeper.look_at_runbooks()
    assert index.verify_quote("Queue.md", "Mitigation", "Drain the queue at noon.") == (5, 5)
    (pages / "Queue.md").write_text(f"{PAGE}Wait.\n\nFlush the queue at midnight.\n", "utf-8")
    (pages / "Disk.md").write_text("# Disk\n\n## Mitigation\n\nDelete old snapshots first.\n", "utf-8")
    await keeper.look_at_runbooks()
    assert index.verify_quote("Queue.md", "Mitigation", "Flush the queue at midnight.") == (7, 7)
    assert index.search("delete old snapshots")[0].file == "Disk.md"
    (pages / "Queue.md").unlink()
    await keeper.look_at_runbooks()
    assert index.verify_quote("Queue.md", "Mitigation", "Flush the queue at midnight.") is None


async def test_a_folder_that_did_not_change_is_not_indexed_again_and_one_that_failed_is(
    index: RunbookIndex, keeper: IndexKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    real = index.index

    def failing(folder: Path) -> None:
        asked.append(folder)
        raise RunbookIndexUnavailable("write", "away")

    monkeypatch.setattr(index, "index", failing)
    await keeper.look_at_runbooks()
    await keeper.look_at_runbooks()
    assert len(asked) == 2
    monkeypatch.setattr(index, "index", real)
    await keeper.look_at_runbooks()
    monkeypatch.setattr(index, "index", failing)
    await keeper.look_at_runbooks()
    assert len(asked) == 2


async def test_a_folder_that_is_missing_is_indexed_once_it_is_there(rig: Rig, index: RunbookIndex, pages: Path) -> None:
    folder = pages.parent / "later"
    keeper = IndexKeeper(index, folder, rig.deps)
    await keeper.look_at_runbooks()
    await asyncio.to_thread(pages.rename, folder)
    await keeper.look_at_runbooks()
    assert index.search("drain the queue")[0].file == "Queue.md"

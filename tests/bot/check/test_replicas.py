"""What `agentops check` says of replicas."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.check.finding import Finding
from bot.check.replicas import examine_replicas
from bot.settings import Settings
from incidents.clock import now
from tests.thoroughness import thorough
from tools.incident_store.database import Database
from tools.incident_store.migrate import migrate
from tools.incident_store.writer.replicas import Replica, ReplicaWriter

NOBODY = "http://127.0.0.1:9"


async def told(folder: Path, **given: str) -> list[Finding]:
    settings = Settings(_env_file=None, data_dir=folder, **given)  # pyright: ignore[reportCallIssue, reportArgumentType] pydantic-settings' own argument
    return [one async for one in examine_replicas(settings)]


@pytest.fixture
def url(new_postgresql: Callable[[str], str]) -> str:
    return new_postgresql("template1")


async def test_one_process_with_everything_in_its_folder_is_told_nothing(tmp_path: Path) -> None:
    assert await told(tmp_path) == []


async def test_a_chroma_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    ((verdict, subject, text),) = await told(tmp_path, chroma_url=NOBODY)
    assert (verdict, subject) == ("wrong", "runbook index") and "AGENTOPS_CHROMA_URL" in text


@thorough
async def test_before_the_first_start_there_are_no_tables_to_look_at(tmp_path: Path, url: str) -> None:
    (replicas, index) = await told(tmp_path, database_url=url, executor_id="agentops-0")
    assert "this one is agentops-0" in replicas.text
    assert index.verdict == "note" and "each replica needs one of its own" in index.text


@thorough
async def test_who_lives_is_told_and_the_same_name_is_noted(tmp_path: Path, url: str) -> None:
    database = Database(url)
    migrate(database)
    ReplicaWriter(database).begin(Replica("a/1", "agentops-0", "host-a", 7, None), "1", now())
    database.close()
    (other, _) = await told(tmp_path, database_url=url, executor_id="agentops-1")
    assert other == ("right", "replicas", "this one is agentops-1; agentops-0 runs now")
    (same, _) = await told(tmp_path, database_url=url, executor_id="agentops-0")
    assert same.verdict == "note" and "process 7 on host-a runs as agentops-0" in same.text

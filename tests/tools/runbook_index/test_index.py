import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from tools.errors import UpstreamError
from tools.runbook_index.corpus import corpus
from tools.runbook_index.embedding import WordLlamaEmbedder
from tools.runbook_index.errors import IndexCorrupted, IndexLocked, RunbookFolderMissing, RunbookIndexUnavailable
from tools.runbook_index.index import RunbookIndex
from tools.runbook_index.records import IndexReport

ROOT = Path(__file__).parents[3]


class Counting(Protocol):
    model_id: str
    dimension: int
    texts: list[str]

    def embed(self, texts: Sequence[str]) -> list[list[float]]: ...


MakeCounting = Callable[..., Counting]


def report(added: int, updated: int, removed: int, unchanged: int, passages: int) -> IndexReport:
    return IndexReport(added=added, updated=updated, removed=removed, unchanged=unchanged, passages=passages)


def test_first_run_adds_and_second_run_embeds_nothing(tmp_path: Path, pages: Path, counting: MakeCounting) -> None:
    embedder = counting()
    index = RunbookIndex.on_disk(tmp_path / "chroma", embedder)
    assert index.index(pages) == report(2, 0, 0, 0, 3)
    assert len(embedder.texts) == 3
    assert index.index(pages) == report(0, 0, 0, 2, 3)
    assert len(embedder.texts) == 3
    index.close()


def test_only_changed_and_removed_files_are_touched(tmp_path: Path, pages: Path, counting: MakeCounting) -> None:
    embedder = counting()
    index = RunbookIndex.on_disk(tmp_path / "chroma", embedder)
    index.index(pages)
    embedder.texts.clear()
    (pages / "EndpointSlow.md").write_text("# EndpointSlow\n\n## Meaning\n\nRequests queue for a while.\n", "utf-8")
    (pages / "procedures" / "labels.md").unlink()
    (pages / "ModelOdd.md").write_text("# ModelOdd\n\n## Meaning\n\nScores look odd today.\n", "utf-8")
    assert index.index(pages) == report(1, 1, 1, 0, 2)
    assert [text.split(".")[0] for text in embedder.texts] == ["Endpoint Slow", "Model Odd"]
    assert index.verify_quote("EndpointSlow.md", "Mitigation", "Otherwise scale out") is None
    assert index.search("chargebacks labels", k=5) == []
    index.close()


def test_an_index_survives_a_restart_without_embedding(tmp_path: Path, pages: Path, counting: MakeCounting) -> None:
    first = RunbookIndex.on_disk(tmp_path / "chroma", counting())
    first.index(pages)
    before = first.search("the endpoint config changed, roll back?")
    first.close()
    embedder = counting()
    second = RunbookIndex.on_disk(tmp_path / "chroma", embedder)
    assert second.index(pages) == report(0, 0, 0, 2, 3)
    assert embedder.texts == []
    assert second.search("the endpoint config changed, roll back?") == before
    second.close()


@pytest.mark.parametrize("change", [{"model_id": "counting/2"}, {"dimension": 128}])
def test_another_model_or_dimension_builds_everything_anew(
    tmp_path: Path, pages: Path, counting: MakeCounting, change: dict[str, str | int]
) -> None:
    first = RunbookIndex.on_disk(tmp_path / "chroma", counting())
    first.index(pages)
    first.close()
    embedder = counting(**change)
    second = RunbookIndex.on_disk(tmp_path / "chroma", embedder)
    assert second.index(pages) == report(2, 0, 0, 0, 3)
    assert len(embedder.texts) == 3
    assert second.search("roll back the endpoint config")
    second.close()


def test_a_second_index_on_the_same_folder_is_refused_at_start_up(tmp_path: Path, wordllama: WordLlamaEmbedder) -> None:
    first = RunbookIndex.on_disk(tmp_path / "chroma", wordllama)
    with pytest.raises(IndexLocked, match="process") as refused:
        RunbookIndex.on_disk(tmp_path / "chroma", wordllama)
    assert isinstance(refused.value, UpstreamError)
    first.close()
    RunbookIndex.on_disk(tmp_path / "chroma", wordllama).close()


def test_another_process_is_refused_and_a_killed_one_gives_the_folder_back(
    tmp_path: Path, wordllama: WordLlamaEmbedder
) -> None:
    code = "import sys; from pathlib import Path; from tools.runbook_index.lock import FolderLock;"
    code += "lock = FolderLock(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "chroma")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    with holder:
        assert holder.stdout is not None and holder.stdout.readline().strip() == b"held"
        with pytest.raises(IndexLocked) as refused:
            RunbookIndex.on_disk(tmp_path / "chroma", wordllama)
        assert refused.value.holder == f"process {holder.pid}"
        holder.kill()
    RunbookIndex.on_disk(tmp_path / "chroma", wordllama).close()


@pytest.mark.parametrize("damage", [b"not a database" * 500, b"SQLite format 3\x00" + b"\xff" * 4_000])
def test_a_damaged_folder_says_what_to_delete(tmp_path: Path, wordllama: WordLlamaEmbedder, damage: bytes) -> None:
    folder = tmp_path / "chroma"
    folder.mkdir()
    (folder / "chroma.sqlite3").write_bytes(damage)
    with pytest.raises(IndexCorrupted, match="Delete the folder") as refused:
        RunbookIndex.on_disk(folder, wordllama)
    assert refused.value.folder == folder
    with pytest.raises(RunbookIndexUnavailable):
        RunbookIndex.on_disk(folder, wordllama)


def test_a_damaged_folder_that_was_deleted_is_rebuilt_at_the_next_start(
    tmp_path: Path, pages: Path, wordllama: WordLlamaEmbedder
) -> None:
    folder = tmp_path / "chroma"
    folder.mkdir()
    (folder / "chroma.sqlite3").write_bytes(b"not a database" * 500)
    with pytest.raises(IndexCorrupted) as refused:
        RunbookIndex.on_disk(folder, wordllama)
    shutil.rmtree(refused.value.folder)
    code = """
import sys
from pathlib import Path
from tools.runbook_index.embedding import embedder_named
from tools.runbook_index.index import RunbookIndex
folder, pages = Path(sys.argv[1]), Path(sys.argv[2])
index = RunbookIndex.on_disk(folder, embedder_named("wordllama"))
print(index.index(pages).added)
index.close()
"""
    command = [sys.executable, "-c", code, str(folder), str(pages)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (done.stdout.strip(), done.stderr) == ("2", "")


def test_a_database_cut_short_is_reported_as_damage(tmp_path: Path, pages: Path, wordllama: WordLlamaEmbedder) -> None:
    index = RunbookIndex.on_disk(tmp_path / "chroma", wordllama)
    index.index(pages)
    index.close()
    database = tmp_path / "chroma" / "chroma.sqlite3"
    database.write_bytes(database.read_bytes()[:9_000])
    with pytest.raises(IndexCorrupted):
        RunbookIndex.on_disk(tmp_path / "chroma", wordllama)


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path, wordllama: WordLlamaEmbedder) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunbookIndexUnavailable):
        RunbookIndex.on_disk(tmp_path / "file" / "chroma", wordllama)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "chroma:8000", "ftp://chroma"])
def test_a_server_that_does_not_answer_is_unavailable(url: str, wordllama: WordLlamaEmbedder) -> None:
    with pytest.raises(RunbookIndexUnavailable):
        RunbookIndex.at_url(url, wordllama)


def test_a_closed_index_refuses_work(tmp_path: Path, pages: Path, wordllama: WordLlamaEmbedder) -> None:
    index = RunbookIndex.on_disk(tmp_path / "chroma", wordllama)
    index.index(pages)
    index.close()
    index.close()
    with pytest.raises(RunbookIndexUnavailable, match="closed"):
        index.search("roll back the endpoint config")


def test_a_missing_folder_of_pages_leaves_the_index_as_it_is(
    tmp_path: Path, pages: Path, wordllama: WordLlamaEmbedder
) -> None:
    index = RunbookIndex.on_disk(tmp_path / "chroma", wordllama)
    index.index(pages)
    with pytest.raises(RunbookFolderMissing):
        index.index(tmp_path / "nowhere")
    assert index.search("roll back the endpoint config")
    index.close()


def test_an_empty_index_answers_nothing(wordllama: WordLlamaEmbedder, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with corpus(tmp_path / "empty", wordllama) as index:
        assert index.search("anything at all", alert="ModelF1Low") == []
        assert index.search_incidents("anything at all") == []
        assert index.passage("none") is None


def test_odd_files_are_indexed_without_harm(tmp_path: Path, wordllama: WordLlamaEmbedder) -> None:
    folder = tmp_path / "odd"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "hidden.md").write_text("# Hidden\n\nsecret words inside\n")
    (folder / "empty.md").write_text("")
    (folder / "crlf.md").write_bytes(b"# Windows\r\n\r\nScale the endpoint out at once.\r\n")
    (folder / "latin.md").write_bytes("# Latin\n\nTausche die Schlüssel\n".encode("latin-1"))
    (folder / "unicode.md").write_text("\ufeff# 漢字 🙂\n\nDie Größe der Warteschlange.\n", "utf-8")
    (folder / "long line.markdown").write_text("# Long\n\n" + "queue depth " * 50_000, "utf-8")
    (folder / "notes.txt").write_text("# Not Markdown\n\nqueue depth\n")
    with corpus(folder, wordllama) as index:
        (hit, *_) = index.search("scale out the endpoint")
        assert (hit.file, hit.quote, hit.lines) == ("crlf.md", "Scale the endpoint out at once.", (3, 3))
        assert index.search("Größe der Warteschlange")[0].title == "漢字 🙂"
        assert index.search("queue depth")[0].file == "long line.markdown"
        assert index.search("secret words inside") == []


def test_a_huge_file_is_indexed_in_pieces(tmp_path: Path, wordllama: WordLlamaEmbedder) -> None:
    folder = tmp_path / "huge"
    folder.mkdir()
    parts = (f"## Part {number}\n\nThe valve {number} opens at pressure {number}.\n\n" for number in range(3_000))
    (folder / "huge.md").write_text("# Huge\n\n" + "".join(parts), "utf-8")
    with corpus(folder, wordllama) as index:
        assert index.verify_quote("huge.md", "Part 2999", "The valve 2999 opens") == (12_001, 12_001)


def test_a_corpus_leaves_nothing_behind(pages: Path, wordllama: WordLlamaEmbedder, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    with corpus(pages, wordllama) as one, corpus(pages, wordllama) as other:
        assert one.search("roll back the endpoint config") == other.search("roll back the endpoint config")
    assert sorted(tmp_path.rglob("*")) == before


def test_searches_during_a_run_see_whole_pages(pages: Path, wordllama: WordLlamaEmbedder, tmp_path: Path) -> None:
    index = RunbookIndex.on_disk(tmp_path / "chroma", wordllama)
    index.index(pages)
    failures: list[BaseException] = []
    done = threading.Event()

    def search() -> None:
        try:
            while not done.is_set():
                assert index.search("roll back the endpoint config", alert="EndpointSlow")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(5):
        (pages / "procedures" / "labels.md").write_text(f"# Labels\n\nWait for batch number {turn}.\n", "utf-8")
        index.index(pages)
    done.set()
    for thread in threads:
        thread.join()
    index.close()
    assert failures == []


def test_importing_the_index_loads_no_vendor() -> None:
    code = "import sys, tools.runbook_index.index, tools.runbook_index.corpus;"
    code += "print([m for m in ('chromadb', 'wordllama', 'bm25s', 'numpy', 'onnxruntime') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_searching_leaves_logging_alone_and_onnx_unloaded(pages: Path) -> None:
    code = """
import logging, sys
from pathlib import Path
from tools.runbook_index.corpus import corpus
from tools.runbook_index.embedding import embedder_named
with corpus(Path(sys.argv[1]), embedder_named("wordllama")) as index:
    assert index.search("roll back the endpoint config")
print(logging.getLogger().handlers, logging.getLogger().level, "onnxruntime" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code, str(pages)], capture_output=True, text=True, cwd=ROOT)
    assert (done.stdout.strip(), done.stderr) == ("[] 30 False", "")

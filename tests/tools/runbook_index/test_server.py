"""One Chroma server, several processes: the same collection over HTTP."""

import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from tools.runbook_index.embedding import WordLlamaEmbedder
from tools.runbook_index.errors import RunbookIndexUnavailable
from tools.runbook_index.index import RunbookIndex


def serve(folder: Path) -> Generator[str, None, None]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chroma = Path(sys.executable).parent / "chroma"
    command = [str(chroma), "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[str, None, None]:
    yield from serve(tmp_path_factory.mktemp("chroma-server"))


def opened(url: str, embedder: WordLlamaEmbedder) -> RunbookIndex:
    deadline = time.monotonic() + 30
    while True:
        try:
            return RunbookIndex.at_url(url, embedder)
        except RunbookIndexUnavailable:
            if time.monotonic() > deadline:
                raise


def test_one_process_sees_what_another_has_indexed(server: str, pages: Path, wordllama: WordLlamaEmbedder) -> None:
    one, other = opened(server, wordllama), opened(server, wordllama)
    one.index(pages)
    assert other.search("the endpoint config changed, roll back?")[0].file == "EndpointSlow.md"
    assert other.index(pages).unchanged == 2
    (pages / "procedures" / "labels.md").write_text(
        "# Labels\n\n## Late labels\n\nAsk the back office first.\n", "utf-8"
    )
    assert one.index(pages).updated == 1
    assert other.verify_quote("procedures/labels.md", "Late labels", "Ask the back office first.") == (5, 5)
    assert other.search("chargebacks chargebacks") == []
    one.close()
    other.close()


def test_a_server_that_accepts_and_never_answers_is_unavailable(
    wordllama: WordLlamaEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.runbook_index.chroma.TIMEOUT_S", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(RunbookIndexUnavailable, match="timed out"):
            RunbookIndex.at_url(f"http://127.0.0.1:{silent.getsockname()[1]}", wordllama)


def test_a_server_that_stops_is_unavailable_and_never_a_vendor_error(
    tmp_path: Path, pages: Path, wordllama: WordLlamaEmbedder
) -> None:
    serving = serve(tmp_path / "chroma-server")
    index = opened(next(serving), wordllama)
    index.index(pages)
    serving.close()
    with pytest.raises(RunbookIndexUnavailable):
        index.search("roll back the endpoint config")
    index.close()

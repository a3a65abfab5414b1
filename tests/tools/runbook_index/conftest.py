from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tools.runbook_index.embedding import WordLlamaEmbedder
from tools.runbook_index.index import RunbookIndex

ROOT = Path(__file__).parents[3]


class CountingEmbedder:
    """The real embedder, which remembers what it was asked to embed."""

    def __init__(self, inner: WordLlamaEmbedder, model_id: str, dimension: int) -> None:
        self.model_id = model_id
        self.dimension = dimension
        self.texts: list[str] = []
        self._inner = inner

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.texts.extend(texts)
        return [vector[: self.dimension] for vector in self._inner.embed(texts)]


@pytest.fixture(scope="session")
def wordllama() -> WordLlamaEmbedder:
    return WordLlamaEmbedder()


@pytest.fixture
def counting(wordllama: WordLlamaEmbedder) -> Callable[..., CountingEmbedder]:
    def make(model_id: str = "counting/1", dimension: int = 256) -> CountingEmbedder:
        return CountingEmbedder(wordllama, model_id, dimension)

    return make


@pytest.fixture(scope="session")
def shipped(wordllama: WordLlamaEmbedder) -> Iterator[RunbookIndex]:
    """The project's own runbooks, in memory."""
    index = RunbookIndex.in_memory(wordllama)
    index.index(ROOT / "runbooks")
    yield index
    index.close()


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    (folder / "procedures").mkdir(parents=True)
    (folder / "EndpointSlow.md").write_text(
        "# EndpointSlow\n\n## Meaning\n\nRequests take longer than a second.\n\n## Mitigation\n\n"
        "1. If the endpoint config changed, roll back to the last known good config.\n2. Otherwise scale out.\n",
        "utf-8",
    )
    (folder / "procedures" / "labels.md").write_text(
        "# Labels\n\n## Late labels\n\nWait for the chargebacks.\n", "utf-8"
    )
    return folder

"""Search any folder of Markdown with the same ranking, without leaving anything behind."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tools.runbook_index.embedding import Embedder
from tools.runbook_index.index import RunbookIndex


@contextmanager
def corpus(folder: Path, embedder: Embedder) -> Generator[RunbookIndex, None, None]:
    """An index of `folder` in memory, gone at the end of the block.

    Raises:
        RunbookFolderMissing: `folder` is not there.
    """
    index = RunbookIndex.in_memory(embedder)
    try:
        index.index(folder)
        yield index
    finally:
        index.close()

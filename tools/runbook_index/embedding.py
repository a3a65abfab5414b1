"""Text to vectors. Two models, chosen by name; nothing is loaded before the first text.

`wordllama` is the default: its weights are in its wheel, so nothing is downloaded (256 dimensions, about 35 MB of
memory, well under a millisecond a query). `minilm` is better with people's questions (recall@5 .67 against .52 on 48
paraphrased ones) and downloads 80 MB at first use; choose it where that is possible.
"""

import logging
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from tools.runbook_index.errors import EmbeddingUnavailable

EMBEDDED_CHARS = 4_000
"""Only the start of a longer text is embedded: a mean over more says little, and its memory grows with its length."""

BATCH = 8
"""Texts embedded at once. With wordllama a batch takes its longest text's tokens x 1 KB for each text; 64 at once held
60 MB more."""


class Embedder(Protocol):
    """A model that turns texts into unit vectors."""

    @property
    def model_id(self) -> str:
        """Name recorded beside the vectors; vectors of different names never mix."""
        ...

    @property
    def dimension(self) -> int:
        """Length of every vector."""
        ...

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One unit vector a text, in order; all zeros for a text without a single known token.

        Blocks, and loads the model at first use: call it in a thread.

        Raises:
            EmbeddingUnavailable: the model's files are not there.
        """
        ...


class WordLlamaEmbedder:
    """WordLlama's `l2_supercat` at 256 dimensions, from its wheel, offline."""

    model_id = "wordllama/l2_supercat_256"
    dimension = 256

    def __init__(self) -> None:
        self._loading = threading.Lock()
        self._model: Any = None

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """See `Embedder.embed`."""
        cut = [text[:EMBEDDED_CHARS] for text in texts]
        if not cut:
            return []
        vectors = self._loaded().embed(cut, norm=False, batch_size=BATCH)
        return [_unit(vector) for vector in vectors.tolist()]

    def _loaded(self) -> Any:
        with self._loading:
            if self._model is None:
                try:
                    with _root_logger_kept():
                        import wordllama
                    packaged = Path(wordllama.__file__).parent
                    self._model = wordllama.WordLlama.load(cache_dir=packaged, disable_download=True)
                    # The file's own 16 bits, which the library widens: the sums over them are of 32 either way.
                    self._model.embedding = self._model.embedding.astype("float16")
                except (ImportError, OSError) as error:
                    raise EmbeddingUnavailable(self.model_id, str(error)) from error
            return self._model


class MiniLmEmbedder:
    """Chroma's own default, all-MiniLM-L6-v2 through ONNX. Downloads the model at first use."""

    model_id = "onnx/all-MiniLM-L6-v2"
    dimension = 384

    def __init__(self) -> None:
        self._loading = threading.Lock()
        self._model: Any = None

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """See `Embedder.embed`."""
        cut = [text[:EMBEDDED_CHARS] for text in texts]
        if not cut:
            return []
        import httpx

        try:
            model = self._loaded()
            vectors = [vector for at in range(0, len(cut), BATCH) for vector in model(cut[at : at + BATCH])]
        except (ImportError, OSError, ValueError, httpx.HTTPError) as error:
            raise EmbeddingUnavailable(self.model_id, self._missing(str(error) or type(error).__name__)) from error
        return [_unit([float(number) for number in vector]) for vector in vectors]

    @staticmethod
    def _missing(detail: str) -> str:
        """What to do, before what went wrong."""
        folder = Path.home() / ".cache" / "chroma" / "onnx_models" / "all-MiniLM-L6-v2" / "onnx"
        return (
            f"its files (model.onnx, tokenizer.json and the others) are not in {folder}, or cannot be used, and could "
            "not be downloaded from chroma-onnx-models.s3.amazonaws.com. Put them there, let this machine download "
            f"them once, or choose the embedding wordllama, which needs no download ({detail})"
        )

    def _loaded(self) -> Any:
        with self._loading:
            if self._model is None:
                from chromadb.utils.embedding_functions.onnx_mini_lm_l6_v2 import ONNXMiniLM_L6_V2

                self._model = ONNXMiniLM_L6_V2(preferred_providers=["CPUExecutionProvider"])
            return self._model


EMBEDDERS: dict[str, type[WordLlamaEmbedder] | type[MiniLmEmbedder]] = {
    "wordllama": WordLlamaEmbedder,
    "minilm": MiniLmEmbedder,
}
"""The names a setting may hold."""


def embedder_named(name: str) -> Embedder:
    """The embedder a setting names.

    Raises:
        ValueError: no such name.
    """
    if name not in EMBEDDERS:
        raise ValueError(f"no embedding model {name!r}; choose one of {', '.join(sorted(EMBEDDERS))}")
    return EMBEDDERS[name]()


def _unit(vector: list[float]) -> list[float]:
    norm = sum(number * number for number in vector) ** 0.5
    return [number / norm for number in vector] if norm > 0 else vector


@contextmanager
def _root_logger_kept() -> Generator[None, None, None]:
    """wordllama calls `logging.basicConfig` when imported; the process's own logging is not its business."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)

import math
from pathlib import Path
from typing import Any

import pytest
from chromadb.utils.embedding_functions.onnx_mini_lm_l6_v2 import ONNXMiniLM_L6_V2
from wordllama import WordLlama
from wordllama import __file__ as packaged

from tools.runbook_index.embedding import EMBEDDED_CHARS, WordLlamaEmbedder, embedder_named
from tools.runbook_index.errors import EmbeddingUnavailable


def test_vectors_are_unit_length_and_of_the_recorded_dimension(wordllama: WordLlamaEmbedder) -> None:
    vectors = wordllama.embed(["roll the endpoint back", "wait for labels"])
    assert [len(vector) for vector in vectors] == [wordllama.dimension] * 2
    assert [sum(x * x for x in vector) for vector in vectors] == pytest.approx([1, 1], abs=1e-5)


def test_a_text_alone_and_in_a_batch_have_the_same_vector(wordllama: WordLlamaEmbedder) -> None:
    texts = ["roll back", "a much longer text about quarantined windows of data " * 5]
    together = wordllama.embed(texts)
    for text, vector in zip(texts, together, strict=True):
        assert wordllama.embed([text])[0] == pytest.approx(vector, abs=1e-5)


def test_nothing_and_an_empty_text_are_embedded_without_harm(wordllama: WordLlamaEmbedder) -> None:
    assert wordllama.embed([]) == []
    assert not any(wordllama.embed([""])[0])


def test_only_the_start_of_a_long_text_counts(wordllama: WordLlamaEmbedder) -> None:
    start = ("queue depth " * EMBEDDED_CHARS)[:EMBEDDED_CHARS]
    assert wordllama.embed([start]) == wordllama.embed([start + " something else entirely"])


def test_the_weights_are_held_as_narrow_as_their_file_has_them_and_say_the_same(wordllama: WordLlamaEmbedder) -> None:
    texts = ["roll the endpoint back", "a much longer text about quarantined windows of data " * 5]
    vectors = wordllama.embed(texts)
    wide: Any = WordLlama.load(cache_dir=Path(packaged).parent, disable_download=True)
    own: list[list[float]] = [
        [x / math.sqrt(sum(y * y for y in one)) for x in one] for one in wide.embed(texts, norm=False).tolist()
    ]
    assert vectors == [pytest.approx(one, abs=1e-7) for one in own]
    held = wordllama._loaded().embedding  # pyright: ignore[reportPrivateUsage] what is kept is what is asked
    assert held.nbytes * 2 == wide.embedding.nbytes and (held == wide.embedding).all()


def test_a_model_that_is_not_there_and_cannot_be_downloaded_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ONNXMiniLM_L6_V2, "DOWNLOAD_PATH", tmp_path)
    # Nothing listens on port 9: as on a machine that is not let out.
    monkeypatch.setattr(ONNXMiniLM_L6_V2, "MODEL_DOWNLOAD_URL", "http://127.0.0.1:9/onnx.tar.gz")
    with pytest.raises(EmbeddingUnavailable, match=r"choose the embedding wordllama.*\(.+\)") as refused:
        embedder_named("minilm").embed(["roll the endpoint back"])
    assert refused.value.model_id == "onnx/all-MiniLM-L6-v2"


def test_an_embedder_is_chosen_by_name() -> None:
    assert embedder_named("wordllama").model_id == "wordllama/l2_supercat_256"
    assert (embedder_named("minilm").model_id, embedder_named("minilm").dimension) == ("onnx/all-MiniLM-L6-v2", 384)
    with pytest.raises(ValueError, match="minilm, wordllama"):
        embedder_named("openai")

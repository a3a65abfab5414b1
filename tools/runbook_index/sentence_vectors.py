"""The vectors of passages' sentences, kept: a quote is chosen among them at every search, and they stay the same.

Without this each search embeds some fifty sentences: a millisecond or two with wordllama, seconds with MiniLM.
"""

import threading
from array import array
from collections.abc import Sequence

from tools.runbook_index.embedding import Embedder
from tools.runbook_index.quotes import Sentence
from tools.runbook_index.records import Passage

MOST = 500
"""Passages whose sentences are kept, about 10 kB each; when there are more, all are forgotten and it begins anew."""


class SentenceVectors:
    """Safe to call from several threads."""

    def __init__(self, embedder: Embedder) -> None:
        """Nothing is embedded before the first call."""
        self._embedder = embedder
        self._lock = threading.Lock()
        self._kept: dict[str, list[Sequence[float]]] = {}

    def of(self, choices: Sequence[tuple[Passage, Sequence[Sentence]]]) -> list[list[Sequence[float]]]:
        """Of each passage the vectors of its sentences. The same record id means the same sentences."""
        with self._lock:
            kept = {one.record_id: self._kept[one.record_id] for one, _ in choices if one.record_id in self._kept}
        missing = {one.record_id: told for one, told in choices if one.record_id not in kept}
        if missing:
            vectors = iter(self._embedder.embed([one.text for told in missing.values() for one in told]))
            made: dict[str, list[Sequence[float]]] = {
                id: [array("f", next(vectors)) for _ in told] for id, told in missing.items()
            }
            kept |= made
            with self._lock:
                if len(self._kept) + len(made) > MOST:
                    self._kept.clear()
                self._kept |= made
        return [kept[one.record_id] for one, _ in choices]

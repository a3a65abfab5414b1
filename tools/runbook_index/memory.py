"""The memory: past incidents of our own database, searched by model, alerts, words and meaning."""

import hashlib
import threading
from collections.abc import Mapping, Sequence

from incidents.past_incident import PastIncident
from tools.runbook_index.embedding import Embedder
from tools.runbook_index.past_ranking import PastCorpus, PastHit, asked_words
from tools.runbook_index.past_store import PastIncidentStore

FORMAT = 1
"""Goes up when the same past incident would be embedded differently; everything is then embedded anew."""


class IncidentMemory:
    """Past incidents in one Chroma collection. A search takes one to three milliseconds, however many there are.

    Methods block, as those of `RunbookIndex`, and raise the same. Safe to call from several threads; a search during
    `keep` sees the records of before.
    """

    def __init__(self, store: PastIncidentStore, embedder: Embedder) -> None:
        """Use `store`; nothing is read before the first call."""
        self._store = store
        self._embedder = embedder
        self._writing = threading.Lock()
        self._loading = threading.Lock()
        self._corpus: PastCorpus | None = None
        self._unreadable: list[str] = []
        self._revision = ""

    def versions(self) -> Mapping[str, str]:
        """The version of each incident in the index; what another version of ours wrote has none.

        Empty when the embedding model has changed since: everything has to be written again.
        """
        if self._outdated():
            return {}
        found = {id: one.version for id, one in self._current().by_id.items()}
        return found | dict.fromkeys(self._unreadable, "")

    def keep(self, pasts: Sequence[PastIncident], gone: Sequence[str] = ()) -> None:
        """Add these or replace them by id, and forget those that are gone. The same again changes nothing."""
        with self._writing:
            if self._outdated():
                self._store.drop()
                self._corpus = None
            before = self._current().by_id
            after = {id: one.version for id, one in before.items() if id not in set(gone)}
            after |= {one.id: one.version for one in pasts}
            revision = hashlib.sha256(repr(sorted(after.items())).encode()).hexdigest()
            vectors = self._embedder.embed([one.text for one in pasts])
            self._store.write({**self._wanted(), "revision": revision}, pasts, vectors, gone)
            left = {id: one for id, one in before.items() if id in after}
            with self._loading:
                self._corpus = PastCorpus([*(left | {one.id: one for one in pasts}).values()])
                self._unreadable = [id for id in self._unreadable if id not in after and id not in set(gone)]
                self._revision = revision

    def search(
        self, text: str, *, model: str, alerts: frozenset[str] = frozenset(), besides: str = "", k: int = 3
    ) -> list[PastHit]:
        """Past incidents like the one told, the likest first; empty when none is.

        Args:
            text: what is known of it, or what is asked.
            model: whose incident it is.
            alerts: names of its alerts.
            besides: its own id: an incident is never like itself.
            k: how many at most.
        """
        corpus = self._current()
        query = asked_words(text, alerts)
        candidates = corpus.candidates(query, model, alerts, besides)
        if not candidates or k <= 0:
            return []
        vector = self._embedder.embed([text])[0]
        cosines = self._store.nearest(vector, [one.id for one in candidates]) if any(vector) else {}
        return corpus.rank(query, candidates, cosines, model, alerts)[:k]

    def _wanted(self) -> dict[str, str | int]:
        return {"model_id": self._embedder.model_id, "dimension": self._embedder.dimension, "format": FORMAT}

    def _outdated(self) -> bool:
        metadata = self._store.metadata()
        return bool(metadata) and any(metadata.get(name) != value for name, value in self._wanted().items())

    def _current(self) -> PastCorpus:
        """What Chroma holds. A shared server is asked whether another process has written since."""
        if self._corpus is None or self._store.shared:
            with self._loading:
                revision = str(self._store.metadata().get("revision", ""))
                if self._corpus is None or revision != self._revision:
                    # Vectors of another model cannot be compared: `versions` has them written again.
                    pasts, self._unreadable = ([], []) if self._outdated() else self._store.read()
                    self._corpus, self._revision = PastCorpus(pasts), revision
        return self._corpus

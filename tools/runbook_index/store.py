"""The passages of the runbooks in a Chroma collection.

Its metadata names the embedding model, the dimension and the splitter's format.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tools.runbook_index.chroma import BATCH, Chroma, Collection, Record
from tools.runbook_index.records import Passage

COLLECTION = "runbooks"


class PassageStore:
    """Passages and their vectors in one Chroma collection.

    Methods block. They may be called from several threads, but `write` and `drop` not at once; the caller sees to it.
    """

    def __init__(self, chroma: Chroma, name: str = COLLECTION) -> None:
        """Nothing is read before the first call."""
        self._collection = Collection(chroma, name)
        self.shared = chroma.shared

    def metadata(self) -> dict[str, Any]:
        """The collection's metadata as it is now; empty before the first `write`."""
        return self._collection.metadata()

    def write(
        self,
        metadata: Mapping[str, str | int],
        passages: Sequence[Passage],
        hashes: Mapping[str, str],
        vectors: Sequence[Sequence[float]],
        stale: Sequence[str],
    ) -> None:
        """Add or replace passages, then take the stale ones out, then write the collection's metadata.

        A crash between leaves old metadata, and the next run does the rest.

        Args:
            metadata: the collection's metadata after the write.
            passages: what to add or replace, by `record_id`.
            hashes: SHA-256 of each passage's file, by file.
            vectors: one a passage.
            stale: record ids to delete.
        """
        records = [
            Record(passage.record_id, passage.text, vector, _fields(passage, hashes[passage.file]))
            for passage, vector in zip(passages, vectors, strict=True)
        ]
        self._collection.write(metadata, records, stale)

    def read(self) -> tuple[list[Passage], dict[str, str]]:
        """Every passage, in the order of files and lines, and the SHA-256 of each file."""
        if not self._collection.exists:
            return [], {}
        found: list[Passage] = []
        hashes: dict[str, str] = {}
        with self._collection.calling("read") as collection:
            total = collection.count()
            for at in range(0, total, BATCH):
                page = collection.get(limit=BATCH, offset=at, include=["documents", "metadatas"])
                for record_id, text, fields in zip(page["ids"], page["documents"], page["metadatas"], strict=True):
                    found.append(_passage(record_id, text, fields))
                    hashes[str(fields["file"])] = str(fields["sha256"])
        return sorted(found, key=lambda passage: (passage.file, passage.start)), hashes

    def nearest(self, vector: Sequence[float], k: int) -> list[tuple[str, float]]:
        """Record ids and cosine similarities, nearest first."""
        return self._collection.nearest(list(vector), k)

    def drop(self) -> None:
        """Delete the collection with everything in it."""
        self._collection.drop()


def _fields(passage: Passage, sha256: str) -> dict[str, str | int]:
    return {
        "file": passage.file,
        "heading": passage.heading,
        "start": passage.start,
        "end": passage.end,
        "kind": passage.kind,
        "alert": passage.alert or "",
        "title": passage.title,
        "sha256": sha256,
    }


def _passage(record_id: str, text: str, fields: Mapping[str, Any]) -> Passage:
    return Passage.model_validate(
        {
            **{name: fields[name] for name in ("file", "heading", "start", "end", "kind", "title")},
            "record_id": record_id,
            "text": text,
            "alert": fields["alert"] or None,
        }
    )

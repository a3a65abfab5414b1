"""Past incidents of our own database in a Chroma collection of their own, beside that of the runbooks.

They are not among the runbooks' passages: a version that knows nothing of them could not read those any more, and
ranking and vocabulary of the runbooks, which were measured, would change with every incident.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from incidents.past_incident import PastIncident
from tools.runbook_index.chroma import BATCH, Chroma, Collection, Record

COLLECTION = "past-incidents"
KIND = "past_incident"


class PastIncidentStore:
    """One record an incident, under its id. Methods block; `write` and `drop` must not be called at once."""

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
        records: Sequence[PastIncident],
        vectors: Sequence[Sequence[float]],
        gone: Sequence[str],
    ) -> None:
        """Add or replace records by id, take out those that are `gone`, then write the collection's metadata."""
        kept = [Record(one.id, one.text, vector, _fields(one)) for one, vector in zip(records, vectors, strict=True)]
        self._collection.write(metadata, kept, gone)

    def read(self) -> tuple[list[PastIncident], list[str]]:
        """Every record, in no order; and the ids of those that another version wrote and that cannot be read."""
        if not self._collection.exists:
            return [], []
        found: list[PastIncident] = []
        unreadable: list[str] = []
        with self._collection.calling("read") as collection:
            for at in range(0, collection.count(), BATCH):
                page = collection.get(limit=BATCH, offset=at, include=["metadatas"])
                for id, fields in zip(page["ids"], page["metadatas"], strict=True):
                    try:
                        found.append(PastIncident.model_validate_json(fields["body"]))
                    except ValidationError:
                        unreadable.append(id)
        return found, unreadable

    def nearest(self, vector: Sequence[float], ids: Sequence[str]) -> dict[str, float]:
        """Cosine similarities of these records."""
        return dict(self._collection.nearest(list(vector), len(ids), list(ids))) if ids else {}

    def drop(self) -> None:
        """Delete the collection with everything in it."""
        self._collection.drop()


def _fields(one: PastIncident) -> dict[str, str]:
    return {"kind": KIND, "version": one.version, "model": one.model, "body": one.model_dump_json()}

"""The Chroma collection: the one place that speaks to the vendor and maps its errors.

Embeddings are computed here and passed in (`embedding_function=None`), so Chroma never downloads a model. One
collection holds every passage; its metadata names the model, the dimension and the splitter's format.
"""

import uuid
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from tools.runbook_index.errors import IndexCorrupted, RunbookIndexUnavailable
from tools.runbook_index.lock import FolderLock
from tools.runbook_index.records import Passage

if TYPE_CHECKING:
    import httpx

COLLECTION = "runbooks"
BATCH = 1_000
"""Records a call; Chroma refuses more than 5,461."""

TIMEOUT_S = 5.0
"""How long a Chroma server may take to connect or between two bytes."""

_DAMAGE = ("not a database", "malformed", "hnsw", "corrupt", "disk image")


class ChromaStore:
    """Passages and their vectors in one Chroma collection. Use `on_disk`, `at_url` or `in_memory`.

    Methods block. They may be called from several threads, but `write` and `drop` not at once; the caller sees to it.
    """

    def __init__(self, client: Any, collection: str, folder: Path | None, lock: FolderLock | None) -> None:
        self._client = client
        self._name = collection
        self._folder = folder
        self._lock = lock
        self._closed = False
        self._opened: Any = None
        self.shared = folder is None and collection == COLLECTION

    @classmethod
    def on_disk(cls, folder: Path) -> "ChromaStore":
        """A folder of this process alone.

        Raises:
            IndexLocked: another process holds the folder.
            IndexCorrupted: the files in it are damaged.
        """
        lock = FolderLock(folder)
        try:
            with _mapped("open", folder):
                import chromadb

                client = chromadb.PersistentClient(str(folder), settings=_settings())
        except AttributeError as error:
            # Chroma keeps the half-open client of a folder that it failed to open before, and trips over it.
            lock.release()
            raise RunbookIndexUnavailable("open", f"{folder} failed to open before; restart the process") from error
        except BaseException:
            lock.release()
            raise
        return cls(client, COLLECTION, folder, lock)

    @classmethod
    def at_url(cls, url: str, headers: Mapping[str, str] | None = None) -> "ChromaStore":
        """A Chroma server, which several processes may share.

        Args:
            url: e.g. ``http://chroma:8000``.
            headers: sent with every request, e.g. an authorisation token.

        Raises:
            RunbookIndexUnavailable: nothing answers there.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RunbookIndexUnavailable("open", f"{url!r} is not an http or https URL")
        secure = parts.scheme == "https"
        with _mapped("open", None):
            import chromadb
            import httpx

            # Chroma's client waits for ever, its constructor too: ask first whether anybody answers.
            heartbeat = f"{url.rstrip('/')}/api/v2/heartbeat"
            httpx.get(heartbeat, headers=dict(headers or {}), timeout=TIMEOUT_S).raise_for_status()
            client = chromadb.HttpClient(
                host=parts.hostname,
                port=parts.port or (443 if secure else 8000),
                ssl=secure,
                headers=dict(headers or {}),
                settings=_settings(),
            )
            for session in _http_sessions(client):
                session.timeout = httpx.Timeout(TIMEOUT_S)
        return cls(client, COLLECTION, None, None)

    @classmethod
    def in_memory(cls) -> "ChromaStore":
        """A collection that nobody else sees and that ends with `close`."""
        with _mapped("open", None):
            import chromadb

            client = chromadb.EphemeralClient(settings=_settings())
        return cls(client, f"corpus-{uuid.uuid4().hex}", None, None)

    def metadata(self) -> dict[str, Any]:
        """The collection's metadata as it is now; empty before the first `write`."""
        with self._calling("read"):
            names = [item.name for item in self._client.list_collections()]
            if self._name not in names:
                self._opened = None
                return {}
            self._opened = self._client.get_collection(self._name, embedding_function=None)
            return dict(self._opened.metadata or {})

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
        with self._calling("write"):
            if self._opened is None:
                self._opened = self._client.get_or_create_collection(
                    self._name,
                    embedding_function=None,
                    configuration={"hnsw": {"space": "cosine"}},
                    metadata=dict(metadata) | {"revision": ""},
                )
            for at in range(0, len(passages), BATCH):
                batch = passages[at : at + BATCH]
                self._collection().upsert(
                    ids=[passage.record_id for passage in batch],
                    documents=[passage.text for passage in batch],
                    embeddings=[list(vector) for vector in vectors[at : at + BATCH]],
                    metadatas=[_fields(passage, hashes[passage.file]) for passage in batch],
                )
            for at in range(0, len(stale), BATCH):
                self._collection().delete(ids=list(stale[at : at + BATCH]))
            self._collection().modify(metadata=dict(metadata))

    def read(self) -> tuple[list[Passage], dict[str, str]]:
        """Every passage, in the order of files and lines, and the SHA-256 of each file."""
        if self._opened is None and not self.metadata():
            return [], {}
        found: list[Passage] = []
        hashes: dict[str, str] = {}
        with self._calling("read"):
            total = self._collection().count()
            for at in range(0, total, BATCH):
                page = self._collection().get(limit=BATCH, offset=at, include=["documents", "metadatas"])
                for record_id, text, fields in zip(page["ids"], page["documents"], page["metadatas"], strict=True):
                    found.append(_passage(record_id, text, fields))
                    hashes[str(fields["file"])] = str(fields["sha256"])
        return sorted(found, key=lambda passage: (passage.file, passage.start)), hashes

    def nearest(self, vector: Sequence[float], k: int) -> list[tuple[str, float]]:
        """Record ids and cosine similarities, nearest first."""
        if self._opened is None and not self.metadata():
            return []
        with self._calling("query"):
            answer = self._collection().query(query_embeddings=[list(vector)], n_results=k, include=["distances"])
        return [(i, 1.0 - float(d)) for i, d in zip(answer["ids"][0], answer["distances"][0], strict=True)]

    def drop(self) -> None:
        """Delete the collection with everything in it."""
        with self._calling("drop"):
            if self._name in [item.name for item in self._client.list_collections()]:
                self._client.delete_collection(self._name)
            self._opened = None

    def _collection(self) -> Any:
        return self._opened

    @contextmanager
    def _calling(self, operation: str) -> Generator[None, None, None]:
        if self._closed:
            raise RunbookIndexUnavailable(operation, "the index is closed")
        with _mapped(operation, self._folder):
            yield

    def close(self) -> None:
        """Give the client, the folder and its lock back. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        try:
            with _mapped("close", self._folder):
                for session in _http_sessions(self._client):
                    session.close()
                self._client.close()
        finally:
            if self._lock is not None:
                self._lock.release()


def _http_sessions(client: Any) -> "list[httpx.Client]":
    """The HTTP clients inside Chroma's, which have no timeout and which Chroma itself never closes."""
    owners = (client, getattr(client, "_admin_client", None))
    sessions = (getattr(getattr(owner, "_server", None), "_session", None) for owner in owners)
    return [cast("httpx.Client", session) for session in sessions if session is not None]


def _settings() -> Any:
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)


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


@contextmanager
def _mapped(operation: str, folder: Path | None) -> Generator[None, None, None]:
    """Every error of Chroma, and of the HTTP client under it, as ours."""
    import httpx
    from chromadb.errors import ChromaError

    try:
        yield
    except (ChromaError, httpx.HTTPError, ValueError, OSError, KeyError) as error:
        detail = str(error) or type(error).__name__
        if folder is not None and any(sign in detail.lower() for sign in _DAMAGE):
            raise IndexCorrupted(operation, folder, detail) from error
        raise RunbookIndexUnavailable(operation, detail) from error

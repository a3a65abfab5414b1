"""The connection to Chroma: opened embedded, on a server or in memory; every error of the vendor becomes ours.

One Chroma holds two collections: the passages of the runbooks, and the past incidents of our own database.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import urlsplit

from tools.runbook_index.errors import IndexCorrupted, RunbookIndexUnavailable
from tools.runbook_index.lock import FolderLock

if TYPE_CHECKING:
    import httpx

BATCH = 1_000
"""Records a call; Chroma refuses more than 5,461."""

TIMEOUT_S = 5.0
"""How long a Chroma server may take to connect or between two bytes."""

_DAMAGE = ("not a database", "malformed", "hnsw", "corrupt", "disk image")


class Chroma:
    """A client of Chroma. Use `on_disk`, `at_url` or `in_memory`; calls block, and may come from several threads.

    Attributes:
        shared: whether other processes may write to it: a server.
    """

    def __init__(
        self, client: Any, *, folder: Path | None = None, lock: FolderLock | None = None, shared: bool
    ) -> None:
        self.shared = shared
        self._client = client
        self._folder = folder
        self._lock = lock
        self._closed = False

    @classmethod
    def on_disk(cls, folder: Path) -> "Chroma":
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
        return cls(client, folder=folder, lock=lock, shared=False)

    @classmethod
    def at_url(cls, url: str, headers: Mapping[str, str] | None = None) -> "Chroma":
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
        return cls(client, shared=True)

    @classmethod
    def in_memory(cls) -> "Chroma":
        """Of this process. All of them see the same collections: give each a name of its own."""
        with _mapped("open", None):
            import chromadb

            client = chromadb.EphemeralClient(settings=_settings())
        return cls(client, shared=False)

    @contextmanager
    def calling(self, operation: str) -> Generator[Any, None, None]:
        """The client, with every error of a call as ours."""
        if self._closed:
            raise RunbookIndexUnavailable(operation, "the index is closed")
        with _mapped(operation, self._folder):
            yield self._client

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


class Record(NamedTuple):
    """What is kept of one text: its vector, and fields to read it back by."""

    id: str
    text: str
    vector: Sequence[float]
    fields: Mapping[str, str | int]


class Collection:
    """One collection by its name, made at the first write. Embeddings are computed by us and passed in.

    So Chroma never downloads a model (`embedding_function=None`).
    """

    def __init__(self, chroma: Chroma, name: str) -> None:
        """Nothing is read before the first call."""
        self._chroma = chroma
        self._name = name
        self._opened: Any = None

    def metadata(self) -> dict[str, Any]:
        """Its metadata as it is now; empty before it is made."""
        with self._chroma.calling("read") as client:
            if self._name not in [item.name for item in client.list_collections()]:
                self._opened = None
                return {}
            self._opened = client.get_collection(self._name, embedding_function=None)
            return dict(self._opened.metadata or {})

    @property
    def exists(self) -> bool:
        """Whether it has been made."""
        return self._opened is not None or bool(self.metadata())

    @contextmanager
    def calling(self, operation: str) -> Generator[Any, None, None]:
        """Chroma's own collection, which has to exist, with every error of a call as ours."""
        with self._chroma.calling(operation):
            yield self._opened

    def write(self, metadata: Mapping[str, str | int], records: Sequence[Record], gone: Sequence[str]) -> None:
        """Add or replace records by id, then take out those that are `gone`, then write the collection's metadata.

        It is made where it does not exist. A crash between leaves old metadata, and the next run does the rest.
        """
        with self._made(metadata) as collection:
            for at in range(0, len(records), BATCH):
                batch = records[at : at + BATCH]
                collection.upsert(
                    ids=[record.id for record in batch],
                    documents=[record.text for record in batch],
                    embeddings=[list(record.vector) for record in batch],
                    metadatas=[record.fields for record in batch],
                )
            for at in range(0, len(gone), BATCH):
                collection.delete(ids=list(gone[at : at + BATCH]))
            collection.modify(metadata=dict(metadata))

    @contextmanager
    def _made(self, metadata: Mapping[str, str | int]) -> Generator[Any, None, None]:
        """Chroma's own collection; made with this metadata and without a revision where it does not exist."""
        with self._chroma.calling("write") as client:
            if self._opened is None:
                self._opened = client.get_or_create_collection(
                    self._name,
                    embedding_function=None,
                    configuration={"hnsw": {"space": "cosine"}},
                    metadata=dict(metadata) | {"revision": ""},
                )
            yield self._opened

    def nearest(self, vector: list[float], k: int, ids: list[str] | None = None) -> list[tuple[str, float]]:
        """Record ids and cosine similarities, nearest first; of the records `ids` where they are given."""
        if not self.exists:
            return []
        with self.calling("query") as collection:
            answer = collection.query(query_embeddings=[vector], n_results=k, ids=ids, include=["distances"])
        return [(i, 1.0 - float(d)) for i, d in zip(answer["ids"][0], answer["distances"][0], strict=True)]

    def drop(self) -> None:
        """Delete it with everything in it."""
        with self._chroma.calling("drop") as client:
            if self._name in [item.name for item in client.list_collections()]:
                client.delete_collection(self._name)
            self._opened = None


def _http_sessions(client: Any) -> "list[httpx.Client]":
    """The HTTP clients inside Chroma's, which have no timeout and which Chroma itself never closes."""
    owners = (client, getattr(client, "_admin_client", None))
    sessions = (getattr(getattr(owner, "_server", None), "_session", None) for owner in owners)
    return [cast("httpx.Client", session) for session in sessions if session is not None]


def _settings() -> Any:
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)


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

"""The runbook index: a folder of Markdown in one Chroma collection, searched by name, by words and by meaning."""

import hashlib
import re
import threading
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tools.runbook_index.chroma import Chroma
from tools.runbook_index.embedding import Embedder
from tools.runbook_index.errors import RunbookFolderMissing
from tools.runbook_index.lexical import spelled_out, words
from tools.runbook_index.memory import IncidentMemory
from tools.runbook_index.passages import FORMAT, has_content, passages
from tools.runbook_index.past_store import COLLECTION as PAST
from tools.runbook_index.past_store import PastIncidentStore
from tools.runbook_index.quotes import MIN_QUOTE_WORDS, Sentence, find_quote, sentences
from tools.runbook_index.records import IndexReport, Kind, Passage, RunbookHit
from tools.runbook_index.search import Candidate, Corpus, rank
from tools.runbook_index.sentence_vectors import SentenceVectors
from tools.runbook_index.store import COLLECTION, PassageStore

_DECISION = re.compile(r"(?:If|Do not|Never)\b")

NEIGHBOURS = 500
"""Passages whose similarity is asked of Chroma for one query."""

OF_THE_BOT = "bot"
"""The folder of pages for who runs the bot. They are about no model, and searched beside the others they stood in the
way: of twelve questions that no page answers, seven were then answered, six at most without them."""

_ALL_KINDS: frozenset[Kind] = frozenset({"runbook", "procedure", "incident"})
_INCIDENTS: frozenset[Kind] = frozenset({"incident"})


class RunbookIndex:
    """Index and search of runbooks, procedures and past incidents that people wrote up; `memory` holds our own.

    Every hit is a record of the Chroma collection, and every quote stands in the file it names. Methods block for
    milliseconds, the first for about two seconds (Chroma and the embedding model load): call them with
    `asyncio.to_thread`. Safe to call from several threads; a search during `index` sees the records of before.

    Raises of every method:
        RunbookIndexUnavailable: Chroma does not answer, or (`IndexCorrupted`) its folder is damaged.
        EmbeddingUnavailable: the embedding model's files are not there.
    """

    def __init__(self, chroma: Chroma, embedder: Embedder, *, name: str = "") -> None:
        """Use `chroma`; nothing is read before the first call. `name` sets its collections apart from others there."""
        self._chroma = chroma
        self._store = PassageStore(chroma, f"{COLLECTION}{name}")
        self._embedder = embedder
        self._sentences = SentenceVectors(embedder)
        self._writing = threading.Lock()
        self._loading = threading.Lock()
        self._corpus: Corpus | None = None
        self._revision = ""
        self.memory = IncidentMemory(PastIncidentStore(chroma, f"{PAST}{name}"), embedder)

    @property
    def shared(self) -> bool:
        """Whether other processes may write to it."""
        return self._chroma.shared

    @classmethod
    def on_disk(cls, folder: Path, embedder: Embedder) -> "RunbookIndex":
        """An index in a folder that this process alone uses. `IndexLocked` when another one does."""
        return cls(Chroma.on_disk(folder), embedder)

    @classmethod
    def at_url(cls, url: str, embedder: Embedder) -> Self:
        """An index on a Chroma server that several processes share."""
        return cls(Chroma.at_url(url), embedder)

    @classmethod
    def in_memory(cls, embedder: Embedder) -> "RunbookIndex":
        """An index that nobody else sees and that ends with `close`."""
        return cls(Chroma.in_memory(), embedder, name=f"-{uuid.uuid4().hex}")

    def index(self, folder: Path) -> IndexReport:
        """Bring the collection up to date with the Markdown files under `folder`.

        Only files that are new or changed are embedded. When the embedding model, its dimension or the way Markdown is
        cut and embedded has changed since the last run, everything is built anew.

        Raises:
            RunbookFolderMissing: `folder` is not there; the collection stays as it is.
        """
        texts = read_markdown(folder)
        wanted = {
            "model_id": self._embedder.model_id,
            "dimension": self._embedder.dimension,
            "format": FORMAT,
        }
        with self._writing:
            metadata = self._store.metadata()
            if metadata and any(metadata.get(name) != value for name, value in wanted.items()):
                self._store.drop()
            before, hashes = self._store.read()
            now = {file: hashlib.sha256(text.encode("utf-8", "replace")).hexdigest() for file, text in texts.items()}
            cut = {
                file: kept
                for file, text in texts.items()
                if (kept := [passage for passage in passages(file, text) if has_content(passage)])
            }
            changed = [passage for file in cut if hashes.get(file) != now[file] for passage in cut[file]]
            keep = {p.record_id for p in before if p.file in cut and hashes[p.file] == now[p.file]}
            keep.update(passage.record_id for passage in changed)
            stale = [passage.record_id for passage in before if passage.record_id not in keep]
            vectors = self._embedder.embed([f"{spelled_out(passage.title)}. {passage.text}" for passage in changed])
            revision = hashlib.sha256(repr(sorted((file, now[file]) for file in cut)).encode()).hexdigest()
            self._store.write({**wanted, "revision": revision}, changed, now, vectors, stale)
            self._load()
        return IndexReport(
            added=sum(file not in hashes for file in cut),
            updated=sum(file in hashes and hashes[file] != now[file] for file in cut),
            removed=sum(file not in cut for file in hashes),
            unchanged=sum(hashes.get(file) == now[file] for file in cut),
            passages=len(self._current().passages),
        )

    def search(
        self, query: str, *, alert: str | None = None, runbook_url: str | None = None, k: int = 5
    ) -> list[RunbookHit]:
        """Passages for an alert's text or a person's question, best first; empty when no runbook fits.

        Args:
            query: what is known or asked. May be empty when the page is named.
            alert: the alert's name. Give it for alerts: pages are then ranked by words before meaning.
            runbook_url: the alert's annotation of that name.
            k: how many hits at most.
        """
        return self._search(query, alert=alert, runbook_url=runbook_url, kinds=_ALL_KINDS, k=k)

    def search_incidents(self, text: str, k: int = 3) -> list[RunbookHit]:
        """Written-up incidents like the one told in `text`: one hit each, best first; empty when none is near."""
        return self._search(text, alert=None, runbook_url=None, kinds=_INCIDENTS, k=k)

    def told_under(self, file: str, heading: str, query: str) -> RunbookHit | None:
        """The sentence nearest to `query` under a heading of a page in the index; None where it has no such heading.

        `heading` is the last of the passage's headings, e.g. "Root cause". Nothing is ranked: the page is known.
        """
        page = self._current().pages.get(file, [])
        under = [one for one in page if one.heading.rpartition(" > ")[2] == heading]
        if not under:
            return None
        vector = self._embedder.embed([query])[0]
        return self._hits(query, vector, [Candidate(under[0], 1.0)])[0]

    def passage(self, record_id: str) -> Passage | None:
        """The whole passage of a hit, or None when it is no longer in the index."""
        return self._current().by_id.get(record_id)

    def verify_quote(self, file: str, heading: str, quote: str) -> tuple[int, int] | None:
        """First and last line of a quote that stands under a heading of a file; None where it does not.

        Words must match exactly; white space may differ. Fewer than three words never count as a quote.
        """
        page = self._current().pages.get(file.removeprefix("./").removeprefix("runbooks/"))
        page = page or self._current().pages.get(file)
        return find_quote(page, heading, quote) if page else None

    def close(self) -> None:
        """Give the collection, and the lock on its folder, back."""
        self._chroma.close()

    def _search(
        self, query: str, *, alert: str | None, runbook_url: str | None, kinds: frozenset[Kind], k: int
    ) -> list[RunbookHit]:
        corpus = self._current()
        vector = self._embedder.embed([query])[0]
        cosines = dict(self._store.nearest(vector, NEIGHBOURS)) if any(vector) else {}
        ranked = rank(corpus, query, alert=alert, runbook_url=runbook_url, cosines=cosines, kinds=kinds, k=max(k, 0))
        return self._hits(query, vector, ranked)

    def _hits(self, query: str, vector: Sequence[float], ranked: Sequence[Candidate]) -> list[RunbookHit]:
        choices = [sentences(candidate.passage) for candidate in ranked]
        vectors = self._sentences.of([(one.passage, choice) for one, choice in zip(ranked, choices, strict=True)])
        asked = set(words(query))
        hits: list[RunbookHit] = []
        for candidate, choice, own in zip(ranked, choices, vectors, strict=True):
            near = [_dot(vector, other) for other in own]
            quote = _best(choice, near, asked)
            hits.append(
                RunbookHit(
                    file=candidate.passage.file,
                    heading=candidate.passage.heading,
                    lines=(quote.start, quote.end),
                    quote=quote.text,
                    score=round(candidate.score, 4),
                    kind=candidate.passage.kind,
                    record_id=candidate.passage.record_id,
                    title=candidate.passage.title,
                )
            )
        return hits

    def _current(self) -> Corpus:
        """What Chroma holds. A shared server is asked whether another process has indexed since."""
        if self._corpus is None or self._store.shared:
            with self._loading:
                if self._corpus is None or self._store.metadata().get("revision") != self._revision:
                    self._load()
        assert self._corpus is not None  # noqa: S101 - for the type checker: _load sets it
        return self._corpus

    def _load(self) -> None:
        self._revision = str(self._store.metadata().get("revision", ""))
        self._corpus = Corpus(self._store.read()[0])


def markdown_files(folder: Path) -> list[Path]:
    """All Markdown files under a folder, hidden files and folders and the bot's own pages (`OF_THE_BOT`) left out.

    Raises:
        RunbookFolderMissing: there is no such folder.
    """
    if not folder.is_dir():
        raise RunbookFolderMissing(folder)
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".md", ".markdown") and path.is_file())
    return [
        path
        for path in files
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.relative_to(folder).parts[0] != OF_THE_BOT
    ]


def read_markdown(folder: Path) -> dict[str, str]:
    """Texts of all Markdown files under a folder by their path in it; see `markdown_files`.

    Bytes that are not UTF-8 become replacement characters; line ends are kept.
    """
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode("utf-8-sig", "replace")
        for path in markdown_files(folder)
    }


def _best(choice: Sequence[Sentence], near: Sequence[float], asked: set[str]) -> Sentence:
    """The sentence nearest to the query: by meaning, and by the words it shares.

    A sentence that decides ("If ..., roll back", "Do not retrain") is preferred to one that describes, and a fragment
    is chosen only where there is nothing else.
    """

    def worth(at: int) -> float:
        own = words(choice[at].text)
        shared = len(asked.intersection(own)) / max(len(asked), 1)
        decides = 0.2 if _DECISION.match(choice[at].text) else 0.0
        # A link alone has many words in its address, and is no quote all the same.
        fragment = min(len(own), len(choice[at].text.split())) < MIN_QUOTE_WORDS
        return near[at] + shared + decides - (1.0 if fragment else 0.0)

    return choice[max(range(len(choice)), key=worth)]


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))

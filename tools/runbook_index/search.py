"""How passages are ranked, and when to say that none fits.

1. A page asked for by name (`runbook_url`, the alert's name, or that name inside the question) comes first.
2. For an alert, pages by BM25; for a question, passages by the dense index. Both lists are handed over, the one that
   is better at the task first.
3. A passage that is not near enough is left out, so the answer may be empty: "no runbook fits" is a good answer.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, zip_longest
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from tools.runbook_index.lexical import Bm25, words
from tools.runbook_index.records import Passage

MIN_COSINE = 0.35
MIN_NEARNESS = 0.75


class Candidate(NamedTuple):
    """A ranked passage and its score, 0 to 1."""

    passage: Passage
    score: float


class Corpus:
    """An immutable view of all passages, with what ranking needs. The same records as in Chroma, and no others."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        """`passages`: in the order of files and lines."""
        self.passages = tuple(passages)
        self.by_id = {passage.record_id: passage for passage in passages}
        self.pages: dict[str, list[Passage]] = {}
        for passage in passages:
            self.pages.setdefault(passage.file, []).append(passage)
        self._files = list(self.pages)
        self._page_words = Bm25([_page_text(page) for page in self.pages.values()])
        self._passage_words = Bm25([f"{passage.title} {passage.text}" for passage in passages])
        self._spread = Counter(chain.from_iterable(self._page_words.vocabularies))
        self._vocabulary = dict(zip(self._files, self._page_words.vocabularies, strict=True))
        self._position = {passage.record_id: at for at, passage in enumerate(passages)}

    def named(self, query: str, alert: str | None, runbook_url: str | None) -> list[str]:
        """Files asked for by name, the surest first."""
        found = [file for file in self._files if runbook_url and _is_address_of(runbook_url, file)]
        asked = {alert.strip().casefold()} if alert else set[str]()
        by_alert = {page[0].alert.casefold(): file for file, page in self.pages.items() if page[0].alert}
        found.extend(by_alert[name] for name in sorted(asked) if name in by_alert)
        in_query = (word.casefold() for word in re.findall(r"\w+", query))
        found.extend(by_alert[word] for word in in_query if word in by_alert)
        return list(dict.fromkeys(found))

    def by_words(self, query: Sequence[str], kinds: frozenset[str]) -> list[Passage]:
        """The best passage of each page that shares words with the query, best page first."""
        page_scores = dict(zip(self._files, self._page_words.scores(query), strict=True))
        passage_scores = self._passage_words.scores(query)
        ranked = sorted((file for file in self._files if page_scores[file] > 0), key=lambda f: -page_scores[f])
        return [
            max(self.pages[file], key=lambda passage: passage_scores[self._position[passage.record_id]])
            for file in ranked
            if self.pages[file][0].kind in kinds
        ]

    def coverage(self, query: Sequence[str], file: str) -> float:
        """The share of the query's words that a page holds, each weighed by its rarity over all pages. 0 to 1."""
        total = len(self._files)
        weights = {word: math.log(1 + total / (0.5 + self._spread[word])) for word in set(query)}
        whole = sum(weights.values())
        held = sum(weight for word, weight in weights.items() if word in self._vocabulary[file])
        return held / whole if whole else 0.0


def rank(
    corpus: Corpus,
    query: str,
    *,
    alert: str | None,
    runbook_url: str | None,
    cosines: Mapping[str, float],
    kinds: frozenset[str],
    k: int,
) -> list[Candidate]:
    """Rank passages for a query.

    Args:
        corpus: what there is.
        query: an alert's text or a person's question.
        alert: the alert's name, when the query is an alert.
        runbook_url: the alert's annotation.
        cosines: similarity of passages to the query by record id, nearest first, from the dense index.
        kinds: which kinds of page to rank.
        k: how many at most.

    Returns:
        The best first; empty where nothing is near.
    """
    named = corpus.named(query, alert, runbook_url)
    asked = words(f"{alert or ''} {query}")
    first = [
        Candidate(passage, 1.0)
        for file in named
        for passage in sorted(corpus.pages[file], key=lambda p: -cosines.get(p.record_id, 0.0))
        if passage.kind in kinds
    ]
    lexical = corpus.by_words(asked, kinds)
    dense = [corpus.by_id[i] for i in cosines if i in corpus.by_id and corpus.by_id[i].kind in kinds]
    leading, following = (lexical, dense) if alert else (dense, lexical)
    taken = {candidate.passage.record_id for candidate in first}
    union: list[Candidate] = []
    for passage in chain.from_iterable(zip_longest(leading, following)):
        if passage is None or passage.record_id in taken:
            continue
        cosine = cosines.get(passage.record_id, 0.0)
        if is_near(cosine, corpus.coverage(asked, passage.file)):
            taken.add(passage.record_id)
            union.append(Candidate(passage, max(0.0, min(cosine, 0.99))))
    return [*first, *union][:k]


def is_near(cosine: float, coverage: float) -> bool:
    """Whether a passage is near enough to be shown for a query that does not name its page."""
    return cosine >= MIN_COSINE and cosine + coverage >= MIN_NEARNESS


def _page_text(page: Sequence[Passage]) -> str:
    return "".join([f"{page[0].title}\n", *(passage.text for passage in page)])


def _is_address_of(url: str, file: str) -> bool:
    path = unquote(urlsplit(url.strip()).path).rstrip("/").casefold()
    name = file.casefold()
    return any(path == end or path.endswith(f"/{end}") for end in (name, name.removesuffix(".md")))

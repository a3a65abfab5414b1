"""How passages are ranked, and when to say that none fits.

1. A page asked for by name (`runbook_url`, the alert's name, or that name inside the question) comes first, with all
   its passages.
2. For the text of an alert, pages by BM25; then, and for a question from the start, pages by `nearness`: the cosine of
   their best passage ("Title. passage") plus the share of the question's words that the page holds, and a fifth of the
   share that its title holds: what a page is about stands there. One passage a page.
3. When not even the best is near enough, the answer is empty: "no runbook fits" is a good answer.

Measured on tests/tools/runbook_index/labelled_questions.yaml with wordllama (60 paraphrased questions; recall@1,
recall@5, MRR by page): dense alone .70/.88/.78, BM25 alone .70/.90/.79, nearness .73/.97/.82, and
.68/.90/.76 once what is not near enough is left out. Their author also wrote the pages, so words match more often than
they will elsewhere; on public pages dense was the better half for questions.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from tools.runbook_index.lexical import Bm25, Coverage, words
from tools.runbook_index.records import Kind, Passage

MIN_NEARNESS = 0.65
"""Below this, of 2, nothing is shown.

Chosen on one half of the labelled questions (28 of 30 answered, 4 of 21 unanswerable ones answered wrongly) and checked
on the other half (28 of 30; 2 of 21). All wrong answers are to questions near the subject ("how do I write a unit test
for the feature pipeline?"); of 30 questions about other things none got an answer.
"""


OF_THE_TITLE = 0.2
"""What a title that holds all of a question's words adds to a page's nearness. It orders; whether a page is near enough
is asked without it. With 0.1 to 0.3 the labelled questions come out the same within one; with 0.5 they get worse."""


class Candidate(NamedTuple):
    """A ranked passage and its score, 0 to 1; see `RunbookHit.score`."""

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
        self._coverage = Coverage(self._page_words.vocabularies)
        self._titles = [frozenset(words(f"{page[0].title} {_stem(file)}")) for file, page in self.pages.items()]
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

    def by_words(self, query: Sequence[str]) -> list[str]:
        """Files that share words with the query, best first, by BM25 over whole pages."""
        scores = dict(zip(self._files, self._page_words.scores(query), strict=True))
        return sorted((file for file in self._files if scores[file] > 0), key=lambda file: -scores[file])

    def by_nearness(
        self, query: Sequence[str], cosines: Mapping[str, float], kinds: frozenset[Kind]
    ) -> list[Candidate]:
        """The best passage of every page, best first; none where not even the best page is near enough.

        The score is the mean of the page's best cosine and its coverage, and a tenth of what its title covers.
        """
        lexical = self._passage_words.scores(query)
        highest = max(lexical, default=0.0) or 1.0
        worth = [
            cosines.get(passage.record_id, 0.0) + lexical[at] / highest for at, passage in enumerate(self.passages)
        ]
        found: list[Candidate] = []
        nearest = 0.0
        for place, page in enumerate(self.pages.values()):
            if page[0].kind in kinds:
                best = max(page, key=lambda passage: worth[self._position[passage.record_id]])
                cosine = max(cosines.get(passage.record_id, 0.0) for passage in page)
                nearness = max(cosine, 0.0) + self._coverage.of(query, place)
                nearest = max(nearest, nearness)
                titled = nearness + OF_THE_TITLE * self._coverage.share(query, self._titles[place])
                found.append(Candidate(best, min(titled / 2, 0.99)))
        return sorted(found, key=lambda candidate: -candidate.score) if nearest >= MIN_NEARNESS else []


def rank(
    corpus: Corpus,
    query: str,
    *,
    alert: str | None,
    runbook_url: str | None,
    cosines: Mapping[str, float],
    kinds: frozenset[Kind],
    k: int,
) -> list[Candidate]:
    """Rank passages for a query.

    Args:
        corpus: what there is.
        query: an alert's text or a person's question.
        alert: the alert's name, when the query is an alert.
        runbook_url: the alert's annotation.
        cosines: similarity of passages to the query by record id, from the dense index; none for an empty query.
        kinds: which kinds of page to rank.
        k: how many at most.

    Returns:
        The best first; empty where nothing is near.
    """
    first = [
        Candidate(passage, 1.0)
        for file in corpus.named(query, alert, runbook_url)
        for passage in sorted(corpus.pages[file], key=lambda p: -cosines.get(p.record_id, 0.0))
        if passage.kind in kinds
    ]
    asked = words(f"{alert or ''} {query}")
    near = corpus.by_nearness(asked, cosines, kinds)
    if not cosines or not near:
        return first[:k]
    taken = {candidate.passage.file for candidate in first}
    union = [candidate for candidate in near if candidate.passage.file not in taken]
    if alert is not None:
        place = {file: at for at, file in enumerate(corpus.by_words(asked))}
        union.sort(
            key=lambda candidate: (
                candidate.passage.kind == "incident",  # an alert asks what to do, before what happened once
                place.get(candidate.passage.file, len(place)),
            )
        )
    return [*first, *union][:k]


def _page_text(page: Sequence[Passage]) -> str:
    return "".join([f"{page[0].title}\n", *(passage.text for passage in page)])


def _stem(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(".md")


def _is_address_of(url: str, file: str) -> bool:
    path = unquote(urlsplit(url.strip()).path).rstrip("/").casefold()
    name = file.casefold()
    return any(path == end or path.endswith(f"/{end}") for end in (name, name.removesuffix(".md")))

"""BM25 over words as alerts spell them: `EndpointLatencyP99High` and `last_login_days` fall into their words."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from itertools import chain
from typing import Any

_WORD = re.compile(r"\w+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_")
_STOP_WORDS = frozenset(
    "a about after all also am an and any are as at be because been before but by can could did do does doing for from"
    " had has have how i if in into is it its just like me my of off on one only or our out over should so some"
    " such than that the their them then there these they this to too us was we were what when where which who why"
    " will with would you your".split()
)


def words(text: str) -> list[str]:
    """Stemmed lower-case words of a text, in order, without stop words. `P99` stays one word."""
    # One stemmer a call: it keeps a cache and is not safe across threads. PyStemmer has no types.
    stemmer: Any = import_module("Stemmer").Stemmer("english")
    found = [part.lower() for word in _WORD.findall(text) for part in _HUMP.split(word)]
    return stemmer.stemWords([word for word in found if word and word not in _STOP_WORDS])


def spelled_out(title: str) -> str:
    """A title with its compound names in their words: `EndpointLatencyP99High` is `Endpoint Latency P99 High`."""
    return " ".join(part for word in title.split() for part in _HUMP.split(word) if part)


class Bm25:
    """BM25 scores of a fixed list of texts, and how much of a query their vocabulary covers."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Tokenise and weigh `texts`; their order is the order of `scores`."""
        tokens = [words(text) for text in texts]
        self._size = len(tokens)
        self.vocabularies = [frozenset(page) for page in tokens]
        self._scorer: Any = None
        if any(tokens):
            import bm25s

            self._scorer = bm25s.BM25()
            self._scorer.index(tokens, show_progress=False)

    def scores(self, query: Sequence[str]) -> list[float]:
        """One score a text for a query already in `words`; zeros where nothing is shared."""
        if self._scorer is None or not query:
            return [0.0] * self._size
        return [float(score) for score in self._scorer.get_scores(list(query))]

    def best(self, query: Sequence[str], k: int) -> list[int]:
        """Places of the `k` texts that share most with a query, best first; none that shares nothing."""
        if self._scorer is None or not query:
            return []
        scores: Any = self._scorer.get_scores(list(query))
        return [int(place) for place in scores.argsort()[::-1][:k] if scores[place] > 0]


class Coverage:
    """How much of a query each of a fixed list of texts holds, each word weighed by its rarity over all of them."""

    def __init__(self, vocabularies: Sequence[frozenset[str]]) -> None:
        """`vocabularies`: the words of each text."""
        self._vocabularies = vocabularies
        self._spread = Counter(chain.from_iterable(vocabularies))

    def of(self, query: Sequence[str], place: int) -> float:
        """The share that the text at `place` holds, 0 to 1."""
        return self.share(query, self._vocabularies[place])

    def share(self, query: Sequence[str], vocabulary: frozenset[str]) -> float:
        """The share that these words hold, 0 to 1."""
        total = len(self._vocabularies)
        weights = {word: math.log(1 + total / (0.5 + self._spread[word])) for word in set(query)}
        whole = sum(weights.values())
        held = sum(weight for word, weight in weights.items() if word in vocabulary)
        return held / whole if whole else 0.0

"""BM25 over words as alerts spell them: `EndpointLatencyP99High` and `last_login_days` fall into their words."""

import re
from collections.abc import Sequence
from importlib import import_module
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

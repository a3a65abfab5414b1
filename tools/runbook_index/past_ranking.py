"""Which past incidents are like a new one.

Those of the same model that share an alert are, whatever their words. Others have to be near: by the cosine of their
text plus the share of the query's words that it holds, as for the runbooks (`search.MIN_NEARNESS`). First come those of
the same model, then those that share an alert, then by nearness, then the newest.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from incidents.past_incident import PastIncident
from tools.runbook_index.lexical import Bm25, Coverage, words
from tools.runbook_index.search import MIN_NEARNESS

OF_A_SORT = 20
"""Candidates of the same model, of the same alerts and by BM25; a few times as many are looked at closely."""


class PastHit(NamedTuple):
    """A past incident like the one asked about; `score`, 0 to 1, is as in `RunbookHit`."""

    past: PastIncident
    score: float


class PastCorpus:
    """An immutable view of all past incidents in the index, with what ranking needs."""

    def __init__(self, pasts: Sequence[PastIncident]) -> None:
        """`pasts`: in any order."""
        self._pasts = sorted(pasts, key=lambda one: one.ended_at, reverse=True)
        self.by_id = {one.id: one for one in self._pasts}
        self._words = Bm25([one.text for one in self._pasts])
        self._coverage = Coverage(self._words.vocabularies)
        self._place = {one.id: place for place, one in enumerate(self._pasts)}
        self._of_model: dict[str, list[PastIncident]] = {}
        self._of_alert: dict[str, list[PastIncident]] = {}
        for one in self._pasts:
            self._of_model.setdefault(one.model, []).append(one)
            for alert in one.alerts:
                self._of_alert.setdefault(alert, []).append(one)

    def candidates(self, query: Sequence[str], model: str, alerts: frozenset[str], besides: str) -> list[PastIncident]:
        """Few enough to be looked at closely, however many there are; `besides` is never among them."""
        same_model = self._of_model.get(model, [])
        found = {one.id: one for one in same_model[:OF_A_SORT]}
        found.update(
            (one.id, one) for one in [one for one in same_model if alerts.intersection(one.alerts)][:OF_A_SORT]
        )
        for alert in sorted(alerts):
            found.update((one.id, one) for one in self._of_alert.get(alert, [])[:OF_A_SORT])
        for place in self._words.best(query, OF_A_SORT):
            found[self._pasts[place].id] = self._pasts[place]
        found.pop(besides, None)
        return list(found.values())

    def rank(
        self,
        query: Sequence[str],
        candidates: Sequence[PastIncident],
        cosines: Mapping[str, float],
        model: str,
        alerts: frozenset[str],
    ) -> list[PastHit]:
        """Those that are like it, the likest first."""
        hits: list[PastHit] = []
        for one in candidates:
            near = max(cosines.get(one.id, 0.0), 0.0) + self._coverage.of(query, self._place[one.id])
            if near >= MIN_NEARNESS or (one.model == model and alerts.intersection(one.alerts)):
                hits.append(PastHit(one, round(min(near / 2, 0.99), 4)))
        return sorted(
            hits,
            key=lambda hit: (
                hit.past.model != model,
                not alerts.intersection(hit.past.alerts),
                -round(hit.score, 1),
                -hit.past.ended_at.timestamp(),
            ),
        )


def asked_words(text: str, alerts: frozenset[str]) -> list[str]:
    """The query as BM25 takes it."""
    return words(" ".join([text, *sorted(alerts)]))

"""Which runbook passages a diagnosis by the rules cites."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from agents.readings.remembered import PassageReading
from agents.rules.casefile import Casefile
from agents.rules.topics import asked_pages, topic_of
from incidents.diagnosis import RootCause, RunbookCitation

MOST_CITATIONS = 3
MOST_OF_ONE_FILE = 2
LEAST_TELLING = 0.33
"""A passage worth less than this share of the best one is left out."""
_WORD = re.compile(r"[a-z0-9]+")
_ROUGH = re.compile(r"\]\(|\||\{")
"""Links, tables and queries, which read badly as a quote."""


def citations(case: Casefile, cause: RootCause) -> tuple[RunbookCitation, ...]:
    """The passages that have most to do with the decision.

    Those of the alerts' own pages that say what to do come first: these pages were written for these very alerts. Then
    by rare words shared with the decision's search, nearness and place.
    """
    topic = topic_of(case.symptoms, cause)
    fitting = [
        p for p in case.citable() if topic.says.search(p.quote) and not (topic.unsaid and topic.unsaid.search(p.quote))
    ]
    rarity = _rarity(fitting)
    wanted = set(_WORD.findall(topic.search.lower()))
    own_pages = {f"{name}.md" for name in asked_pages(case.symptoms)}

    def decides(passage: PassageReading) -> bool:
        return topic.decides.search(passage.quote) is not None and not _ROUGH.search(passage.quote)

    def worth(passage: PassageReading) -> float:
        shared = sum(rarity[word] for word in wanted.intersection(_WORD.findall(passage.quote.lower())))
        # What to do comes before what it means; the lines under the title only say when the alert fires.
        place = 0.5 if passage.heading.endswith(("Mitigation", "Diagnosis")) else 0.0
        rough = (passage.heading == passage.title) + (_ROUGH.search(passage.quote) is not None)
        return shared + passage.score + place + decides(passage) - rough

    def answers_an_alert(passage: PassageReading) -> bool:
        return decides(passage) and passage.file in own_pages

    ranked = sorted(fitting, key=lambda p: (answers_an_alert(p), worth(p)), reverse=True)
    least = LEAST_TELLING * max(map(worth, ranked), default=0.0)
    chosen: list[PassageReading] = []
    for passage in ranked:
        enough_of_it = sum(p.file == passage.file for p in chosen) >= MOST_OF_ONE_FILE
        # A plain sentence of the alert's own page stands beside what it decides, however few words it shares.
        telling = worth(passage) >= least or (passage.file in own_pages and worth(passage) > 1.0)
        if enough_of_it or not telling or any(p.quote == passage.quote for p in chosen):
            continue
        chosen.append(passage)
    return tuple(
        RunbookCitation(file=p.file, heading=p.heading, quote=p.quote, lines=p.lines) for p in chosen[:MOST_CITATIONS]
    )


def _rarity(passages: Sequence[PassageReading]) -> Mapping[str, float]:
    """A weight for each word, less the more passages have it (inverse document frequency)."""
    have: Counter[str] = Counter()
    for passage in passages:
        have.update(set(_WORD.findall(passage.quote.lower())))
    return {word: math.log(1 + len(passages) / count) for word, count in have.items()}

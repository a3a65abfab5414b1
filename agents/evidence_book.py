"""The evidence book of one investigation: every fact gets an id, and every question is asked of a partner once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from agents.figures import Figures, figures_of
from agents.names import Vocabulary
from agents.readings.dossier import Dossier
from agents.readings.found import Found
from agents.readings.gap import GapReading
from agents.senses import lines_of
from incidents.evidence import Evidence, EvidenceKind

Answer = TypeVar("Answer")


class EvidenceBook:
    """Collects evidence with ids ``E1``, ``E2``, ... in the order it is admitted."""

    def __init__(self, known: Sequence[Evidence] = (), names: Sequence[str] = (), features: Sequence[str] = ()) -> None:
        """`known`: evidence of an earlier investigation of the same incident; its ids stay, new ones follow.

        `names`: what may be named whatever was read, such as the model and its endpoint. `features`: the model's; a
        statement about one has to name evidence about it.
        """
        self.features = tuple(features)
        self.dossier = Dossier()
        self._entries: dict[str, Evidence] = {e.id: e for e in known}
        self._found: dict[str, Found] = {}
        self._ids: dict[tuple[str, str, str, str | None], str] = {self._identity(e): e.id for e in known}
        self._figures: dict[str, Figures] = {}
        self._of_case = Vocabulary(names)
        self._vocabularies: dict[str, Vocabulary] = {}
        self._lines: dict[str, tuple[str, ...]] = {}
        self._judged: dict[Hashable, str | None] = {}
        self._moments: list[datetime] = []
        self._asked: dict[Hashable, asyncio.Future[Any]] = {}

    @property
    def entries(self) -> tuple[Evidence, ...]:
        """All evidence, in order."""
        return tuple(self._entries.values())

    @property
    def found(self) -> tuple[Found, ...]:
        """All facts of this investigation with their readings, in order."""
        return tuple(self._found.values())

    @property
    def gaps(self) -> tuple[str, ...]:
        """What could not be read, in plain words; that last week is not kept is no failure, and told as evidence."""
        told = (gap for gap in self.dossier.gaps if gap.part != "query" and (gap.part != "season" or gap.failed))
        return tuple(dict.fromkeys(gap.words for gap in told))

    def get(self, evidence_id: str) -> Evidence | None:
        """The evidence of an id."""
        return self._entries.get(evidence_id)

    def admit(self, facts: Iterable[Found]) -> list[Found]:
        """Give ids to facts; one that is known already keeps the id it has."""
        admitted: list[Found] = []
        for fact in facts:
            identity = self._identity(fact.evidence)
            known = self._ids.get(identity)
            number = known or f"E{len(self._entries) + 1}"
            evidence = fact.evidence.model_copy(update={"id": number})
            reading = fact.reading.model_copy(update={"evidence": number})
            if known is None:
                self._ids[identity] = number
                self._entries[number] = evidence
            entry = Found(self._entries[number], reading)
            if number not in self._found:
                self._found[number] = entry
                self._moments += _began(dict(reading))
                self._judged.clear()
            self.dossier.add(reading)
            admitted.append(entry)
        return admitted

    async def once(self, question: Hashable, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer to a question; asked of the partner only the first time, by however many at once."""
        waiting = self._asked.get(question)
        if waiting is None:
            waiting = asyncio.ensure_future(ask())
            self._asked[question] = waiting
        return await asyncio.shield(waiting)

    def judged(self, statement: Hashable, judge: Callable[[], str | None]) -> str | None:
        """What is wrong with a statement, judged once: drafts say a thing again, and are checked again when taken.

        A judgement holds until the book grows.
        """
        if statement not in self._judged:
            self._judged[statement] = judge()
        return self._judged[statement]

    def passages(self) -> tuple[Evidence, ...]:
        """Runbook passages and past incidents."""
        kinds = {EvidenceKind.RUNBOOK, EvidenceKind.PAST_INCIDENT}
        return tuple(e for e in self._entries.values() if e.kind in kinds)

    def figures(self, evidence_ids: Iterable[str] | None = None) -> list[Figures]:
        """The numbers and times of some evidence, or of all. Read from the words once."""
        found: list[Figures] = []
        for one in self._entries if evidence_ids is None else evidence_ids:
            if one in self._entries and one not in self._figures:
                self._figures[one] = figures_of(self._entries[one])
            if one in self._figures:
                found.append(self._figures[one])
        return found

    def named(self, name: str, evidence_ids: Iterable[str] | None = None) -> bool:
        """Whether a name stands in some evidence, or in any, or is one that may always be named."""
        if self._of_case.knows(name):
            return True
        return any(self._vocabulary(one).knows(name) for one in evidence_ids or self._entries if one in self._entries)

    def tells(self, words: str, evidence_ids: Iterable[str]) -> bool:
        """Whether words that are quoted, on one line, stand in some evidence."""
        return any(words in line for one in evidence_ids if one in self._entries for line in self._lines_of(one))

    def _lines_of(self, evidence_id: str) -> tuple[str, ...]:
        if evidence_id not in self._lines:
            self._lines[evidence_id] = lines_of(self._entries[evidence_id])
        return self._lines[evidence_id]

    def _vocabulary(self, evidence_id: str) -> Vocabulary:
        if evidence_id not in self._vocabularies:
            one = self._entries[evidence_id]
            texts = (one.found, one.asked, one.source, one.subject, one.heading, one.link)
            if one.kind is EvidenceKind.OTHER_SOURCE:
                texts = (one.found, one.source, one.subject)
            self._vocabularies[evidence_id] = Vocabulary(text for text in texts if text)
        return self._vocabularies[evidence_id]

    def moments(self) -> list[datetime]:
        """Every moment at which something was seen to begin or to change; empty where none was read here."""
        return list(self._moments)

    def is_gap(self, evidence_id: str) -> bool:
        """Whether an id stands for something that could not be read."""
        entry = self._found.get(evidence_id)
        return entry is not None and isinstance(entry.reading, GapReading)

    @staticmethod
    def _identity(evidence: Evidence) -> tuple[str, str, str, str | None]:
        return (evidence.source, evidence.asked, evidence.found, evidence.subject)


_ENDS = frozenset({"ended_at", "last_breach", "broken_until", "seen_from"})
"""Moments of readings at which nothing began."""


def _began(reading: Mapping[str, object]) -> list[datetime]:
    found: list[datetime] = []
    for name, value in reading.items():
        if name in _ENDS:
            continue
        if isinstance(value, datetime):
            found.append(value)
        elif name in {"breached", "earlier"}:
            times = cast(Sequence[tuple[datetime, datetime]], value or ())
            found += [first for first, _ in times]
    return found

"""What a list is asked for: filters and a page, from the words that were typed or stand behind a button."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal

from incidents.alert import Severity
from incidents.incident import LIVE_STATES, IncidentState

Command = Literal["status", "incidents"]

OPEN, ANY, QUIET = "open", "any", "ok"
"""Words for states beside those of an incident: one that is open, any at all, and a model without an open incident."""
STATES = frozenset({OPEN, ANY, QUIET, *(state.value for state in IncidentState)})
SEVERITIES = frozenset(severity.value for severity in Severity)
KEYS = {"model": "model", "state": "state", "severity": "severity", "env": "environment", "environment": "environment"}
LAST_PAGE = 100_000


@dataclass(frozen=True)
class Listing:
    """Filters, each empty where it is not asked for, and the page, counted from 1.

    `model` is a name, or a pattern with ``*``.
    """

    model: str = ""
    state: str = ""
    severity: str = ""
    environment: str = ""
    page: int = 1

    @classmethod
    def of(cls, words: str) -> "Listing":
        """From what was typed: ``critical``, ``fraud* page 2``, ``env=staging state=closed``.

        A word that is no state, severity or page is a model's name.
        """
        asked = cls()
        for key, value in _pairs(words):
            asked = replace(asked, page=_page(value)) if key == "page" else replace(asked, **{key: value})
        return asked

    @property
    def words(self) -> str:
        """The filters as they would be typed, without the page."""
        told = [self.model, self.state.replace("_", "-"), self.severity]
        return " ".join([*(one for one in told if one), *([f"env={self.environment}"] if self.environment else [])])

    @property
    def is_a_pattern(self) -> bool:
        """Does `model` stand for several?"""
        return "*" in self.model

    @property
    def incident_states(self) -> frozenset[IncidentState] | None:
        """The states of incidents that are meant; None for any."""
        if self.state == ANY:
            return None
        if self.state in {"", OPEN, QUIET}:
            return LIVE_STATES
        return frozenset({IncidentState(self.state)})

    def typed(self, command: Command, page: int) -> str:
        """What to type for another page of the same."""
        return " ".join(one for one in (command, self.words, f"page {page}") if one)

    def fits_model(self, name: str, environment: str) -> bool:
        """Is a model with this name and environment asked for?"""
        named = not self.model or fnmatchcase(name, self.model) or name == self.model
        return named and (not self.environment or environment == self.environment)

    def fits_trouble(self, state: IncidentState | None, severity: Severity | None) -> bool:
        """Is a model whose open incident stands so asked for? `state` is None where it has none."""
        if self.severity and (severity is None or severity.value != self.severity):
            return False
        if self.state in {"", ANY}:
            return True
        if self.state == QUIET:
            return state is None
        return state is not None and (self.state == OPEN or state.value == self.state)


def _pairs(words: str) -> Iterator[tuple[str, str]]:
    rest = iter(words.split())
    for word in rest:
        key, equals, value = word.partition("=")
        folded = word.lower().replace("-", "_")
        if key.lower() == "page":
            yield "page", value if equals else next(rest, "")
        elif word.isdecimal():
            yield "page", word
        elif equals and key.lower() in KEYS:
            name = KEYS[key.lower()]
            known = {"state": STATES, "severity": SEVERITIES}.get(name)
            folded = value.lower().replace("-", "_")
            # A state or severity that is none must not widen what is shown: it is taken as a model that is not there.
            yield (name, value) if known is None else ((name, folded) if folded in known else ("model", word))
        elif folded in STATES:
            yield "state", folded
        elif folded in SEVERITIES:
            yield "severity", folded
        else:
            yield "model", word


def _page(value: str) -> int:
    return max(1, min(int(value), LAST_PAGE)) if value.isdecimal() and len(value) < 9 else 1

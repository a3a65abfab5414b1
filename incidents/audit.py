"""The audit of a timeline: is every entry as it was written, and are all of them there?

Three things are compared: the hashes of the entries among each other, the last of them with the length and the head
that the incident's own row keeps, and any entry with its anchor as it was shown in Slack at the time. Who can write to
the database can rewrite a whole chain together with the row; only an anchor read outside of it tells then.
"""

import re
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from incidents.timeline import GENESIS, TimelineEntry, chained

ANCHOR_DIGITS = 8
"""How many characters of an entry's hash are shown beside a decision."""

DECISIONS = frozenset({"approved", "allowed", "denied", "expired", "superseded", "withdrawn"})
"""Entries that end a proposal's decision."""

_TYPED = re.compile(rf"(\d{{1,9}}):([0-9a-f]{{{ANCHOR_DIGITS},64}})")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Anchor(_Frozen):
    """An entry's number and the beginning of its hash, as a person reads it in Slack."""

    number: int = Field(ge=1)
    hash: str = Field(pattern=rf"^[0-9a-f]{{{ANCHOR_DIGITS},64}}$")

    @property
    def words(self) -> str:
        """``entry 7, 1a2b3c4d``."""
        return f"entry {self.number}, {self.hash[:ANCHOR_DIGITS]}"

    @classmethod
    def parse(cls, text: str) -> "Anchor":
        """From ``7:1a2b3c4d``. Raises `ValueError` that is fit to show."""
        found = _TYPED.fullmatch(text.strip().lower())
        if found is None or int(found[1]) < 1:
            raise ValueError(f"give the entry's number and its {ANCHOR_DIGITS} characters, as in 7:1a2b3c4d")
        return cls(number=int(found[1]), hash=found[2])


def anchor_of(entry: TimelineEntry) -> Anchor:
    """What is shown of an entry."""
    return Anchor(number=entry.number, hash=entry.hash[:ANCHOR_DIGITS])


def decision_anchor(timeline: Sequence[TimelineEntry], proposal_id: str) -> Anchor | None:
    """The anchor of the entry that ended a proposal's decision; None while it is undecided."""
    decided = (e for e in reversed(timeline) if e.kind in DECISIONS and e.details.get("proposal") == proposal_id)
    entry = next(decided, None)
    return anchor_of(entry) if entry is not None else None


class ChainHead(_Frozen):
    """How long the chain is and the hash of its last entry, as the incident's own row keeps them."""

    length: int
    head: str


class Unreadable(_Frozen):
    """A row of the timeline that is no entry any more, e.g. because its details are not JSON."""

    number: int


class Chain(_Frozen):
    """Everything that `verify` looks at, read in one moment."""

    incident_id: str
    kept: ChainHead
    entries: tuple[TimelineEntry | Unreadable, ...]

    @property
    def whole(self) -> tuple[TimelineEntry, ...]:
        """The entries that can be read."""
        return tuple(entry for entry in self.entries if isinstance(entry, TimelineEntry))


Fault = Literal["changed", "missing", "out_of_order", "not_following", "cut_off", "added", "rewritten", "not_as_shown"]


class Break(_Frozen):
    """The first entry that is not as it was, and why, in plain words."""

    number: int
    fault: Fault
    why: str


class AuditResult(_Frozen):
    """What the audit of one incident found. `broken` is None when everything is as it was written."""

    incident_id: str
    length: int
    """Entries found, whole or not."""
    head: str
    """Hash of the last entry found; empty where there is none."""
    compared: int
    """Anchors from Slack that were compared, too."""
    broken: Break | None = None

    @property
    def intact(self) -> bool:
        """Nothing was changed, removed, re-ordered, added or cut off."""
        return self.broken is None


def verify(chain: Chain, anchors: Sequence[Anchor] = ()) -> AuditResult:
    """Compare the entries with each other, with the incident's row and with what was shown in Slack."""
    entries = chain.entries
    last = entries[-1] if entries else None
    return AuditResult(
        incident_id=chain.incident_id,
        length=len(entries),
        head=last.hash if isinstance(last, TimelineEntry) else "",
        compared=len(anchors),
        broken=_in_the_chain(chain) or _against_the_row(chain) or _against_what_was_shown(entries, anchors),
    )


def _in_the_chain(chain: Chain) -> Break | None:
    previous = GENESIS
    numbers = {entry.number for entry in chain.entries}
    for expected, entry in enumerate(chain.entries, start=1):
        if entry.number != expected:
            if expected in numbers or entry.number < expected:
                return Break(number=expected, fault="out_of_order", why=f"entry {entry.number} stands in its place")
            return Break(number=expected, fault="missing", why="it is missing")
        if isinstance(entry, Unreadable):
            return Break(number=expected, fault="changed", why="its content was changed: it cannot be read any more")
        again = chained(**entry.model_dump(exclude={"hash"}))
        if entry.incident_id != chain.incident_id:
            return Break(number=expected, fault="changed", why="it belongs to another incident")
        if entry.hash != again.hash:
            return Break(
                number=expected, fault="changed", why="its content was changed: it does not fit its own hash any more"
            )
        if entry.previous != previous:
            before = f"entry {expected - 1}" if expected > 1 else "the beginning"
            return Break(
                number=expected,
                fault="not_following",
                why=f"it does not follow from {before}: one of the two was rewritten, or put in",
            )
        previous = entry.hash
    return None


def _against_the_row(chain: Chain) -> Break | None:
    """The chain holds in itself; is it also as long as the incident's row says, and does it end as it says?"""
    found, kept = len(chain.entries), chain.kept
    if not found and not kept.length:
        return Break(number=1, fault="missing", why="there is no entry at all, and no incident is without its first")
    if found < kept.length:
        last = f"entries {found + 1} to {kept.length} are" if kept.length > found + 1 else "it is"
        return Break(number=found + 1, fault="cut_off", why=f"{last} cut off: the incident has {kept.length} entries")
    if found > kept.length:
        return Break(
            number=kept.length + 1, fault="added", why=f"it was put in: the incident has {kept.length} entries"
        )
    last = chain.entries[-1]
    if isinstance(last, TimelineEntry) and last.hash != kept.head:
        return Break(number=found, fault="rewritten", why="it is not the entry that the incident's row names as last")
    return None


def _against_what_was_shown(entries: Sequence[TimelineEntry | Unreadable], anchors: Sequence[Anchor]) -> Break | None:
    for anchor in sorted(anchors, key=lambda one: one.number):
        if anchor.number > len(entries):
            return Break(
                number=anchor.number,
                fault="not_as_shown",
                why=f"it was shown as {anchor.hash[:ANCHOR_DIGITS]}, and the timeline ends with entry {len(entries)}",
            )
        entry = entries[anchor.number - 1]
        if not isinstance(entry, TimelineEntry) or not entry.hash.startswith(anchor.hash):
            found = entry.hash[:ANCHOR_DIGITS] if isinstance(entry, TimelineEntry) else "unreadable"
            return Break(
                number=anchor.number,
                fault="not_as_shown",
                why=f"it was shown as {anchor.hash[:ANCHOR_DIGITS]} and is {found} now",
            )
    return None

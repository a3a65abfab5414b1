"""What a look at an incident adds to the look before it: one that finds the same again is not told at full length."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from incidents.diagnosis import RunbookCitation
from incidents.ledger import IncidentFile, InvestigationView
from incidents.timeline import TimelineEntry

_JOINED = "alert_joined"


@dataclass(frozen=True)
class FoundAgain:
    """A look came to the same cause and culprit, with the same confidence, as the one before it.

    Attributes:
        joined: what the timeline says of alerts that joined between the two.
        cited: the passages it cites that no look before it cited.
    """

    joined: tuple[str, ...]
    cited: tuple[RunbookCitation, ...] = ()


def found_again(file: IncidentFile, look: InvestigationView) -> FoundAgain | None:
    """None for the first look, for one that found something else, and for one that a person asked for."""
    earlier = _earlier(file.investigations, look)
    before = max(earlier, key=began_at, default=None)
    if look.question or look.asked_by or look.findings is None or before is None or before.findings is None:
        return None
    now, then = look.findings.diagnosis, before.findings.diagnosis
    if (now.root_cause, now.culprit, now.confidence) != (then.root_cause, then.culprit, then.confidence):
        return None
    known = {(c.file, c.heading) for one in earlier if one.findings for c in one.findings.diagnosis.citations}
    return FoundAgain(
        joined=tuple(_joined(file.timeline, began_at(before), began_at(look))),
        cited=tuple(one for one in now.citations if (one.file, one.heading) not in known),
    )


def began_at(look: InvestigationView) -> datetime:
    """When it began; when it was asked for, where it has not begun yet."""
    return look.started_at or look.created_at


def _earlier(looks: Sequence[InvestigationView], look: InvestigationView) -> list[InvestigationView]:
    """The looks that began before this one, and are done."""
    return [one for one in looks if one.id != look.id and one.state == "done" and began_at(one) < began_at(look)]


def _joined(timeline: Sequence[TimelineEntry], start: datetime, end: datetime) -> list[str]:
    return [entry.text for entry in timeline if entry.kind == _JOINED and start <= entry.at <= end]

"""Runbook passages and incidents that people wrote up. Every one is a record of the index, quoted word for word."""

import asyncio
from collections.abc import Sequence

from agents.collectors import past_incidents
from agents.collectors.lens import Lens, why
from agents.readings.found import Found
from agents.readings.remembered import PassageReading
from agents.wording import case_in_words
from incidents.evidence import Evidence, EvidenceKind
from tools.errors import UpstreamError
from tools.runbook_index.records import RunbookHit

SOURCE = "Runbook index"
TOLD_OF_THE_PAST = ("Root cause", "What worked")
"""Headings of a past incident's page that say most."""


async def for_alerts(lens: Lens) -> Sequence[Found]:
    """The pages of the alerts that fired, by name and address, and past incidents like this one, our own last."""
    alerts = {alert.name: alert for alert in lens.case.incident.alerts}
    text = case_in_words(lens.case.incident)
    found: list[Found] = []
    try:
        for name, alert in list(alerts.items())[:4]:
            summary = alert.annotations.get("summary", "")[:300]
            hits = await asyncio.to_thread(
                lens.sources.runbooks.search,
                f"{name} {summary}",
                alert=name,
                runbook_url=alert.annotations.get("runbook_url"),
                k=3,
            )
            found.extend(_passage(lens, hit) for hit in hits)
        past = await asyncio.to_thread(_past, lens, text, 3)
    except UpstreamError as error:
        return (lens.gap(SOURCE, "runbooks", f"pages for {text}", why(error, SOURCE)),)
    return [*found, *past, *await past_incidents.like_this(lens)]


async def search(lens: Lens, query: str, k: int = 4) -> Sequence[Found]:
    """Passages for a question."""
    try:
        hits = await asyncio.to_thread(lens.sources.runbooks.search, query, k=k)
    except UpstreamError as error:
        return (lens.gap(SOURCE, "runbooks", query, why(error, SOURCE)),)
    return [_passage(lens, hit) for hit in hits]


async def similar(lens: Lens, text: str, k: int = 3) -> Sequence[Found]:
    """Past incidents like the one told: our own closed ones, then those that people wrote up."""
    own = await past_incidents.search(lens, text)
    try:
        return [*own, *await asyncio.to_thread(_past, lens, text, k)]
    except UpstreamError as error:
        return [*own, lens.gap(SOURCE, "runbooks", text, why(error, SOURCE))]


def _past(lens: Lens, text: str, k: int) -> list[Found]:
    """Past incidents like the one told, each by its root cause and by what worked, where its page says so.

    The sentence nearest to an alert's name is most often the link to that alert's page, which tells nothing.
    """
    index = lens.sources.runbooks
    found: list[Found] = []
    for hit in index.search_incidents(text, k):
        name = hit.title.partition(": ")[2] or hit.title
        told = [index.told_under(hit.file, heading, f"{name}: {heading}") for heading in TOLD_OF_THE_PAST]
        for one in [one for one in told if one is not None] or [hit]:
            place = one.heading if one.heading == one.title else f"{one.title} > {one.heading}"
            found.append(_passage(lens, one, place))
    return found


def _passage(lens: Lens, hit: RunbookHit, heading: str | None = None) -> Found:
    kind = EvidenceKind.PAST_INCIDENT if hit.kind == "incident" else EvidenceKind.RUNBOOK
    evidence = Evidence(
        id="",
        kind=kind,
        source=SOURCE,
        asked=hit.record_id,
        found=hit.quote,
        subject=hit.file,
        read_at=lens.now,
        heading=heading or hit.heading,
        lines=hit.lines,
    )
    reading = PassageReading(
        file=hit.file,
        heading=heading or hit.heading,
        lines=hit.lines,
        quote=hit.quote,
        kind=hit.kind,
        title=hit.title,
        score=hit.score,
    )
    return Found(evidence, reading)

"""Runbook passages and past incidents. Every one is a record of the index, quoted word for word."""

import asyncio
from collections.abc import Sequence

from agents.collectors.lens import Lens, why
from agents.readings import Found, PassageReading
from agents.wording import case_in_words
from incidents.evidence import Evidence, EvidenceKind
from tools.errors import UpstreamError
from tools.runbook_index.records import RunbookHit

SOURCE = "Runbook index"


async def for_alerts(lens: Lens) -> Sequence[Found]:
    """The pages of the alerts that fired, by name and address, and past incidents like this one."""
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
        past = await asyncio.to_thread(lens.sources.runbooks.similar_incidents, text, 3)
    except UpstreamError as error:
        return (lens.gap(SOURCE, "runbooks", f"pages for {text}", why(error, SOURCE)),)
    found.extend(_passage(lens, hit) for hit in past)
    return found


async def search(lens: Lens, query: str, k: int = 4) -> Sequence[Found]:
    """Passages for a question."""
    try:
        hits = await asyncio.to_thread(lens.sources.runbooks.search, query, k=k)
    except UpstreamError as error:
        return (lens.gap(SOURCE, "runbooks", query, why(error, SOURCE)),)
    return [_passage(lens, hit) for hit in hits]


async def similar(lens: Lens, text: str, k: int = 3) -> Sequence[Found]:
    """Past incidents like the one told."""
    try:
        hits = await asyncio.to_thread(lens.sources.runbooks.similar_incidents, text, k)
    except UpstreamError as error:
        return (lens.gap(SOURCE, "runbooks", text, why(error, SOURCE)),)
    return [_passage(lens, hit) for hit in hits]


def _passage(lens: Lens, hit: RunbookHit) -> Found:
    kind = EvidenceKind.PAST_INCIDENT if hit.kind == "incident" else EvidenceKind.RUNBOOK
    evidence = Evidence(
        id="",
        kind=kind,
        source=SOURCE,
        asked=hit.record_id,
        found=hit.quote,
        subject=hit.file,
        read_at=lens.now,
        heading=hit.heading,
        lines=hit.lines,
    )
    reading = PassageReading(
        file=hit.file,
        heading=hit.heading,
        lines=hit.lines,
        quote=hit.quote,
        kind=hit.kind,
        title=hit.title,
        score=hit.score,
    )
    return Found(evidence, reading)

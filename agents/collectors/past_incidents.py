"""Closed incidents of our own like this one: what was tried, what worked and what did not."""

import asyncio
from collections.abc import Sequence

from agents.collectors.lens import Lens, why
from agents.readings.found import Found
from agents.readings.remembered import PastIncidentReading
from agents.wording import as_name, case_in_words, in_its_words
from incidents.evidence import EvidenceKind
from incidents.past_incident import PastIncident
from tools.errors import UpstreamError

SOURCE = "Past incidents"
MOST = 3
LONGEST_SAID = 160


async def like_this(lens: Lens) -> Sequence[Found]:
    """Those like the incident itself."""
    incident = lens.case.incident
    return await _found(lens, case_in_words(incident), frozenset(alert.name for alert in incident.alerts))


async def search(lens: Lens, text: str) -> Sequence[Found]:
    """Those like the one told, of this model first."""
    return await _found(lens, text, frozenset())


async def _found(lens: Lens, text: str, alerts: frozenset[str]) -> Sequence[Found]:
    memory, incident = lens.sources.memory, lens.case.incident
    if memory is None:
        return ()
    try:
        hits = await asyncio.to_thread(
            memory.search, text, model=incident.model, alerts=alerts, besides=incident.id, k=MOST
        )
    except UpstreamError as error:
        return (lens.gap("Runbook index", "past_incidents", text, why(error, "The index")),)
    return [_told(lens, hit.past) for hit in hits]


def _told(lens: Lens, past: PastIncident) -> Found:
    similar = past.beside(lens.case.incident.model, lens.now)
    named = similar.model_copy(update={"model": as_name(similar.model)})
    evidence = lens.fact(
        EvidenceKind.PAST_INCIDENT,
        SOURCE,
        f"incidents like {lens.case.incident.id}",
        f"{named.told}{in_its_words(similar.said, LONGEST_SAID)}",
        subject=past.id,
    )
    reading = PastIncidentReading(id=past.id, same_model=similar.same_model, cause=past.cause, similar=similar)
    return Found(evidence, reading)

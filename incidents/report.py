"""The closing report: what happened when, rendered by code from the timeline."""

from collections.abc import Sequence
from datetime import timedelta

from pydantic import BaseModel, ConfigDict

from incidents.clock import Moment
from incidents.diagnosis import Diagnosis
from incidents.incident import Incident
from incidents.timeline import TimelineEntry

MILESTONES: tuple[tuple[str, frozenset[str]], ...] = (
    ("Trouble began", frozenset({"onset"})),
    ("Alert received", frozenset({"alert_fired"})),
    ("Diagnosed", frozenset({"diagnosed"})),
    ("Decided", frozenset({"approved", "denied", "expired", "allowed"})),
    ("Change sent", frozenset({"call_sent"})),
    ("Change done", frozenset({"executed"})),
    ("Recovered", frozenset({"verified", "resolved"})),
)
"""What the report's table shows, each by the first timeline entry of one of these kinds."""


class Milestone(BaseModel):
    """One line of the report's table. `since_onset` counts from the first milestone."""

    model_config = ConfigDict(frozen=True)

    what: str
    at: Moment
    since_onset: timedelta
    text: str
    actor: str


class Report(BaseModel):
    """What a person reads when it is over."""

    model_config = ConfigDict(frozen=True)

    incident: Incident
    diagnosis: Diagnosis | None
    milestones: tuple[Milestone, ...]
    done: tuple[str, ...]
    read_next: tuple[str, ...]
    chain_length: int
    chain_head: str
    broke_glass: tuple[TimelineEntry, ...] = ()
    """Who acted for two, and why."""
    closed_by: TimelineEntry | None = None
    """Who ended it, where it was not its recovery that did."""


def write(
    incident: Incident,
    diagnosis: Diagnosis | None,
    timeline: Sequence[TimelineEntry],
    read_next: Sequence[str] = (),
) -> Report:
    """The report of an incident, from its timeline. `timeline` is in order and not empty."""
    found: list[tuple[str, Moment, str, str]] = []
    if diagnosis and diagnosis.onset:
        found.append(("Trouble began", diagnosis.onset, "first sign in the metrics", "agentops"))
    for what, kinds in MILESTONES:
        entry = next((e for e in timeline if e.kind in kinds), None)
        if entry:
            found.append((what, entry.at, entry.text, entry.actor))
    found.sort(key=lambda row: row[1])
    start = found[0][1] if found else incident.started_at
    return Report(
        incident=incident,
        diagnosis=diagnosis,
        milestones=tuple(
            Milestone(what=what, at=at, since_onset=at - start, text=text, actor=actor)
            for what, at, text, actor in found
        ),
        done=tuple(e.text for e in timeline if e.kind in {"executed", "candidate_registered"}),
        read_next=tuple(read_next),
        chain_length=len(timeline),
        chain_head=timeline[-1].hash if timeline else "",
        broke_glass=tuple(e for e in timeline if e.kind == "broke_glass"),
        closed_by=closed_by_hand(timeline),
    )


def closed_by_hand(timeline: Sequence[TimelineEntry]) -> TimelineEntry | None:
    """The entry of the person who ended the incident, where neither its alerts nor its recovery had."""
    ended = next((e for e in timeline if e.kind in {"resolved", "verified", "closed"}), None)
    return ended if ended is not None and ended.kind == "closed" and ended.actor != "agentops" else None

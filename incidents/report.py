"""The closing report: what happened when, rendered by code from the timeline."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import cast

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

OF_EACH_STEP = frozenset({"Decided", "Change sent", "Change done"})
"""What each step of a plan has of its own; it is shown once for each."""

TELLS_PEOPLE = frozenset({"slack", "github"})
"""Services whose calls tell somebody something; the milestones are of what changes the model or its data."""


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
    decided_by: tuple[str, ...] = ()
    """The people who decided, each once, in order; with those who were one of several."""
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
    side = _sides(timeline)
    titles = {str(e.details.get("proposal", "")): e.text for e in timeline if e.kind == "proposed"}
    for what, kinds in MILESTONES:
        entries = [e for e in timeline if e.kind in kinds and not _is_of(e, side)]
        first = list({_step_of(e) if what in OF_EACH_STEP else "": e for e in reversed(entries)}.values())
        for entry in first:
            title = titles.get(_step_of(entry), "") if what == "Decided" and len(first) > 1 else ""
            found.append((what, entry.at, f"{entry.text} – {title}" if title else entry.text, entry.actor))
    found.sort(key=lambda row: row[1])
    start = found[0][1] if found else incident.started_at
    return Report(
        incident=incident,
        diagnosis=diagnosis,
        milestones=tuple(
            Milestone(what=what, at=at, since_onset=at - start, text=text, actor=actor)
            for what, at, text, actor in found
        ),
        done=tuple(_done(timeline)),
        read_next=tuple(read_next),
        chain_length=len(timeline),
        chain_head=timeline[-1].hash if timeline else "",
        broke_glass=tuple(e for e in timeline if e.kind == "broke_glass"),
        decided_by=tuple(dict.fromkeys(e.actor for e in timeline if e.kind in _BY_PEOPLE and e.actor not in _NOBODY)),
        closed_by=closed_by_hand(timeline),
    )


_BY_PEOPLE = frozenset({"vote", "approved", "denied"})
_NOBODY = frozenset({"agentops", "policy"})


def _done(timeline: Sequence[TimelineEntry]) -> Iterator[str]:
    """What was done; of a candidate that waits for its promotion also that it does."""
    for number, entry in enumerate(timeline):
        later = timeline[number + 1 :]
        waits = entry.kind == "candidate_registered" and not any(one.kind == "executed" for one in later)
        if entry.kind == "executed" or waits:
            yield entry.text


def _sides(timeline: Sequence[TimelineEntry]) -> set[str]:
    """Ids of the proposals and executions that only tell people."""
    found: set[str] = set()
    for entry in timeline:
        told = entry.details.get("requests") or [entry.details.get("request")]
        services = {str(cast("dict[str, object]", one).get("service")) for one in told if isinstance(one, dict)}
        if services and services <= TELLS_PEOPLE:
            found |= {str(entry.details[key]) for key in ("proposal", "execution") if key in entry.details}
    return found


def _step_of(entry: TimelineEntry) -> str:
    """The proposal or the execution that an entry tells of; empty where it names none."""
    return str(entry.details.get("execution") or entry.details.get("proposal") or "")


def _is_of(entry: TimelineEntry, ids: set[str]) -> bool:
    return any(str(entry.details.get(key, "")) in ids for key in ("proposal", "execution"))


def closed_by_hand(timeline: Sequence[TimelineEntry]) -> TimelineEntry | None:
    """The entry of the person who ended the incident, where neither its alerts nor its recovery had."""
    ended = next((e for e in timeline if e.kind in {"resolved", "verified", "closed"}), None)
    return ended if ended is not None and ended.kind == "closed" and ended.actor != "agentops" else None

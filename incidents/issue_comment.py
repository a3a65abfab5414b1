"""What is new about an incident, as one comment of its GitHub issue; and its resolution, which closes the issue."""

import re
from collections.abc import Collection, Iterator, Sequence

from pydantic import BaseModel, ConfigDict

from incidents import report
from incidents.cause_words import CAUSE
from incidents.incident import LIVE_STATES
from incidents.issue_text import moment
from incidents.ledger import IncidentFile
from incidents.markdown import code, escaped
from incidents.report import Report
from incidents.timeline import TimelineEntry

HEADLINE: dict[str, str] = {
    "approved": "Approved by people in Slack",
    "broke_glass": "Approved by one person acting for two",
    "allowed": "Allowed by the policy, without a person",
    "denied": "Denied",
    "expired": "Nobody decided in time; a person is needed",
    "withdrawn": "Withdrawn",
    "call_sent": "Change sent",
    "call_late": "Change sent late; somebody has to check it",
    "canary_step": "Canary",
    "executed": "Change done",
    "execution_failed": "The change failed; a person is needed",
    "execution_stale": "The change was not sent",
    "execution_needs_verification": "It is not known whether the change took effect; a person is needed",
    "candidate_registered": "A retrained candidate passed its gate",
    "verification_candidate_refused": "The retrained candidate is not good enough",
    "verified": "Recovery confirmed",
    "verification_failed": "The change did not help",
    "verification_inconclusive": "The recovery could not be confirmed",
    "refired": "The alert fired again",
    "escalated": "A person is needed",
    "false_alarm": "Marked as a false alarm",
    "resolved": "Resolved",
    "closed": "Closed",
}
"""The kinds of timeline entries that somebody outside wants to hear of, and what each is called there."""

_BARE = frozenset({"approved", "allowed", "executed", "expired"})
"""Kinds whose own words say no more than the headline once the proposal's title stands beside it."""
_MOST_LINES = 25
_MOST_CHARACTERS = 40_000
"""GitHub takes 65,536 in a comment; the resolution needs room too, and escaping makes it longer."""
_TOLD = re.compile(r"<!-- agentops:told (\d{1,9}) -->")


class IssueComment(BaseModel):
    """One comment to be made.

    Attributes:
        marker: finds it again. It names where it begins: until the row says that it was told, it is the same comment.
        up_to: number of the last timeline entry that it takes in.
        closes: it is the last one, with the resolution.
        earlier: marker of a comment that may stand there already from before a crash, and tells part of this one;
            only where it closes.
    """

    model_config = ConfigDict(frozen=True)

    body: str
    marker: str
    up_to: int
    closes: bool
    earlier: str | None = None


def comment_on(
    file: IncidentFile, told: int, *, besides: Collection[str] = (), thread: str | None = None
) -> IssueComment | None:
    """The comment that is due after entry `told`, or None where nothing happened that matters.

    Args:
        file: the incident.
        told: number of the last timeline entry that was told.
        besides: ids of proposals and executions that are not told of: the issue's own.
        thread: address of the Slack thread, where it is known.
    """
    new = [
        entry
        for entry in file.timeline
        if entry.number > told and entry.kind in HEADLINE and not _goes_on(entry) and not _is_about(entry, besides)
    ]
    over = file.incident.state not in LIVE_STATES
    if not new and not over:
        return None
    parts = [*(["\n".join(_resolution(file, besides))] if over else []), "\n".join(_newest(file, new))]
    if thread is not None:
        parts.append(f"[Thread in Slack]({thread})")
    up_to = len(file.timeline)
    after = f"<!-- agentops:{file.incident.id} after {told} -->"
    marker = f"<!-- agentops:{file.incident.id} resolution -->" if over else after
    parts.append(f"{marker}\n<!-- agentops:told {up_to} -->")
    body = "\n\n".join(part for part in parts if part)
    return IssueComment(body=body, marker=marker, up_to=up_to, closes=over, earlier=after if over else None)


def told_by(body: str, told: int, up_to: int) -> int:
    """How far a comment that stands on GitHub tells, where that is believable; else `up_to`.

    It may be one of before a crash, which knew less than there is to tell now; and somebody may have edited it.
    """
    found = _TOLD.findall(body)
    number = int(found[-1]) if found else up_to
    return number if told < number <= up_to else up_to


def _newest(file: IncidentFile, entries: Sequence[TimelineEntry]) -> list[str]:
    """A line for each, as many of the newest as a comment has room for."""
    lines = [_line(file, entry) for entry in entries[-_MOST_LINES:]]
    while len(lines) > 1 and sum(map(len, lines)) > _MOST_CHARACTERS:
        lines.pop(0)
    left_out = len(entries) - len(lines)
    return [f"- {left_out} earlier ones are left out.", *lines] if left_out else lines


def _goes_on(entry: TimelineEntry) -> bool:
    """A later call of a change whose first has been told: a quarantine has one for each object."""
    return entry.kind == "call_sent" and entry.details.get("call", 1) != 1


def _is_about(entry: TimelineEntry, ids: Collection[str]) -> bool:
    return any(str(entry.details.get(key, "")) in ids for key in ("proposal", "execution"))


def _line(file: IncidentFile, entry: TimelineEntry) -> str:
    title = _title_of(file, entry)
    words = "" if entry.kind in _BARE and title else escaped(entry.text, 300)
    said = ": ".join(part for part in (escaped(title, 200) if title else "", words) if part)
    return f"- {moment(entry.at)}: **{HEADLINE[entry.kind]}**{f': {said}' if said else ''}"


def _title_of(file: IncidentFile, entry: TimelineEntry) -> str:
    """Of the proposal that a decision is about. What is done tells it in its own words."""
    wanted = entry.details.get("proposal")
    return next((view.proposal.title for view in file.proposals if view.proposal.id == wanted), "")


def _resolution(file: IncidentFile, besides: Collection[str]) -> Iterator[str]:
    """Cause, what was done, since when it is well."""
    findings = file.findings
    timeline = [entry for entry in file.timeline if not _is_about(entry, besides)]
    told = report.write(file.incident, findings.diagnosis if findings else None, timeline)
    yield "### Resolved\n"
    if told.diagnosis is not None:
        culprit = told.diagnosis.culprit
        named = f": {code(culprit.name, 100)}" if culprit.kind != "none" and culprit.name.strip() else ""
        yield f"- Cause: {CAUSE[told.diagnosis.root_cause]}{named}"
    done = "; ".join(escaped(one, 300) for one in told.done[:5])
    yield f"- Done: {done or 'nothing was changed by AgentOps'}"
    if file.incident.resolved_at is not None:
        yield f"- Well since: {moment(file.incident.resolved_at)}{_lasted(told)}"


def _lasted(told: Report) -> str:
    first, last = told.milestones[:1], told.milestones[-1:]
    minutes = round((last[0].at - first[0].at).total_seconds() / 60) if first and last else 0
    return f", {minutes} minutes after it began" if minutes > 0 else ""

"""The closing report: what happened when, what was done, what to read next."""

from datetime import UTC, timedelta

from bot.slack import ids
from bot.slack.blocks.citations import past_incident
from bot.slack.blocks.kit import actions, button, context, header, rendered, section, table
from bot.slack.blocks.links import Links
from bot.slack.blocks.text import code, duration, joined, mrkdwn, person
from bot.slack.blocks.wording import culprit_words, trouble_lasted, with_alerts_in_words
from bot.slack.rendered import Rendered
from incidents.cause_words import CAUSE
from incidents.report import Milestone, Report

_SPANS: tuple[tuple[str, str, str], ...] = (
    ("Detect", "Trouble began", "Alert received"),
    ("Diagnose", "Alert received", "Diagnosed"),
    ("Decide", "Diagnosed", "Decided"),
    ("Recover", "Decided", "Recovered"),
)
SIMILAR = "Similar: "
"""Begins what is to be read next where it is a past incident."""


def report_message(report: Report, links: Links) -> Rendered:
    """The whole story, from the timeline alone."""
    incident = report.incident
    lasted = trouble_lasted(incident, report.diagnosis.onset if report.diagnosis else None)
    over = f" after {duration(lasted)}" if lasted else ""
    if report.closed_by is not None:
        title = f"{incident.model} was closed by hand"
    else:
        title = f"{incident.model} recovered{over}" if incident.resolved_at else f"Report on {incident.model}"
    blocks = [header(f"Report: {title}"), section("\n".join(_story(report)))]
    if report.milestones:
        rows = [
            (m.what, f"{m.at.astimezone(UTC):%H:%M:%S}", f"+{duration(m.since_onset)}", with_alerts_in_words(m.text))
            for m in report.milestones
        ]
        blocks.append(table(("What", "UTC", "After", "How"), rows, limit=160))
    if report.read_next:
        told = "\n".join(f"• {_readable(one, links)}" for one in report.read_next[:6])
        blocks.append(section(f"*Read next*\n{told}"))
    head = code(report.chain_head[:16], 16) if report.chain_head else "none"
    blocks.append(context(f"{mrkdwn(incident.id, 40)} · timeline of {report.chain_length} entries, head {head}"))
    marked = incident.false_alarm_by is not None
    label = "Not a false alarm" if marked else "False alarm"
    blocks.append(actions([button(label, ids.FALSE_ALARM, value=incident.id)]))
    return rendered(f"Report: {mrkdwn(title, 200)}", blocks, tail=2)


def _story(report: Report) -> list[str]:
    lines: list[str] = []
    diagnosis = report.diagnosis
    if diagnosis is not None:
        culprit = culprit_words(diagnosis.culprit)
        lines.append(f"*Cause:* {CAUSE[diagnosis.root_cause]}" + (f": {mrkdwn(culprit, 200)}" if culprit else ""))
    done = [mrkdwn(one, 300) for one in report.done[:5]]
    if len(done) > 1:
        lines.append("\n".join(["*Done:*", *(f"• {one}" for one in done)]))
    else:
        lines.append(f"*Done:* {done[0]}" if done else "*Done:* nothing was changed.")
    at = {m.what: m for m in reversed(report.milestones)}  # of several steps the first
    spans = [f"{name} {duration(span)}" for name, span in _durations(at)]
    if spans:
        lines.append(f"*How long it took:* {' · '.join(spans)}")
    if report.decided_by:
        lines.append(f"*Decided by:* {joined([person(one) for one in report.decided_by[:6]])}")
    for entry in report.broke_glass[:3]:
        lines.append(f":rotating_light: *Break-glass:* {person(entry.actor)}: {mrkdwn(entry.text, 400)}")
    if report.closed_by is not None:
        lines.append(f"*Closed by:* {person(report.closed_by.actor)}: {mrkdwn(report.closed_by.text, 300)}")
    if report.incident.acked_by is not None:
        lines.append(f"*Taken by:* {person(report.incident.acked_by)}")
    if report.incident.false_alarm_by is not None:
        lines.append(f":no_bell: *Marked as a false alarm* by {person(report.incident.false_alarm_by)}")
    return lines


def _durations(at: dict[str, Milestone]) -> list[tuple[str, timedelta]]:
    return [
        (name, at[last].at - at[first].at)
        for name, first, last in _SPANS
        if first in at and last in at and at[last].at >= at[first].at
    ]


def _readable(what: str, links: Links) -> str:
    """A runbook's file as a link where there is one; an address likewise; otherwise the words."""
    if what.startswith(("http://", "https://")):
        return links.mrkdwn(what, what, 200)
    if what.startswith(SIMILAR):
        return f"{SIMILAR}{past_incident(what.removeprefix(SIMILAR), links)}"
    file = what.split(" ", 1)[0]
    address = links.runbook(file) if file.endswith(".md") else None
    return links.mrkdwn(address, what, 200)

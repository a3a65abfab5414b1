"""How remediations went: a table whose rows add up, the times, why people said no, and what it might justify."""

from collections.abc import Iterator
from datetime import timedelta

from bot.slack.blocks.kit import context, rendered, section, table
from bot.slack.blocks.text import date, duration, joined, mrkdwn, plural
from bot.slack.rendered import Block, Rendered
from incidents.remediation import RemediationKind
from incidents.trust import Times, Trust, TrustLine

KIND: dict[RemediationKind, str] = {
    "RollbackEndpoint": "Roll back",
    "ShiftTraffic": "Shift traffic",
    "StartRetraining": "Retrain",
    "PromoteModel": "Promote",
    "QuarantineData": "Quarantine data",
    "RerunDataPipeline": "Re-run data pipeline",
    "OpenIssue": "Open issue",
    "NotifyOwners": "Notify owners",
}
"""What each kind is called where there is room for two words."""

HEAD = (
    "Remediation",
    "Proposed",
    "Approved",
    "By policy",
    "Denied",
    "Expired",
    "Overtaken",
    "Waiting",
    "Recovered",
    "Failed",
    "Undone",
    "Unproven",
    "Stopped",
    "Under way",
    "False alarms",
)
"""With the model before it where there are several: 16 columns; Slack takes 20."""

_ALWAYS = frozenset({"Remediation", "Proposed", "Approved", "Recovered"})
"""Columns that are shown whatever was counted."""

_ROWS = 40
_MODELS = 10
_DENIALS = 5
_SUGGESTIONS = 20


def trust_message(trust: Trust, model: str | None = None) -> Rendered:
    """What became of what was proposed; of one model where `model` is given."""
    whose = f" of {mrkdwn(model, 80)}" if model else ""
    title = f"What became of the remediations{whose}"
    proposed = sum(line.counts.proposed for line in trust.lines)
    since = context(f"Proposed since {date(trust.since, '{date_short}')}. All times are medians.")
    if not trust.lines:
        nothing = section(f"*{title}*\nNothing has been proposed yet.")
        return rendered(f"{title}: nothing proposed yet", [nothing, *_models(trust), since])
    blocks = [
        section(f"*{title}*"),
        *_models(trust),
        _table(trust, several=model is None),
        context(*_sums(trust)),
        *_suggestions(trust.lines),
        *_denials(trust.lines),
    ]
    if len(trust.lines) > _ROWS:
        blocks.append(context(f"{len(trust.lines) - _ROWS} more; ask for one model by name."))
    recovered = sum(line.counts.verified for line in trust.lines)
    return rendered(f"{title}: {proposed} proposed, {recovered} recovered", [*blocks, since], tail=1)


def row(line: TrustLine) -> list[str]:
    """One line under `HEAD`."""
    counts = line.counts
    figures = (
        counts.proposed,
        counts.approved,
        counts.automatic,
        counts.denied,
        counts.expired,
        counts.superseded + counts.withdrawn,
        counts.waiting,
        counts.verified,
        counts.failed,
        counts.reverted,
        counts.unproven,
        counts.stopped,
        counts.under_way,
        line.false_alarms,
    )
    return [KIND[line.kind], *(str(figure) for figure in figures)]


def times_words(times: Times) -> str:
    """`detect 2 min · diagnose 40 s`; empty where nothing was measured."""
    named = (
        ("detect", times.detect),
        ("diagnose", times.diagnose),
        ("decide", times.decide),
        ("recover", times.recover),
    )
    return " · ".join(f"{name} {duration(span)}" for name, span in named if isinstance(span, timedelta))


def _table(trust: Trust, *, several: bool) -> Block:
    """Without the columns in which nothing was counted: fifteen of them fit into no window."""
    rows = [row(line) for line in trust.lines[:_ROWS]]
    empty = _empty(rows)
    kept = [place for place, name in enumerate(HEAD) if name not in empty]
    head = [HEAD[place] for place in kept]
    shown = [[one[place] for place in kept] for one in rows]
    if several:
        head = ["Model", *head]
        shown = [[line.model, *one] for line, one in zip(trust.lines, shown, strict=False)]
    return table(head, shown, limit=60)


def _empty(rows: list[list[str]]) -> list[str]:
    columns = zip(HEAD, zip(*rows, strict=True), strict=True)
    return [name for name, column in columns if name not in _ALWAYS and set(column) == {"0"}]


def _sums(trust: Trust) -> Iterator[str]:
    """How the figures add up, and which of them are none everywhere."""
    yield "Proposed = approved + by policy + denied + expired + overtaken + waiting."
    yield "Approved + by policy = recovered + failed + undone + unproven + stopped + under way."
    empty = _empty([row(line) for line in trust.lines[:_ROWS]])
    if empty:
        yield f"None: {', '.join(name.lower() for name in empty)}."


def _models(trust: Trust) -> list[Block]:
    told: list[str] = []
    for one in trust.models[:_MODELS]:
        false = f", {plural(one.false_alarms, 'false alarm')}" if one.false_alarms else ""
        times = times_words(one.times)
        told.append(
            f"*{mrkdwn(one.model, 80)}*: {plural(one.incidents, 'incident')}{false}{' · ' if times else ''}{times}"
        )
    if len(trust.models) > _MODELS:
        told.append(f"{len(trust.models) - _MODELS} more models; ask for one by name.")
    return [section("\n".join(told))] if told else []


def _suggestions(lines: tuple[TrustLine, ...]) -> list[Block]:
    told = [
        f"• {mrkdwn(line.model, 80)}, {KIND[line.kind].lower()}: {mrkdwn(line.suggestion, 300)}"
        for line in lines
        if line.risk != "none"
    ][:_SUGGESTIONS]
    if not told:
        return []
    head = "*What might be considered* (a suggestion only: the level is a line of policy.yaml, with an author)"
    return [section("\n".join([head, *told]))]


def _denials(lines: tuple[TrustLine, ...]) -> list[Block]:
    denied = sorted(((one, line) for line in lines for one in line.denials), key=lambda pair: pair[0].at, reverse=True)
    if not denied:
        return []
    told = [
        f"• {date(one.at, '{date_short}')}, {KIND[line.kind].lower()} of {mrkdwn(line.model, 80)}: "
        f"“{mrkdwn(one.reason, 200)}”"
        for one, line in denied[:_DENIALS]
    ]
    more = len(denied) - _DENIALS
    return [section("\n".join(["*Why people said no*", *told, *([f"{more} more"] if more > 0 else [])]))]


def chart_words(trust: Trust) -> list[str]:
    """What the chart shows, a sentence a month in which something was proposed."""
    told: list[str] = []
    for one in trust.months:
        counts = one.counts
        if not counts.proposed:
            continue
        parts = [
            f"{figure} {word}"
            for figure, word in (
                (counts.verified, "recovered"),
                (counts.failed + counts.reverted, "failed or undone"),
                (counts.denied, "denied"),
                (counts.expired, "expired"),
            )
            if figure
        ]
        told.append(f"{one.month}: {counts.proposed} proposed" + (f", {joined(parts)}" if parts else ""))
    return told

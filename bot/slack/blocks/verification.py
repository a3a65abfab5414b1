"""Whether the world has recovered, signal by signal."""

from bot.slack.blocks.kit import context, rendered, section, table
from bot.slack.blocks.text import date, duration, mrkdwn, number, plural
from bot.slack.blocks.wording import OUTCOME, alert_words
from bot.slack.rendered import Rendered
from incidents.ledger import VerificationView
from incidents.verification import SignalCheck

_VERDICT: dict[str, tuple[str, str]] = {
    "watching": (":hourglass_flowing_sand:", "Checking the recovery"),
    "recovered": (":white_check_mark:", "Recovered"),
    "failed": (":x:", "Not recovered"),
    "inconclusive": (":warning:", "Cannot be told"),
}


def verification_message(view: VerificationView) -> Rendered:
    """Every alert's own expression against its own threshold, over the whole window."""
    sign, word = _VERDICT.get(view.state, (":information_source:", "Checking the recovery"))
    window = duration(view.deadline - view.began_at)
    if view.state == "watching":
        rest = f"every alert has to stay inside its threshold for {window}, until {date(view.deadline, '{time_secs}')}."
    elif view.finished_at is not None:
        rest = f"after {duration(view.finished_at - view.began_at)} of watching."
    else:
        rest = f"over {window}."
    note = f"\n{mrkdwn(view.note, 500)}" if view.note else ""
    blocks = [section(f"{sign} *{word}* – {rest}{note}")]
    if view.checks:
        rows = [_row(check) for check in view.checks]
        blocks.append(table(("Signal", "Threshold", "Worst value", "Samples", "Verdict"), rows))
        blocks.append(context(f"{plural(len(view.checks), 'signal')}, each judged by its alert's own expression"))
    return rendered(f"{word}: {mrkdwn(rest.split(', until')[0], 200)}", blocks)


def _row(check: SignalCheck) -> tuple[str, str, str, str, str]:
    threshold = check.threshold
    comparison = "below" if threshold.comparison.startswith(">") else "above"
    worst = number(check.worst) if check.worst is not None else "–"
    name = alert_words(threshold.alert).replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    return (
        name,
        f"stays {comparison} {number(threshold.bound)}",
        worst,
        str(check.samples),
        f"{OUTCOME[check.outcome]}: {check.why}",
    )

"""Whether the world has recovered, signal by signal."""

from collections.abc import Sequence

from bot.slack.blocks.kit import context, rendered, section, table
from bot.slack.blocks.text import date, duration, mrkdwn, number, plural, unescaped
from bot.slack.blocks.units import is_share, kind_of
from bot.slack.blocks.wording import OUTCOME, signal_words
from bot.slack.rendered import Rendered
from incidents.alert import AlertKind
from incidents.ledger import VerificationView
from incidents.verification import Outcome, SignalCheck, Threshold

VERDICT: dict[str, tuple[str, str]] = {
    "watching": (":hourglass_flowing_sand:", "Checking the recovery"),
    "recovered": (":white_check_mark:", "Recovered"),
    "failed": (":x:", "Not recovered"),
    "inconclusive": (":warning:", "Cannot be told"),
    "candidate_ready": (":white_check_mark:", "The candidate is ready for review"),
    "candidate_refused": (":x:", "The candidate is not good enough"),
    "step_done": (":white_check_mark:", "Done as planned"),
    "refired": (":rotating_light:", "It fired again"),
    "overtaken": (":white_circle:", "Not watched any more"),
}


def verification_message(view: VerificationView) -> Rendered:
    """Every alert's own expression against its own threshold, over the whole window."""
    sign, word = VERDICT.get(view.state, (":information_source:", "Checking the recovery"))
    if view.state == "watching":
        rest = f"a person is called if it cannot be shown by {date(view.deadline, '{time_secs}')}."
    elif view.finished_at is not None and view.checks:
        rest = f"after {duration(view.finished_at - view.began_at)} of watching."
    else:
        rest = ""
    note = f"\n{mrkdwn(view.note, 500)}" if view.note else ""
    blocks = [section(f"{sign} *{word}*{f' – {rest}' if rest else ''}{note}")]
    if view.checks:
        rows = [_row(check) for check in view.checks]
        blocks.append(table(("Signal", "Has to stay", "Worst value", "Verdict"), rows))
        blocks.append(context(_basis(view.checks)))
    return rendered(f"{word}. {mrkdwn(view.note, 200)}" if view.note else f"{word}.", blocks)


def _basis(checks: Sequence[SignalCheck]) -> str:
    """What each signal is judged by."""
    others = sum(not check.own for check in checks)
    if others == len(checks):
        return f"{plural(others, 'signal')} of the catalogue; {_samples(checks)}"
    own = f"{plural(len(checks) - others, 'signal')}, each judged by its alert's own expression"
    more = f"; {others} more from the catalogue" if others else ""
    return f"{own}{more}; {_samples(checks)}"


def _samples(checks: Sequence[SignalCheck]) -> str:
    least, most = min(one.samples for one in checks), max(one.samples for one in checks)
    return f"{plural(most, 'sample')} each" if least == most else f"{least} to {most} samples each"


def _row(check: SignalCheck) -> tuple[str, str, str, str]:
    threshold = check.threshold
    comparison = "below" if threshold.comparison.startswith(">") else "above"
    worst = _figure(threshold, check.worst) if check.worst is not None else "–"
    name = signal_words(threshold.alert, check.subject)
    return (
        unescaped(name),
        f"{comparison} {_figure(threshold, threshold.bound)}",
        worst,
        OUTCOME[check.outcome] if check.outcome is Outcome.RECOVERED else f"{OUTCOME[check.outcome]}: {check.why}",
    )


def _figure(threshold: Threshold, value: float) -> str:
    """With the unit of the alert's kind: PSI has none, latency is in seconds, all other kinds are shares."""
    kind = kind_of(threshold.alert)
    if is_share(threshold.alert, kind):
        return f"{100 * value:.3g} %"
    figure = f"{value:.3g}" if abs(value) < 1000 else number(value)
    return f"{figure} s" if kind is AlertKind.LATENCY else figure

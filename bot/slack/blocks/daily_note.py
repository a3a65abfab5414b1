"""The daily note of a channel: how each model stands, and why nothing is needed where nothing is."""

from collections.abc import Callable, Sequence

from bot.slack.blocks.kit import context, rendered, section
from bot.slack.blocks.text import date, mrkdwn
from bot.slack.rendered import Rendered
from incidents.daily_note import DailyNote, ModelDay, SignalDay

MOST_MODELS = 30
MOST_SIGNALS = 4
NOTICEABLE = 0.01
"""Share of the day without data from which it is said."""


def daily_note_message(note: DailyNote) -> Rendered:
    """Models that need something first."""
    models = sorted(note.models, key=lambda one: (one.nothing_needed, one.model))
    well = sum(one.nothing_needed for one in models)
    count = f"{len(models)} model" + ("" if len(models) == 1 else "s")
    if well == len(models):
        title = f"Nothing needed on {count} in the last 24 hours"
    else:
        title = f"Nothing needed on {well} of {count} in the last 24 hours"
    blocks = [section(f"*{title}*")]
    blocks += [section(_model(one)) for one in models[:MOST_MODELS]]
    if len(models) > MOST_MODELS:
        left = models[MOST_MODELS:]
        calm = "; nothing is needed on them" if all(one.nothing_needed for one in left) else ""
        blocks.append(context(f"And {len(left)} more{calm}: `/agentops status`"))
    blocks.append(context(f"From {date(note.since)} to {date(note.until)}, by the thresholds of models.yaml"))
    return rendered(title, blocks)


def _model(one: ModelDay) -> str:
    mark = ":white_check_mark:" if one.nothing_needed else ":eyes:"
    return f"{mark} *{mrkdwn(one.model, 100)}* – {'. '.join(_sentences(one))}."


def _sentences(one: ModelDay) -> list[str]:
    if not one.signals:
        return [*_incident(one), "It has no signals in models.yaml, so nothing is known of it"]
    told = _incident(one)
    count = len(one.signals)
    if one.past_now:
        told.append(f"Past its bound now: {_listed(one.past_now, _now)}")
    if one.unknown:
        told.append(
            f"No current data for {len(one.unknown)} of {count} signals, so nothing is known of them: "
            + _listed(one.unknown, _name)
        )
    known = count - len(one.unknown) - len(one.waiting)
    if one.nothing_needed:
        bounds = "its bound" if known == 1 else "their bounds"
        told.append(f"Nothing needed, because {_all(known, one)} inside {bounds}")
    if one.waiting:
        told.append(f"Waiting for labels, so nothing is known of them yet: {_listed(one.waiting, _name)}")
    if one.was_past:
        told.append(f"Past its bound in that time and inside again: {_listed(one.was_past, _worst)}")
    elif one.nothing_needed and one.nearest is not None and one.nearest.nearness > 0:
        told.append(f"Nearest: {_worst(one.nearest)}")
    gaps = [signal for signal in one.signals if signal.now is not None and signal.without_data >= NOTICEABLE]
    if gaps:
        told.append(f"Without data for a part of the time: {_listed(gaps, _gap)}")
    return told


def _incident(one: ModelDay) -> list[str]:
    if one.incident is None:
        return []
    words = f" ({mrkdwn(one.incident_words, 80)})" if one.incident_words else ""
    return [f"{mrkdwn(one.incident, 40)} is open{words}"]


def _all(known: int, one: ModelDay) -> str:
    if known < len(one.signals):
        told = f"the {known} of {len(one.signals)} signals with data are"
        return told if known > 1 else "its one signal with data is"
    return "its one signal is" if known == 1 else f"all {known} signals are"


def _listed(signals: Sequence[SignalDay], words: Callable[[SignalDay], str]) -> str:
    shown = [words(signal) for signal in signals[:MOST_SIGNALS]]
    more = len(signals) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _name(signal: SignalDay) -> str:
    return mrkdwn(signal.signal, 60)


def _now(signal: SignalDay) -> str:
    return f"{_name(signal)} at {_figure(signal, signal.now)} (bound {_figure(signal, signal.bound)})"


def _worst(signal: SignalDay) -> str:
    when = f" on {date(signal.worst_at)}" if signal.worst_at is not None else ""
    return f"{_name(signal)}, at worst {_figure(signal, signal.worst)}{when} (bound {_figure(signal, signal.bound)})"


def _gap(signal: SignalDay) -> str:
    return f"{_name(signal)} {signal.without_data:.0%}"


def _figure(signal: SignalDay, value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:.3g}" + ("" if signal.unit in {"ratio", "count"} else f" {signal.unit}")

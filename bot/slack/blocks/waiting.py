"""Why investigations wait for their turn, in plain words."""

from collections.abc import Mapping

from bot.slack.blocks.text import plural
from incidents.budget import WaitsFor

WHY: dict[WaitsFor, str] = {
    WaitsFor.NOTHING: "",
    WaitsFor.AT_ONCE: "other investigations are under way; the worst go first",
    WaitsFor.HOURLY: "as many were begun within the hour as are allowed; the worst go first",
}


def waiting_words(waiting: Mapping[WaitsFor, int]) -> str:
    """One line of mrkdwn; empty where none waits for its turn."""
    told = [
        f"{count} wait{'s' if count == 1 else ''}: {WHY[why]}" for why, count in sorted(waiting.items()) if WHY[why]
    ]
    return f":hourglass: {'. '.join(told)}" if told else ""


def waiting_line(waiting: Mapping[WaitsFor, int]) -> str:
    """The same with its subject, for a place that says nothing else about it."""
    turns = {why: count for why, count in waiting.items() if WHY[why]}
    if not turns:
        return ""
    total = plural(sum(turns.values()), "investigation")
    why = "; ".join(f"{count}: {WHY[why]}" for why, count in sorted(turns.items()))
    return f":hourglass: *{total} waiting for a turn* – {why}"

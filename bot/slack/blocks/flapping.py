"""That an incident flaps, and that it is calm again: told once each."""

from bot.slack.blocks.kit import rendered, section
from bot.slack.blocks.text import mrkdwn
from bot.slack.rendered import Rendered
from incidents.timeline import TimelineEntry


def flapping_message(entry: TimelineEntry) -> Rendered:
    """The words of the timeline's own entry, which do not change any more."""
    sign, title = (":warning:", "Flapping") if entry.kind == "flapping" else (":white_check_mark:", "Calm again")
    told = entry.text.removeprefix(title).removeprefix(":").strip()
    text = mrkdwn(told[:1].upper() + told[1:], 600)
    return rendered(f"{title}: {text}", [section(f"{sign} *{title}*\n{text}.")])

"""What the runbooks say to a question: their own words, and where they stand."""

from slack_sdk.models.blocks import RichTextElement

from bot.slack.blocks.citations import citation
from bot.slack.blocks.kit import rendered, rich, section
from bot.slack.blocks.links import Links
from bot.slack.blocks.text import mrkdwn, plural
from bot.slack.rendered import Rendered
from bot.slack.views import RunbooksView

_PASSAGES = 6


def runbooks_message(view: RunbooksView, links: Links) -> Rendered:
    """The passages, nearest first; or that none fits."""
    question = mrkdwn(view.question, 200)
    gap = [section(f":warning: {mrkdwn(view.gap, 300)}")] if view.gap else []
    if not view.passages:
        nothing = f"No runbook fits “{question}”."
        return rendered(nothing, [*gap, section(f":mag: {nothing} Ask in other words, or by the alert's name.")])
    shown = view.passages[:_PASSAGES]
    title = f"{plural(len(shown), 'passage')} on “{question}”"
    parts: list[RichTextElement] = []
    for passage in shown:
        parts += citation(passage, links)
    return rendered(title, [section(f":mag: *{title}*"), *gap, rich(*parts)])

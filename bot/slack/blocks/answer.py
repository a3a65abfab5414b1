"""The answer to a question asked in a thread."""

from slack_sdk.models.blocks import RichTextElement

from bot.slack.blocks.citations import citation
from bot.slack.blocks.kit import context, paragraph, rendered, rich, section, words
from bot.slack.blocks.links import Links
from bot.slack.blocks.reasoner import written_by
from bot.slack.blocks.text import date, mrkdwn
from bot.slack.rendered import Rendered
from bot.slack.views import AnswerView

_PASSAGES = 4


def answer_message(view: AnswerView, links: Links) -> Rendered:
    """The words as plain rich text, what they stand on, and who wrote them."""
    blocks = [rich(paragraph(words(view.text, 4_000)))]
    if view.question:
        blocks.insert(0, context(f"Asked: {mrkdwn(view.question, 300)}"))
    if view.passages:
        parts: list[RichTextElement] = []
        for passage in view.passages[:_PASSAGES]:
            parts += citation(passage, links)
        blocks += [section("*It stands on*"), rich(*parts)]
    if view.pruned_at is not None:
        blocks.append(
            context(
                "This incident was pruned for its age on "
                f"{date(view.pruned_at, '{date_short}')}: its alerts, and how it was investigated, are no longer kept. "
                "Diagnosis, decisions and timeline are."
            )
        )
    end = [context(written_by(view.reasoner))] if view.reasoner else []
    return rendered(mrkdwn(view.text, 600), [*blocks, *end], tail=len(end))

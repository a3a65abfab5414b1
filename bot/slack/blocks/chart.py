"""The message around a chart, and the words in its place where none can be drawn."""

from collections.abc import Sequence

from slack_sdk.models.blocks import ImageBlock

from bot.slack.blocks.kit import as_json, context, rendered, section
from bot.slack.blocks.text import line, mrkdwn
from bot.slack.rendered import FilePost, Rendered

MOST_ALT = 2_000
"""Characters that Slack takes as an image's alternative text."""


def chart_post(png: bytes, *, title: str, said: str, name: str = "signals.png", words_instead: bool = True) -> FilePost:
    """A chart to upload and show. `said` tells in words what it shows, for those who cannot see it.

    `words_instead`: post them where Slack takes no picture.
    """
    alt = line(said, MOST_ALT)

    def around(file_id: str) -> Rendered:
        image = ImageBlock(slack_file={"id": file_id}, alt_text=alt, title=line(title, 200))
        return rendered(mrkdwn(title, 200), [as_json(image)])

    return FilePost(name, line(title, 200), alt, png, around, words_instead)


def chart_missing(reason: str, *, told: Sequence[str] = ()) -> Rendered:
    """Why there is no chart, and the figures in words."""
    why = f"No chart: {mrkdwn(reason, 300)}"
    figures = "\n".join(f"• {mrkdwn(one, 300)}" for one in told[:12])
    return rendered(why, [section(f":bar_chart: {why}"), *([context(figures)] if told else [])])

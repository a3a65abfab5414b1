"""The foot of a list that has several pages: where one is, and the way to the next, by button or typed."""

from bot.slack import ids
from bot.slack.blocks.kit import actions, button, context
from bot.slack.blocks.text import code, mrkdwn, plain
from bot.slack.listing import Command, Listing
from bot.slack.rendered import Block

LONGEST_VALUE = 2_000
"""Of a button, by Slack's limits; what people type is shorter."""


def paging_blocks(asked: Listing, command: Command, page: int, pages: int) -> list[Block]:
    """Nothing where there is one page only."""
    if pages <= 1:
        return []
    buttons = [
        button(label, action_id, value=plain(asked.typed(command, to), LONGEST_VALUE))
        for label, action_id, to in (
            ("Previous page", ids.PREVIOUS_PAGE, page - 1),
            ("Next page", ids.NEXT_PAGE, page + 1),
        )
        if 1 <= to <= pages
    ]
    following = f"{ids.COMMAND} {asked.typed(command, page % pages + 1)}"
    return [context(f"Page {page} of {pages}: {code(following, 200)}"), *([actions(buttons)] if buttons else [])]


def asked_words(asked: Listing) -> str:
    """What the list was narrowed to, as mrkdwn; empty where it was not."""
    return f" ({mrkdwn(asked.words, 120)})" if asked.words else ""

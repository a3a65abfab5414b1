"""The Approve button, on the card and in the App Home."""

from slack_bolt.async_app import AsyncApp

from bot.slack import ids
from bot.slack.blocks.decision import decision_words
from bot.slack.blocks.notes import private_message
from bot.slack.listeners.actions.click import Click
from bot.slack.listeners.actions.kept import on_kept_click
from bot.slack.listeners.ports import Ports
from bot.slack.listeners.telling import Tell

SHOWN_BY_THE_CARD = frozenset({"approved", "voted", "denied"})
"""What the card itself says a moment later, to everybody."""


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to the button."""
    on_kept_click(app, ports, ids.APPROVE, _decide, kind="approve", what="your approval")


async def _decide(ports: Ports, click: Click, tell: Tell) -> None:
    person = await ports.people.lookup(click.user_id, click.team_id)
    reply = await ports.desk.approve(click.value, person, "home" if click.in_home else "button")
    if click.in_home or reply.result not in SHOWN_BY_THE_CARD:
        sign, words = decision_words(reply)
        await tell(private_message(words, sign=sign))

"""The Approve button: parse, store, ack, hand off."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.slack import ids
from bot.slack.blocks.decision import decision_words
from bot.slack.blocks.notes import private_message
from bot.slack.listeners.actions.click import Click
from bot.slack.listeners.edge import NOT_STORED, answered, stored
from bot.slack.listeners.ports import Ports
from bot.slack.listeners.telling import Tell, beside

SHOWN_BY_THE_CARD = frozenset({"approved", "voted", "denied"})
"""What the card itself says a moment later, to everybody."""


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to the button."""

    async def approve(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        click = Click.of(body)
        delivery = click.delivery("approve")
        new = await stored(ports, delivery)
        await ack()
        tell = beside(
            ports.client, channel=click.channel, user=click.user_id, thread_ts=click.thread_ts, respond=respond
        )
        if new is None:
            await tell(private_message(NOT_STORED, sign=":warning:"))
        if not new:
            return
        if await answered(tell, lambda: _decide(ports, click, tell), what="your approval"):
            await ports.desk.handled(delivery.id)

    app.action(ids.APPROVE)(approve)  # pyright: ignore[reportUnknownMemberType] Bolt types its matchers loosely


async def _decide(ports: Ports, click: Click, tell: Tell) -> None:
    person = await ports.people.lookup(click.user_id, click.team_id)
    reply = await ports.desk.approve(click.value, person, "button")
    if reply.result not in SHOWN_BY_THE_CARD:
        sign, words = decision_words(reply)
        await tell(private_message(words, sign=sign))

"""A click that sets something going: parse, store, ack, hand off."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.slack.blocks.notes import private_message
from bot.slack.listeners.actions.click import Click
from bot.slack.listeners.edge import NOT_STORED, answered, stored
from bot.slack.listeners.home_page import on_the_home
from bot.slack.listeners.ports import Ports
from bot.slack.listeners.telling import Tell, beside
from bot.slack.ports import DeliveryKind

Decide = Callable[[Ports, Click, Tell], Awaitable[None]]


def on_kept_click(
    app: AsyncApp,
    ports: Ports,
    action_id: str,
    decide: Decide,
    *,
    kind: DeliveryKind,
    what: str,
    about: str = "proposal_id",
) -> None:
    """Listen to a button. `what` names it for a person, where it did not work."""

    async def clicked(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        click = Click.of(body)
        delivery = click.delivery(kind, about)
        new = await stored(ports, delivery)
        await ack()
        tell = teller(ports, click, respond)
        if new is None:
            await tell(private_message(NOT_STORED, sign=":warning:"))
        if not new:
            return
        if await answered(tell, lambda: decide(ports, click, tell), what=what):
            await ports.desk.handled(delivery.id)

    app.action(action_id)(clicked)  # pyright: ignore[reportUnknownMemberType] Bolt types its matchers loosely


def teller(ports: Ports, click: Click, respond: AsyncRespond) -> Tell:
    """Answers where the click was made."""
    if click.in_home:
        return on_the_home(ports, click.user_id)
    return beside(ports.client, channel=click.channel, user=click.user_id, thread_ts=click.thread_ts, respond=respond)

"""The Deny button: ack, then ask for the reason while the trigger still holds (three seconds)."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.slack import ids
from bot.slack.blocks.deny_form import DenyForm, deny_form
from bot.slack.clients import called
from bot.slack.listeners.actions.click import Click
from bot.slack.listeners.edge import answered
from bot.slack.listeners.ports import Ports
from bot.slack.listeners.telling import beside


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to the button. Nothing is decided yet, so nothing is stored."""

    async def deny(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        click = Click.of(body)

        async def open_form() -> None:
            form = deny_form(DenyForm(click.value, click.channel, click.thread_ts))
            await called(ports.client, "views.open", body={"trigger_id": click.trigger_id, "view": form})

        tell = beside(
            ports.client, channel=click.channel, user=click.user_id, thread_ts=click.thread_ts, respond=respond
        )
        await answered(tell, open_form, what="opening the form for your reason")

    app.action(ids.DENY)(deny)  # pyright: ignore[reportUnknownMemberType] Bolt types its matchers loosely

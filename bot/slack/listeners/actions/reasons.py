"""The buttons that ask for a reason first, Deny and Break glass: ack, then the form while the trigger holds (3 s)."""

from collections.abc import Callable
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.slack import ids
from bot.slack.blocks.reason_form import ReasonForm, break_glass_form, deny_form
from bot.slack.clients import called
from bot.slack.listeners.actions.click import Click
from bot.slack.listeners.actions.kept import teller
from bot.slack.listeners.edge import answered
from bot.slack.listeners.ports import Ports


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to the buttons. Nothing is decided yet, so nothing is stored."""
    _asks_why(app, ports, ids.DENY, deny_form)
    _asks_why(app, ports, ids.BREAK_GLASS, break_glass_form)


def _asks_why(app: AsyncApp, ports: Ports, action_id: str, form: Callable[[ReasonForm], dict[str, Any]]) -> None:
    async def clicked(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        click = Click.of(body)

        async def open_form() -> None:
            # A value edited by hand may be of any length; what Slack keeps for a form may not.
            view = form(ReasonForm(click.value[:200], click.channel, click.thread_ts))
            await called(ports.client, "views.open", body={"trigger_id": click.trigger_id, "view": view})

        await answered(teller(ports, click, respond), open_form, what="opening the form for your reason")

    app.action(action_id)(clicked)  # pyright: ignore[reportUnknownMemberType] Bolt types its matchers loosely

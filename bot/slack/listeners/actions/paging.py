"""The buttons under a list: the page before and the next, in place of the one that is shown."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.slack import ids
from bot.slack.listeners.actions.click import Click
from bot.slack.listeners.commands.looking import turned
from bot.slack.listeners.edge import answered, member
from bot.slack.listeners.ports import Ports
from bot.slack.listeners.telling import by_response


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to both buttons. Nothing is stored: a page that was not turned is clicked again."""

    async def turn(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        click = Click.of(body)
        tell = by_response(respond, instead=True)

        async def show() -> None:
            person = await member(ports, click.user_id, click.team_id, tell)
            if person is not None:
                await turned(ports, click.value, person, tell)

        await answered(tell, show, what="turning the page")

    for action_id in (ids.PREVIOUS_PAGE, ids.NEXT_PAGE):
        app.action(action_id)(turn)  # pyright: ignore[reportUnknownMemberType] Bolt types its matchers loosely

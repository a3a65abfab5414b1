"""The Ask again button of an escalation: a proposal that expired is put up once more."""

from slack_bolt.async_app import AsyncApp

from bot.slack import ids
from bot.slack.blocks.put_up import put_up_message
from bot.slack.listeners.actions.click import Click
from bot.slack.listeners.actions.kept import on_kept_click
from bot.slack.listeners.ports import Ports
from bot.slack.listeners.telling import Tell


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to the button."""
    on_kept_click(app, ports, ids.ASK_AGAIN, _decide, kind="ask_again", what="asking again")


async def _decide(ports: Ports, click: Click, tell: Tell) -> None:
    person = await ports.people.lookup(click.user_id, click.team_id)
    await tell(put_up_message(await ports.desk.ask_again(click.value, person), ports.links()))

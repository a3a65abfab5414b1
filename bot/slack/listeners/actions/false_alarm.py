"""The False alarm button of the closing report."""

from slack_bolt.async_app import AsyncApp

from bot.slack import ids
from bot.slack.blocks.handling import handled_words
from bot.slack.blocks.notes import private_message
from bot.slack.listeners.actions.click import Click
from bot.slack.listeners.actions.kept import on_kept_click
from bot.slack.listeners.ports import Ports
from bot.slack.listeners.telling import Tell


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to the button."""
    on_kept_click(
        app, ports, ids.FALSE_ALARM, _decide, kind="false_alarm", what="marking a false alarm", about="incident_id"
    )


async def _decide(ports: Ports, click: Click, tell: Tell) -> None:
    person = await ports.people.lookup(click.user_id, click.team_id)
    sign, words = handled_words(await ports.desk.false_alarm(click.value, person))
    await tell(private_message(words, sign=sign))

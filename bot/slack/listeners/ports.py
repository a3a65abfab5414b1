"""What every listener is given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.blocks.links import Links
from bot.slack.ports import Desk
from incidents.approval import Person


class Directory(Protocol):
    """Who is who."""

    async def lookup(self, user_id: str, team_id: str = "", *, groups: bool = True) -> Person:
        """Raises `LookupFailed`."""
        ...


@dataclass(frozen=True)
class Ports:
    """Whom listeners hand off to, and how they reach Slack."""

    desk: Desk
    people: Directory
    client: AsyncWebClient
    links: Callable[[], Links]
    home_team: Callable[[], str]

"""Who clicked, looked up at the click. Fails closed: where Slack does not say who somebody is, they are nobody."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.clients import called
from incidents.approval import Person
from incidents.errors import AgentOpsError

SLACKBOT = "USLACKBOT"
"""Slack marks Slackbot as a person."""

TRUSTED_FOR = 30.0
"""Seconds for which a list of a group's members may say yes. It may never say no: a no is looked up afresh."""


class LookupFailed(AgentOpsError):
    """Slack did not say who somebody is."""


class People:
    """Looks people and user groups up. One is enough for a process.

    Args:
        client: any client of the workspace.
        home_team: the bot's own workspace, known once it has connected; empty before, when everybody is a stranger.
        timeout: seconds after which a lookup has failed.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        home_team: Callable[[], str],
        *,
        timeout: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """No call is made yet."""
        self._client = client
        self._home_team = home_team
        self._timeout = timeout
        self._clock = clock
        self._members: dict[str, frozenset[str]] = {}
        self._ids: dict[str, str] = {}
        self._read_at: float | None = None
        self._reads_begun = 0
        self._reading = asyncio.Lock()

    async def lookup(self, user_id: str, team_id: str = "", *, groups: bool = True) -> Person:
        """Who they are now, with the handles of their user groups unless `groups` is False.

        `team_id` is what the payload said of their team; it counts only where Slack's own record names none.

        Raises:
            LookupFailed: Slack is down, slow, or refuses to say.
        """
        if groups:
            user, handles = await asyncio.gather(self._user(user_id), self._groups_of(user_id))
        else:
            user, handles = await self._user(user_id), frozenset[str]()
        return Person(
            id=user_id,
            team=_team(user, self._home_team()) or team_id,
            is_bot=bool(user.get("is_bot")) or bool(user.get("is_workflow_bot")) or user_id == SLACKBOT,
            is_guest=bool(user.get("is_restricted")) or bool(user.get("is_ultra_restricted")),
            is_stranger=bool(user.get("is_stranger")),
            is_deleted=bool(user.get("deleted")),
            groups=handles,
        )

    async def group_ids(self) -> Mapping[str, str]:
        """The ids of all user groups by handle.

        Raises:
            LookupFailed: Slack is down, slow, or refuses to say.
        """
        if not self._fresh():
            await self._read_groups()
        return dict(self._ids)

    async def _groups_of(self, user_id: str) -> frozenset[str]:
        found = self._remembered(user_id) if self._fresh() else frozenset[str]()
        if not found:
            await self._read_groups()
            found = self._remembered(user_id)
        return found

    def _remembered(self, user_id: str) -> frozenset[str]:
        return frozenset(handle for handle, members in self._members.items() if user_id in members)

    def _fresh(self) -> bool:
        return self._read_at is not None and self._clock() - self._read_at < TRUSTED_FOR

    async def _read_groups(self) -> None:
        begun_when_asked = self._reads_begun
        async with self._reading:
            if self._reads_begun > begun_when_asked:
                return  # somebody began to read them after we asked, and is done
            self._reads_begun += 1
            answer = await self._call("usergroups.list", {"include_users": True, "include_disabled": False})
            listed = cast("list[dict[str, Any]]", answer.get("usergroups") or [])
            self._members = {str(g["handle"]): frozenset(map(str, g.get("users") or [])) for g in listed}
            self._ids = {str(g["handle"]): str(g["id"]) for g in listed}
            self._read_at = self._clock()

    async def _user(self, user_id: str) -> dict[str, Any]:
        answer = await self._call("users.info", {"user": user_id})
        user = answer.get("user")
        if not isinstance(user, dict):
            raise LookupFailed(f"users.info told nothing of {user_id}")
        return cast("dict[str, Any]", user)

    async def _call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._timeout):
                return await called(self._client, method, params=params)
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise LookupFailed(f"{method} failed") from error


def _team(user: dict[str, Any], home_team: str) -> str:
    """Their team; ours where an organisation's account belongs to ours among others."""
    organisation = user.get("enterprise_user")
    if isinstance(organisation, dict):
        teams = cast("dict[str, Any]", organisation).get("teams")
        if isinstance(teams, list) and home_team in cast("list[Any]", teams):
            return home_team
    return str(user.get("team_id") or "")

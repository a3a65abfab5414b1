# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# The SDK types its answers as partly unknown.
"""Is the Slack app set up right? Tokens, scopes, and whether the bot was invited to the channels it needs."""

import time
from collections.abc import AsyncIterator, Sequence
from typing import Literal

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import Settings
from bot.slack.clients import asking_client, open_session

Verdict = Literal["right", "wrong", "note"]

NEEDED_SCOPES = frozenset(
    {"chat:write", "commands", "app_mentions:read", "usergroups:read", "users:read", "files:write"}
)
"""Of the bot token; manifests/slack/ asks for them."""
LATER_S = 3600


async def examine_slack(settings: Settings, channels: Sequence[str]) -> AsyncIterator[tuple[str, Verdict, str]]:
    """(subject, verdict, words) for each thing looked at."""
    if settings.slack_bot_token is None:
        yield "Slack", "wrong", "no SLACK_BOT_TOKEN; create the app from manifests/slack/ and install it"
        return
    async with open_session() as session:
        client = asking_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url, session)
        try:
            answer = await client.auth_test()
        except SlackApiError as error:
            yield "Slack bot token", "wrong", f"Slack refuses it: {error.response['error']}"
            return
        except (SlackClientError, aiohttp.ClientError, OSError):
            yield "Slack", "wrong", f"{settings.slack_api_url} does not answer"
            return
        yield "Slack bot token", "right", f"{answer['user']} in {answer['team']}"
        granted = {scope.strip() for scope in str(answer.headers.get("x-oauth-scopes", "")).split(",")}
        missing = sorted(NEEDED_SCOPES - granted)
        if missing:
            yield "Slack scopes", "wrong", f"missing {', '.join(missing)}; add them and install the app again"
        else:
            yield "Slack scopes", "right", "all that are needed"
        yield await _app_token(settings, client)
        for channel in channels:
            yield await _channel(client, channel)


async def _app_token(settings: Settings, client: AsyncWebClient) -> tuple[str, Verdict, str]:
    if settings.slack_app_token is None:
        return "Slack app token", "wrong", "no SLACK_APP_TOKEN; make one with the scope connections:write"
    try:
        await client.apps_connections_open(app_token=settings.slack_app_token.get_secret_value())
    except SlackApiError as error:
        return "Slack app token", "wrong", f"Slack refuses it: {error.response['error']}"
    return "Slack app token", "right", "Socket Mode opens"


async def _channel(client: AsyncWebClient, channel: str) -> tuple[str, Verdict, str]:
    """Ask with a message scheduled for later and taken back at once: it needs no scope but chat:write."""
    subject = f"channel #{channel.removeprefix('#')}"
    try:
        scheduled = await client.chat_scheduleMessage(
            channel=channel, text="agentops check", post_at=int(time.time()) + LATER_S
        )
        await client.chat_deleteScheduledMessage(
            channel=str(scheduled["channel"]), scheduled_message_id=str(scheduled["scheduled_message_id"])
        )
    except SlackApiError as error:
        match str(error.response["error"]):
            case "not_in_channel":
                return subject, "wrong", "the bot is not in it; write /invite @AgentOps there"
            case "channel_not_found":
                return subject, "wrong", "no such channel, or a private one the bot is not in; invite it there"
            case other:
                return subject, "wrong", f"Slack says {other}"
    return subject, "right", "the bot can post there"

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# The SDK types its answers as partly unknown.
"""Is the Slack app set up right? Tokens, scopes, and whether the bot was invited to the channels it needs."""

import time
from collections.abc import AsyncIterator, Sequence
from typing import Literal

import aiohttp
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import Settings
from bot.slack.clients import asking_client, open_session

Verdict = Literal["right", "wrong", "note"]

NEEDED_SCOPES = frozenset(
    {"chat:write", "commands", "app_mentions:read", "usergroups:read", "users:read", "files:write"}
)
"""Of the bot token; manifests/slack/ asks for them."""
LOOKING_BACK = frozenset({"channels:history", "groups:history"})
"""With these the bot sees whether a message whose answer was lost is there already, and does not post it twice."""
LATER_S = 3600

ADVICE = {
    "invalid_auth": "Slack does not know this token; copy it again from the app's page",
    "not_authed": "Slack does not know this token; copy it again from the app's page",
    "account_inactive": "the app was removed from the workspace; install it again",
    "token_revoked": "this token was revoked; install the app again and copy the new one",
    "token_expired": "this token has expired; install the app again and copy the new one",
    "not_allowed_token_type": "this is a token of another kind",
    "missing_scope": "the token lacks a scope; compare the app with manifests/slack/ and install it again",
    "ratelimited": "Slack asks to slow down; check again in a minute",
    "not_in_channel": "the bot is not in it; write /invite @AgentOps there",
    "channel_not_found": "no such channel, or a private one that the bot is not in; write /invite @AgentOps there",
    "is_archived": "the channel is archived; name another one in models.yaml",
    "restricted_action": "the workspace does not let the bot post there",
}


async def examine_slack(settings: Settings, channels: Sequence[str]) -> AsyncIterator[tuple[str, Verdict, str]]:
    """(subject, verdict, words) for each thing looked at."""
    if settings.slack_bot_token is None:
        yield "Slack bot token", "wrong", "no SLACK_BOT_TOKEN; create the app from manifests/slack/ and install it"
        return
    if wrong := _not_this_kind(settings.slack_bot_token, "xoxb-", "xoxe.xoxb-"):
        yield "Slack bot token", "wrong", f"SLACK_BOT_TOKEN: {wrong}"
        return
    async with open_session() as session:
        client = asking_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url, session)
        try:
            async for found in _examine(settings, client, channels):
                yield found
        except (SlackClientError, aiohttp.ClientError, OSError):
            yield "Slack", "wrong", f"{settings.slack_api_url} does not answer; is this machine connected?"


async def _examine(
    settings: Settings, client: AsyncWebClient, channels: Sequence[str]
) -> AsyncIterator[tuple[str, Verdict, str]]:
    try:
        answer = await client.auth_test()
    except SlackApiError as error:
        yield "Slack bot token", "wrong", _refusal(error)
        return
    yield "Slack bot token", "right", f"{answer['user']} in {answer['team']}"
    granted = {scope.strip() for scope in str(answer.headers.get("x-oauth-scopes", "")).split(",")}
    if missing := sorted(NEEDED_SCOPES - granted):
        yield "Slack scopes", "wrong", f"missing {', '.join(missing)}; add them to the app and install it again"
    elif missing := sorted(LOOKING_BACK - granted):
        yield "Slack scopes", "note", f"without {', '.join(missing)} a message may come twice after a lost answer"
    else:
        yield "Slack scopes", "right", "all that are needed"
    yield await _way_in(settings, client)
    for channel in channels:
        yield await _channel(client, channel)


async def _way_in(settings: Settings, client: AsyncWebClient) -> tuple[str, Verdict, str]:
    """How clicks and commands reach the bot: over a socket that it opens, or over HTTP."""
    token = settings.slack_app_token
    if token is None and settings.slack_signing_secret is not None:
        return "Slack requests", "note", "come to /slack/events, signed; Slack must reach it (the README says how)"
    if token is None:
        return "Slack app token", "wrong", "no SLACK_APP_TOKEN; make one with the scope connections:write"
    if wrong := _not_this_kind(token, "xapp-"):
        return "Slack app token", "wrong", f"SLACK_APP_TOKEN: {wrong}"
    try:
        await client.apps_connections_open(app_token=token.get_secret_value())
    except SlackApiError as error:
        return "Slack app token", "wrong", _refusal(error)
    return "Slack app token", "right", "Socket Mode opens"


def _not_this_kind(token: SecretStr, *beginnings: str) -> str | None:
    """The classic mistake: the right token in the wrong variable."""
    if token.get_secret_value().startswith(beginnings):
        return None
    return f"it should begin with {beginnings[0]}; this is a token of another kind"


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
        return subject, "wrong", _refusal(error)
    return subject, "right", "the bot can post there"


def _refusal(error: SlackApiError) -> str:
    # Not every answer that the SDK gives up on is JSON, or the SDK's own type.
    data: object = getattr(error.response, "data", None)
    code = str(data.get("error", "")) if isinstance(data, dict) else ""
    return ADVICE.get(code, f"Slack says {code}" if code else "the answer is not Slack's; look at SLACK_API_URL")

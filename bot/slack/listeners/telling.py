"""Answers only one person sees, by whichever way reaches them."""

from collections.abc import Awaitable, Callable

import aiohttp
import structlog
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.clients import called
from bot.slack.rendered import Rendered

log = structlog.get_logger(__name__)

Tell = Callable[[Rendered], Awaitable[None]]


def by_response(respond: AsyncRespond, *, instead: bool = False) -> Tell:
    """To the one who typed or clicked, in whichever channel that was; `instead` of the message that was clicked."""

    async def tell(content: Rendered) -> None:
        await _respond(respond, content, instead=instead)

    return tell


def beside(client: AsyncWebClient, *, channel: str, user: str, thread_ts: str, respond: AsyncRespond | None) -> Tell:
    """To one person, in the thread where they clicked; by the response URL where that is refused."""

    async def tell(content: Rendered) -> None:
        body = {"channel": channel, "user": user, "text": content.text, "blocks": content.blocks}
        if thread_ts:
            body["thread_ts"] = thread_ts
        try:
            await called(client, "chat.postEphemeral", body=body)
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("slack.not_told", user=user, channel=channel, error=type(error).__name__)
            if respond is not None:
                await _respond(respond, content)

    return tell


async def _respond(respond: AsyncRespond, content: Rendered, *, instead: bool = False) -> None:
    """A response URL does not raise when it refuses: its status has to be read."""
    try:
        answer = await respond(
            text=content.text, blocks=content.blocks, response_type="ephemeral", replace_original=instead
        )
        if answer.status_code != 200:
            log.warning("slack.not_told", status=answer.status_code)
    except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
        log.warning("slack.not_told", error=type(error).__name__)

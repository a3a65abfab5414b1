"""A picture in the channel where somebody asked for it.

An answer that one person sees cannot hold a file: it is shared with nobody until a message in a channel shows it. So
the words go to the one who asked, and the picture into the channel, like every chart of ours.
"""

import asyncio

import aiohttp
import structlog
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.clients import called
from bot.slack.failures import NotSent, OutcomeUnknown, Refused, meaning
from bot.slack.rendered import FilePost
from bot.slack.sending import Sender

log = structlog.get_logger(__name__)

ATTEMPTS = 5
WAIT_S = 1.0
"""Slack takes a moment to take a picture in, and refuses the block until then."""


async def show(client: AsyncWebClient, channel: str, file: FilePost, *, wait_s: float | None = None) -> bool:
    """Upload the picture and post it; False when Slack would not have it there, e.g. where the app is not a member."""
    try:
        content = file.message(await Sender(client, "").upload(file))
    except (NotSent, Refused) as error:
        log.warning("slack.picture_not_shown", channel=channel, why=str(error))
        return False
    body = {"channel": channel, "text": content.text, "blocks": content.blocks}
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await called(client, "chat.postMessage", body=body)
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            failed = meaning(error)
            if isinstance(failed, OutcomeUnknown):
                # It may stand there; a second one would be worse than none.
                log.warning("slack.picture_unknown", channel=channel, why=str(failed))
                return True
            if isinstance(failed, Refused) and failed.code == "invalid_blocks" and attempt < ATTEMPTS:
                await asyncio.sleep(WAIT_S if wait_s is None else wait_s)
                continue
            log.warning("slack.picture_not_shown", channel=channel, why=str(failed))
            return False
        return True
    return False

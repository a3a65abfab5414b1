"""The bot's Slack side over a local Slack, with a desk that remembers, and what people do there."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.slack import ids
from bot.slack.app import SlackConfig, SlackSide
from bot.slack.blocks.proposal import proposal_message
from incidents.clock import now
from incidents.ledger import IncidentFile
from incidents.storm import Digest
from sandbox.slack.acts import Acts, Submitted
from sandbox.slack.blocks import check_message_blocks
from sandbox.slack.messages import Message
from sandbox.slack.server import SlackServer
from tests.bot.slack import samples
from tests.bot.slack.fakes import FakeDesk, FakeStore, eventually

CHANNEL = "CINCIDENTS"


class NoShelf:
    """A shelf that holds nothing."""

    async def file(self, incident_id: str) -> IncidentFile:
        raise LookupError(incident_id)

    async def digest(self, storm_id: str) -> Digest:
        raise LookupError(storm_id)

    async def chart(self, incident_id: str, investigation_id: str) -> None:
        return None

    async def answer(self, incident_id: str, subject: str) -> None:
        return None

    async def note(self, incident_id: str, subject: str) -> None:
        return None

    async def daily_note(self, id: int) -> None:
        return None

    def owners(self, model: str) -> None:
        return None


@dataclass
class Office:
    """The bot's Slack side with a desk that remembers, and the people around it."""

    slack: SlackServer
    side: SlackSide[FakeDesk]

    def __post_init__(self) -> None:
        self.acts = Acts(self.slack.workspace)

    @property
    def desk(self) -> FakeDesk:
        return self.side.desk

    def card(self) -> Message:
        """A thread with a proposal card in it."""
        workspace = self.slack.workspace
        root = workspace.post(Message(workspace.timestamps.next(), CHANNEL, "UAGENTOPS", "root"))
        blocks = check_message_blocks(proposal_message(samples.proposal_view()).blocks, lambda _: True)
        card = Message(workspace.timestamps.next(), CHANNEL, "UAGENTOPS", "card", blocks, thread_ts=root.ts)
        return workspace.post(card)

    async def click(
        self, card: Message, action_id: str, persona: str = "UONCALL", *, value: str = "p4f1c09"
    ) -> int | None:
        request = {"action_id": action_id, "value": value}
        return await self.acts.click(persona, {"channel": CHANNEL, "ts": card.ts}, request)

    async def home_click(self, action_id: str, persona: str = "UONCALL") -> int | None:
        """A click on the person's own home."""
        self.acts.open_home(persona)
        await eventually(lambda: "Approvals waiting" in self.home(persona))
        view = self.slack.workspace.views.home(persona)
        assert view is not None
        return await self.acts.click(persona, {"view_id": view.id}, {"action_id": action_id, "value": "p4f1c09"})

    async def deny(
        self, card: Message, reason: str, persona: str = "UONCALL", *, action_id: str = ids.DENY
    ) -> Submitted:
        await self.click(card, action_id, persona)
        return await self.give_reason(reason, persona)

    async def give_reason(self, reason: str, persona: str = "UONCALL") -> Submitted:
        await eventually(lambda: bool(self.slack.workspace.views.stack(persona)))
        [view] = self.slack.workspace.views.stack(persona)
        typed = {"type": "plain_text_input", "value": reason}
        values = {ids.DENY_REASON_BLOCK: {ids.DENY_REASON_INPUT: typed}}
        return await self.acts.submit(persona, view.id, values)

    async def command(self, text: str, persona: str = "UVIEWER", channel: str = CHANNEL) -> int | None:
        return await self.acts.command(persona, channel, f"/agentops {text}")

    def private(self, persona: str, thread_ts: str | None = None) -> list[str]:
        """What only this person sees."""
        store = self.slack.workspace.messages
        if thread_ts is not None:
            found = store.thread(CHANNEL, thread_ts, persona=persona)
        else:
            found = store.top_level(CHANNEL, persona=persona)
        return [str([message.text, message.blocks]) for message in found if message.is_ephemeral]

    def private_message(self, persona: str) -> Message:
        """The one message that only this person sees."""
        store = self.slack.workspace.messages
        (found,) = (one for one in store.top_level(CHANNEL, persona=persona) if one.is_ephemeral)
        return found

    async def told(self, persona: str, words: str, thread_ts: str | None = None) -> None:
        await eventually(lambda: any(words in text for text in self.private(persona, thread_ts)))

    def home(self, persona: str) -> str:
        view = self.slack.workspace.views.home(persona)
        return "" if view is None else str(view.spec["blocks"])


@asynccontextmanager
async def opened(slack: SlackServer) -> AsyncGenerator[Office]:
    """The bot's Slack side beside a local Slack, connected; closed at the end."""
    credentials = slack.workspace.credentials
    config = SlackConfig(
        bot_token=credentials.bot_token,
        app_token=credentials.app_token,
        signing_secret=None,
        api_url=slack.slack_api_url,
        links=samples.LINKS,
    )
    side = SlackSide(config, store=FakeStore(), shelf=NoShelf(), make_desk=lambda people, team: FakeDesk(), clock=now)
    task = asyncio.create_task(side.run())
    try:
        async with asyncio.timeout(10):
            await side.connected()
        yield Office(slack, side)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await side.close()

"""The workspace: everything it knows, in one place."""

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from sandbox.slack.changes import Changes
from sandbox.slack.clock import TimestampSource
from sandbox.slack.commands import SlashCommand, standard_commands
from sandbox.slack.credentials import STANDARD_SCOPES, Credentials
from sandbox.slack.delivery import Courier, Timing
from sandbox.slack.faults import Faults
from sandbox.slack.files import FileStore
from sandbox.slack.messages import Message, MessageStore
from sandbox.slack.people import (
    BOT_USER_ID,
    SLACKBOT_ID,
    Channel,
    Person,
    UserGroup,
    standard_channels,
    standard_people,
    standard_user_groups,
)
from sandbox.slack.rate_limits import RateLimits
from sandbox.slack.records import Records
from sandbox.slack.response_urls import ResponseUrls
from sandbox.slack.signed_http import SignedSender
from sandbox.slack.sockets import Sockets
from sandbox.slack.triggers import Triggers
from sandbox.slack.views import ViewStore

STANDARD_SUBSCRIPTIONS = frozenset({"app_mention", "app_home_opened"})
"""The bot events of the app. `message.channels` and `message.im` can be added; Bolt acks only what it listens to."""


@dataclass
class Workspace:
    """The state of one Slack workspace with one app installed. Lives on one event loop.

    `base_url` has to be set before the first request (`SlackServer.start` does): response URLs, upload URLs
    and sockets point there.
    """

    credentials: Credentials
    people: dict[str, Person]
    user_groups: dict[str, UserGroup]
    channels: dict[str, Channel]
    commands: dict[str, SlashCommand]
    rate_limits: RateLimits
    courier: Courier
    subscriptions: frozenset[str] = STANDARD_SUBSCRIPTIONS
    base_url: str = ""
    records: Records = field(default_factory=Records)
    faults: Faults = field(default_factory=Faults)
    sockets: Sockets = field(default_factory=Sockets)
    messages: MessageStore = field(default_factory=MessageStore)
    files: FileStore = field(default_factory=FileStore)
    views: ViewStore = field(default_factory=ViewStore)
    triggers: Triggers = field(default_factory=Triggers)
    response_urls: ResponseUrls = field(default_factory=ResponseUrls)
    changes: Changes = field(default_factory=Changes)
    timestamps: TimestampSource = field(default_factory=TimestampSource)
    scheduled: dict[str, asyncio.TimerHandle] = field(default_factory=dict[str, asyncio.TimerHandle])

    @classmethod
    def standard(
        cls,
        *,
        scopes: tuple[str, ...] = STANDARD_SCOPES,
        subscriptions: frozenset[str] = STANDARD_SUBSCRIPTIONS,
        timing: Timing | None = None,
        rate_limited: bool = True,
    ) -> "Workspace":
        """The workspace of the demo: six personas, two user groups, three channels, one slash command, new tokens."""
        records, faults, sockets = Records(), Faults(), Sockets()
        people = {person.id: person for person in standard_people()}
        channels = {channel.id: channel for channel in standard_channels()}
        for person in people.values():
            if person.id not in (BOT_USER_ID, SLACKBOT_ID):
                members = {person.id, BOT_USER_ID}
                channels[person.dm] = Channel(person.dm, "agentops", "", members, is_im=True)
        return cls(
            credentials=Credentials.generate(scopes),
            people=people,
            user_groups={group.id: group for group in standard_user_groups()},
            channels=channels,
            commands={command.command: command for command in standard_commands()},
            rate_limits=RateLimits(enabled=rate_limited),
            courier=Courier(sockets, faults, records, timing or Timing()),
            subscriptions=subscriptions,
            records=records,
            faults=faults,
            sockets=sockets,
        )

    def use_request_url(self, session: aiohttp.ClientSession, request_url: str) -> None:
        """Send payloads over signed HTTP from now on, instead of sockets."""
        self.courier.sender = SignedSender(session, request_url, self.credentials.signing_secret)

    def set_commands(self, commands: list[SlashCommand]) -> None:
        """Register these slash commands, and no others."""
        self.commands = {command.command: command for command in commands}

    @property
    def personas(self) -> list[Person]:
        """The people one can act as."""
        return [person for person in self.people.values() if person.id not in (BOT_USER_ID, SLACKBOT_ID)]

    def is_shared(self, channel: Channel) -> bool:
        """Whether people of another company are in the channel."""
        return any(self.people[member].is_stranger for member in channel.members if member in self.people)

    def find_channel(self, name: str) -> Channel | None:
        """A channel by id, by name with or without `#`, or a person's direct messages by that person's id."""
        person = self.people.get(name)
        if person is not None:
            return self.channels.get(person.dm)
        if name in self.channels:
            return self.channels[name]
        plain = name.removeprefix("#")
        return next((c for c in self.channels.values() if not c.is_im and c.name == plain), None)

    def post(self, message: Message) -> Message:
        """Put a message into its channel and tell the page."""
        self.messages.add(message)
        self.changed(message)
        return message

    def changed(self, message: Message) -> None:
        """Tell the page that a message is new, different or gone."""
        what = "ephemerals" if message.is_ephemeral else "messages"
        self.changes.publish(what, channel=message.channel, thread_ts=message.thread_ts, user=message.visible_to)

    def notice(self, *, user: str, channel: str, thread_ts: str | None, text: str) -> None:
        """What Slackbot tells one person when something did not work."""
        self.post(
            Message(
                ts=self.timestamps.next(),
                channel=channel,
                user=SLACKBOT_ID,
                text=text,
                thread_ts=thread_ts,
                visible_to=user,
                notice=True,
            )
        )

    def api_message(self, message: Message, *, metadata: bool = False) -> dict[str, Any]:
        """The message object of the Web API."""
        return self.messages.as_api(message, metadata=metadata, files=self.api_files(message))

    def api_files(self, message: Message) -> list[dict[str, Any]]:
        """The file objects of a message."""
        files = (self.files.get(file_id) for file_id in message.files)
        return [file.as_file(self.base_url) for file in files if file is not None]

    def response_url(
        self, *, user: str, channel: str, thread_ts: str | None = None, original_ts: str | None = None
    ) -> str:
        """A new URL that answers one interaction."""
        secret = self.response_urls.issue(user=user, channel=channel, thread_ts=thread_ts, original_ts=original_ts)
        return f"{self.base_url}/response/{secret}"

    def now(self) -> int:
        """Unix seconds."""
        return int(time.time())


def escape_typed(text: str) -> str:
    """What Slack makes of text a person typed: & < > escaped, but mentions kept, and `@agentops` turned into one."""
    kept = re.compile(r"(<[@#!][A-Z][A-Z0-9]*(?:\|[^<>]*)?>)")
    parts = kept.split(re.sub(r"(?<![\w<])@agentops\b", f"<@{BOT_USER_ID}>", text))
    return "".join(part if kept.fullmatch(part) else escape(part) for part in parts)


def escape(text: str) -> str:
    """Slack's three escapes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

"""What was typed after /agentops."""

import re
from dataclasses import dataclass
from typing import Any

from bot.slack.blocks.text import plain

LONGEST = 1_000
MENTION = re.compile(r"<[@#!][^>]*>")


@dataclass(frozen=True)
class Typed:
    """A subcommand in lower case, its arguments, and who typed it. `id` is the same when it is delivered twice."""

    name: str
    rest: str
    user_id: str
    team_id: str
    id: str
    channel_id: str = ""
    """Where it was typed."""

    @property
    def first(self) -> str:
        """The first argument; empty where there is none."""
        return self.rest.partition(" ")[0]

    @property
    def after_first(self) -> str:
        """What follows the first argument."""
        return self.rest.partition(" ")[2].strip()

    @property
    def by(self) -> dict[str, str]:
        """Who typed it, as it is stored."""
        return {"user_id": self.user_id, "team_id": self.team_id}

    @classmethod
    def of(cls, command: dict[str, Any]) -> "Typed":
        """From the payload of a slash command."""
        name, rest = split(str(command.get("text") or ""))
        return cls(
            name=name,
            rest=rest,
            user_id=str(command["user_id"]),
            team_id=str(command.get("team_id") or ""),
            id=f"command:{command.get('trigger_id', '')}",
            channel_id=str(command.get("channel_id") or ""),
        )


def split(text: str) -> tuple[str, str]:
    """The first word in lower case, and the rest as it was typed."""
    name, _, rest = as_typed(text).partition(" ")
    return name.lower(), rest.strip()


def as_typed(text: str) -> str:
    """Slack's escapes taken back, mentions and control characters out; one line."""
    text = MENTION.sub(" ", text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    text = " ".join(text.split())
    return plain(text, LONGEST) if text else ""

"""A click, as far as we need it."""

from dataclasses import dataclass
from typing import Any

from bot.slack.ports import Delivery, DeliveryKind


@dataclass(frozen=True)
class Click:
    """Who clicked which button where. `id` is the same when Slack delivers the click twice."""

    id: str
    value: str
    user_id: str
    team_id: str
    channel: str
    thread_ts: str
    trigger_id: str
    in_home: bool = False

    @classmethod
    def of(cls, body: dict[str, Any]) -> "Click":
        """From the payload of `block_actions`."""
        action: dict[str, Any] = body["actions"][0]
        user: dict[str, Any] = body["user"]
        container: dict[str, Any] = body.get("container") or {}
        channel: dict[str, Any] = body.get("channel") or {}
        team: dict[str, Any] = body.get("team") or {}
        stamp = action.get("action_ts") or body.get("trigger_id", "")
        return cls(
            id=f"click:{user['id']}:{action.get('action_id', '')}:{stamp}",
            value=str(action.get("value") or ""),
            user_id=str(user["id"]),
            team_id=str(user.get("team_id") or team.get("id") or ""),
            channel=str(channel.get("id") or container.get("channel_id") or ""),
            thread_ts=str(container.get("thread_ts") or container.get("message_ts") or ""),
            trigger_id=str(body.get("trigger_id") or ""),
            in_home=container.get("type") == "view",
        )

    def delivery(self, kind: DeliveryKind, about: str = "proposal_id") -> Delivery:
        """What is stored of it; `about` names what the button's value is."""
        return Delivery(
            self.id,
            kind,
            {
                about: self.value,
                "user_id": self.user_id,
                "team_id": self.team_id,
                "channel": self.channel,
                "thread_ts": self.thread_ts,
            },
        )

"""The payloads Slack sends an app, field by field as Slack makes them."""

import secrets
from typing import Any

from sandbox.slack.messages import Message
from sandbox.slack.people import APP_ID, BOT_USER_ID, TEAM_DOMAIN, TEAM_ID, Channel, Person
from sandbox.slack.state_values import Values, current_values
from sandbox.slack.views import View
from sandbox.slack.workspace import Workspace


def event_envelope(workspace: Workspace, event: dict[str, Any], *, shared: bool = False) -> dict[str, Any]:
    """An event, wrapped as the Events API wraps it, with a new event id."""
    return {
        "token": "sandbox-verification-token",
        "team_id": TEAM_ID,
        "context_team_id": TEAM_ID,
        "context_enterprise_id": None,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": workspace.now(),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": BOT_USER_ID,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": shared,
        "event_context": f"4-{secrets.token_hex(16)}",
    }


def message_event(kind: str, person: Person, channel: Channel, message: Message) -> dict[str, Any]:
    """An `app_mention` or `message` event. Of a person of another company it tells the team, too."""
    event: dict[str, Any] = {
        "user": person.id,
        "type": kind,
        "ts": message.ts,
        "client_msg_id": secrets.token_hex(16),
        "text": message.text,
        "team": person.team_id,
        "channel": channel.id,
        "event_ts": message.ts,
        "blocks": [
            {
                "type": "rich_text",
                "block_id": secrets.token_urlsafe(4),
                "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": message.text}]}],
            }
        ],
    }
    if kind == "message":
        event["channel_type"] = "im" if channel.is_im else "channel"
    if message.is_reply:
        event["thread_ts"] = message.thread_ts
    if person.is_stranger:
        event |= {"user_team": person.team_id, "source_team": person.team_id}
    return event


def home_opened_event(person: Person, view: View | None, event_ts: str) -> dict[str, Any]:
    """An `app_home_opened` event; it carries the home as it is now, if one was published."""
    event: dict[str, Any] = {
        "type": "app_home_opened",
        "user": person.id,
        "channel": person.dm,
        "tab": "home",
        "event_ts": event_ts,
    }
    if view is not None:
        event["view"] = view.as_view()
    return event


def _interaction(kind: str, person: Person) -> dict[str, Any]:
    return {
        "type": kind,
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team_id},
        "api_app_id": APP_ID,
        "token": "sandbox-verification-token",
        "enterprise": None,
        "is_enterprise_install": False,
    }


def message_action(
    workspace: Workspace, person: Person, message: Message, action: dict[str, Any], state: Values
) -> dict[str, Any]:
    """`block_actions` of a click in a message. Of an ephemeral Slack does not send the message itself."""
    container: dict[str, Any] = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": message.is_ephemeral,
    }
    if message.thread_ts is not None:
        container["thread_ts"] = message.thread_ts
    channel = workspace.channels[message.channel]
    payload = _interaction("block_actions", person) | {
        "container": container,
        "trigger_id": workspace.triggers.issue(person.id),
        "channel": {"id": channel.id, "name": "directmessage" if channel.is_im else channel.name},
        "state": {"values": current_values(message.blocks, state)},
        "response_url": workspace.response_url(
            user=person.id, channel=message.channel, thread_ts=message.thread_ts, original_ts=message.ts
        ),
        "actions": [action],
    }
    if not message.is_ephemeral:
        payload["message"] = workspace.api_message(message)
    return payload


def view_action(workspace: Workspace, person: Person, view: View, action: dict[str, Any]) -> dict[str, Any]:
    """`block_actions` of a click in a modal or in the home."""
    return _interaction("block_actions", person) | {
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": workspace.triggers.issue(person.id, view_id=view.id),
        "view": view.as_view(),
        "actions": [action],
    }


def view_submission(workspace: Workspace, person: Person, view: View) -> dict[str, Any]:
    """`view_submission` of a modal, with its state."""
    return _interaction("view_submission", person) | {
        "trigger_id": workspace.triggers.issue(person.id, view_id=view.id),
        "view": view.as_view(),
        "response_urls": [],
    }


def view_closed(person: Person, view: View, *, is_cleared: bool) -> dict[str, Any]:
    """`view_closed`, which Slack sends when the view asked for it."""
    return _interaction("view_closed", person) | {"view": view.as_view(), "is_cleared": is_cleared}


def command_payload(
    workspace: Workspace, person: Person, channel: Channel, command: str, text: str, thread_ts: str | None
) -> dict[str, Any]:
    """A slash command: flat, since over HTTP it is a form. A person of another company brings that company's team."""
    return {
        "token": "sandbox-verification-token",
        "team_id": person.team_id,
        "team_domain": TEAM_DOMAIN if not person.is_stranger else "other",
        "channel_id": channel.id,
        "channel_name": "directmessage" if channel.is_im else channel.name,
        "user_id": person.id,
        "user_name": person.name,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": workspace.response_url(user=person.id, channel=channel.id, thread_ts=thread_ts),
        "trigger_id": workspace.triggers.issue(person.id),
    }

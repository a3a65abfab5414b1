"""What the page shows around the messages: people, channels, groups, commands, connections."""

from typing import Any

from sandbox.slack.people import APP_ID, BOT_ID, BOT_NAME, BOT_REAL_NAME, BOT_USER_ID, TEAM_DOMAIN, TEAM_ID, Person
from sandbox.slack.workspace import Workspace


def slack_state(workspace: Workspace) -> dict[str, Any]:
    """The workspace's part of GET /_sandbox/state."""
    return {
        "team": {"id": TEAM_ID, "name": "Sandbox", "domain": TEAM_DOMAIN},
        "bot": {
            "user_id": BOT_USER_ID,
            "bot_id": BOT_ID,
            "app_id": APP_ID,
            "name": BOT_NAME,
            "real_name": BOT_REAL_NAME,
        },
        "mode": "socket" if workspace.courier.sender is None else "http",
        "connections": len(workspace.sockets),
        "personas": [_persona(workspace, person) for person in workspace.personas],
        "channels": [
            {
                "id": channel.id,
                "name": channel.name,
                "topic": channel.topic,
                "bot_is_member": channel.bot_is_member,
                "members": sorted(channel.members - {BOT_USER_ID}),
            }
            for channel in workspace.channels.values()
            if not channel.is_im
        ],
        "user_groups": [
            {"id": group.id, "handle": group.handle, "name": group.name, "users": list(group.users)}
            for group in workspace.user_groups.values()
        ],
        "commands": [command.as_json() for command in workspace.commands.values()],
    }


def _persona(workspace: Workspace, person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "real_name": person.real_name,
        "team_id": person.team_id,
        "is_restricted": person.is_restricted,
        "is_stranger": person.is_stranger,
        "groups": [group.handle for group in workspace.user_groups.values() if person.id in group.users],
        "dm": person.dm,
        "channels": [c.id for c in workspace.channels.values() if not c.is_im and person.id in c.members],
    }

"""The app manifest asks for what the code uses, and for nothing else."""

from pathlib import Path
from typing import Any

import yaml

from bot.slack import ids
from bot.slack.listeners.commands.agentops import SUBCOMMANDS

FILE = Path("manifests/slack/app-manifest.yaml")
WHY = {
    "chat:write": "chat.postMessage",
    "commands": "app.command",
    "app_mentions:read": "app_mention",
    "usergroups:read": "usergroups.list",
    "users:read": "users.info",
    "files:write": "files_upload_v2",
    "channels:history": "conversations.history",
    "groups:history": "conversations.replies",
}


def manifest() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text())


def source() -> str:
    return "\n".join(path.read_text() for path in Path("bot/slack").rglob("*.py"))


def test_every_scope_is_one_that_the_code_uses_and_no_other() -> None:
    scopes = manifest()["oauth_config"]["scopes"]["bot"]
    assert set(scopes) == set(WHY)
    assert all(call in source() for call in WHY.values())


def test_every_scope_says_why_it_is_asked_for() -> None:
    lines = FILE.read_text().splitlines()
    for scope in WHY:
        at = next(i for i, line in enumerate(lines) if line.strip() == f"- {scope}")
        before = lines[at - 1].strip()
        assert before.startswith("#") or scope == "groups:history"


def test_the_command_the_events_and_the_socket_are_those_of_the_code() -> None:
    made = manifest()
    [command] = made["features"]["slash_commands"]
    assert command["command"] == ids.COMMAND
    assert all(name in command["usage_hint"] for name in (*SUBCOMMANDS, "help"))
    assert set(made["settings"]["event_subscriptions"]["bot_events"]) == {"app_mention", "app_home_opened"}
    assert made["settings"]["socket_mode_enabled"] is True
    assert made["settings"]["interactivity"]["is_enabled"] is True
    assert made["features"]["app_home"]["home_tab_enabled"] is True


def test_slacks_own_limits_of_a_manifest_are_kept() -> None:
    shown = manifest()["display_information"]
    assert len(shown["name"]) <= 35 and len(shown["description"]) <= 140
    assert 175 <= len(shown["long_description"]) <= 4_000

"""The bot as its pod runs it: no capabilities, no home, and nothing that it can write but its data folder and /tmp."""

import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest

from sandbox.slack.server import SlackServer
from sandbox.slack.workspace import Workspace
from tests.bot.test_serving import SERVE, TOKEN, serving
from tests.thoroughness import thorough
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
NOT_READ_ONLY = 90
PATIENCE_S = 40.0

LOCKED = " ".join(
    f'"{place}"' for place in (ROOT, Path(sys.prefix), Path("/usr"), Path("/var")) if not place.is_relative_to("/tmp")
)
"""What must not be written. A checkout that itself lies in /tmp lies where everything may be."""

JAIL = f"""
set -e
data=$1; shift
mount --make-rprivate /
mount --bind "$data" "$data"
mount --bind /tmp /tmp
# Every other mount becomes read-only, where the kernel lets us; what matters is tried below.
awk '{{print $5}}' /proc/self/mountinfo | grep -vxF -e /tmp -e "$data" | while read -r place; do
    mount -o remount,bind,ro "$place" 2>/dev/null || true
done
for place in {LOCKED}; do
    if touch "$place/.written" 2>/dev/null; then echo "$place can be written" >&2; exit {NOT_READ_ONLY}; fi
done
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@"
"""


def jail(folder: Path) -> list[str]:
    """Begin of a command that runs the rest in such a place; skips where the kernel gives us no mounts of our own."""
    as_user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = ["unshare", *as_user, "--mount", "sh", "-c", JAIL, "jail", str(folder)]
    tried = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    assert tried.returncode != NOT_READ_ONLY, tried.stderr
    if tried.returncode:
        pytest.skip(f"needs mounts of its own: {tried.stderr}")
    return command


@pytest.fixture
async def slack() -> AsyncGenerator[SlackServer]:
    server = SlackServer(Workspace.standard())
    await server.start()
    yield server
    await server.stop()


@thorough
async def test_an_alert_becomes_a_thread_where_only_data_and_tmp_can_be_written(
    slack: SlackServer, tmp_path: Path
) -> None:
    command = [*jail(tmp_path), "env", "HOME=/nonexistent", *SERVE]
    settings = {"SLACK_APP_TOKEN": slack.workspace.credentials.app_token, "PYTHONDONTWRITEBYTECODE": "1"}
    alert = {
        "status": "firing",
        "labels": {"alertname": "ModelAccuracyLow", "model": "churn-predictor", "severity": "critical"},
        "startsAt": "2026-11-20T17:55:05.663Z",
        "fingerprint": "17e241f7a1b8f623",
    }
    payload = {"version": "4", "receiver": "a", "groupKey": "{}", "status": "firing", "alerts": [alert]}
    async with (
        serving(slack, tmp_path, settings, command) as url,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as alertmanager,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {slack.token}"}) as hand,
    ):
        async with alertmanager.post(f"{url}/webhooks/alertmanager", json=payload) as answer:
            assert await answer.json() == {"received": 1, "stored": 1}

        async def told() -> bool:
            async with hand.get(f"{slack.url}/_sandbox/slack/messages?channel=CINCIDENTS&persona=") as answer:
                return any(one["reply_count"] >= 2 for one in (await answer.json())["messages"])

        await eventually(told, "the thread", within=PATIENCE_S)
    log = (tmp_path / "bot.log").read_text(encoding="utf-8")
    assert "Read-only file system" not in log and "Permission denied" not in log
    assert (tmp_path / "chroma").is_dir()

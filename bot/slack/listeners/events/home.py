"""The app's home, published anew each time somebody opens it."""

import secrets
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp

from bot.slack.blocks.app_home import broken_home, closed_home, home_view
from bot.slack.blocks.text import is_full_member
from bot.slack.clients import called
from bot.slack.listeners.ports import Ports

log = structlog.get_logger(__name__)


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to the tab being opened."""

    async def opened(event: dict[str, Any]) -> None:
        if event.get("tab", "home") != "home":
            return
        user_id = str(event["user"])
        view = await _view(ports, user_id)
        await called(ports.client, "views.publish", body={"user_id": user_id, "view": view})

    app.event("app_home_opened")(opened)  # pyright: ignore[reportUnknownMemberType] Bolt types its matchers loosely


async def _view(ports: Ports, user_id: str) -> dict[str, Any]:
    try:
        person = await ports.people.lookup(user_id, groups=False)
        if not is_full_member(person, ports.home_team()):
            return closed_home()
        return home_view(await ports.desk.home(), ports.links())
    except Exception:
        # The edge of the process: the person sees that it failed and a reference, the log has the rest.
        reference = f"R-{secrets.token_hex(4)}"
        log.exception("slack.home_failed", reference=reference)
        return broken_home(reference)

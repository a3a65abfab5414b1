"""The app's home, published anew each time somebody opens it."""

from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.slack.listeners.home_page import publish_home
from bot.slack.listeners.ports import Ports


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to the tab being opened."""

    async def opened(event: dict[str, Any]) -> None:
        if event.get("tab", "home") == "home":
            await publish_home(ports, str(event["user"]))

    app.event("app_home_opened")(opened)  # pyright: ignore[reportUnknownMemberType] Bolt types its matchers loosely

"""The app's home: published when somebody opens it, and again with an answer when they decided there."""

import secrets
from typing import Any

import structlog

from bot.slack.blocks.app_home import broken_home, closed_home, home_view
from bot.slack.blocks.text import is_full_member
from bot.slack.clients import called
from bot.slack.listeners.ports import Ports
from bot.slack.listeners.telling import Tell
from bot.slack.rendered import Rendered

log = structlog.get_logger(__name__)


async def publish_home(ports: Ports, user_id: str, notice: Rendered | None = None) -> None:
    """Publish it anew for one person; `notice` stands above everything else."""
    view = await _view(ports, user_id, notice)
    await called(ports.client, "views.publish", body={"user_id": user_id, "view": view})


def on_the_home(ports: Ports, user_id: str) -> Tell:
    """Answers on the person's own home, where they clicked."""

    async def tell(content: Rendered) -> None:
        await publish_home(ports, user_id, content)

    return tell


async def _view(ports: Ports, user_id: str, notice: Rendered | None) -> dict[str, Any]:
    try:
        person = await ports.people.lookup(user_id, groups=False)
        if not is_full_member(person, ports.home_team()):
            return closed_home()
        return home_view(await ports.desk.home(), ports.links(), notice=notice)
    except Exception:
        # The edge of the process: the person sees that it failed and a reference, the log has the rest.
        reference = f"R-{secrets.token_hex(4)}"
        log.exception("slack.home_failed", reference=reference)
        return broken_home(reference)

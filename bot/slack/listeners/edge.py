"""The edge: what is stored before the ack, who may read, and what a person is told when something fails."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

import structlog

from bot.slack.blocks.help import unknown_model_message
from bot.slack.blocks.notes import failure_message, private_message
from bot.slack.blocks.text import is_full_member
from bot.slack.listeners.ports import Ports
from bot.slack.listeners.telling import Tell
from bot.slack.people import LookupFailed
from bot.slack.ports import Delivery
from incidents.approval import Person
from incidents.errors import UnknownModel

log = structlog.get_logger(__name__)

STORE_SECONDS = 1.0
"""Slack waits three seconds for the ack."""

NOT_STORED = "That could not be stored, so nothing was done. Try again in a moment."
NOT_A_MEMBER = "I answer full members of this workspace only."
NOT_KNOWN = "Slack did not tell me who you are, so nothing was done. Try again in a minute."


async def stored(ports: Ports, delivery: Delivery) -> bool | None:
    """True when it is new, False when Slack delivered it before, None when it could not be stored in time."""
    try:
        async with asyncio.timeout(STORE_SECONDS):
            return await ports.desk.record(delivery)
    except Exception:
        # The edge of the process: the person is told, the ack still goes out.
        log.exception("slack.not_stored", delivery=delivery.id, kind=delivery.kind)
        return None


async def member(ports: Ports, user_id: str, team_id: str, tell: Tell, *, groups: bool = False) -> Person | None:
    """The person when they may read; otherwise they are told that they may not, and no more."""
    person = await ports.people.lookup(user_id, team_id, groups=groups)
    if is_full_member(person, ports.home_team()):
        return person
    await tell(private_message(NOT_A_MEMBER, sign=":lock:"))
    return None


async def answered(
    tell: Tell, work: Callable[[], Awaitable[None]], *, what: str, incident_id: str | None = None
) -> bool:
    """Do the work; when it fails, tell the person in plain words with a reference. True when it was done."""
    try:
        await work()
    except LookupFailed:
        log.warning("slack.person_unknown", what=what)
        await tell(private_message(NOT_KNOWN, sign=":lock:"))
    except UnknownModel as unknown:
        await tell(unknown_model_message(unknown.name, unknown.known))
    except Exception:
        # The edge of the process: whatever it was, the person hears of it, and the log has the rest.
        reference = incident_id or f"R-{secrets.token_hex(4)}"
        log.exception("slack.listener_failed", what=what, reference=reference)
        next_step = "Try again in a minute. If it stays so, give the reference to those who run this app."
        await tell(failure_message(f"That did not work: {what}.", reference, next_step))
    else:
        return True
    return False

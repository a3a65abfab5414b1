"""The slash command: ack, then answer. What must not be lost is stored first."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.slack.blocks.decision import decision_words
from bot.slack.blocks.help import help_message, unknown_message, usage_message
from bot.slack.blocks.incident_list import incidents_message
from bot.slack.blocks.investigating import investigate_message
from bot.slack.blocks.notes import private_message
from bot.slack.blocks.pausing import switch_words
from bot.slack.blocks.runbooks import runbooks_message
from bot.slack.blocks.status import status_message
from bot.slack.ids import COMMAND
from bot.slack.listeners.commands.typed import Typed
from bot.slack.listeners.edge import NOT_STORED, answered, member, stored
from bot.slack.listeners.ports import Ports
from bot.slack.listeners.telling import Tell, by_response
from bot.slack.ports import Delivery, DeliveryKind
from incidents.proposal import SHOWN_DIGITS

Answer = Callable[[Ports, Typed, Tell], Awaitable[None]]

DIGEST = re.compile(rf"[0-9a-f]{{{SHOWN_DIGITS}}}")
KEPT: dict[str, DeliveryKind] = {
    "investigate": "investigate",
    "approve": "approve_by_digest",
    "pause": "pause",
    "resume": "resume",
}
"""Subcommands that set something going; the others only read."""


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to the command."""

    async def agentops(ack: AsyncAck, command: dict[str, Any], respond: AsyncRespond) -> None:
        typed = Typed.of(command)
        if typed.name in {"", "help"}:
            content = help_message()
            await ack(text=content.text, blocks=content.blocks)
            return
        answer = ANSWERS.get(typed.name)
        if answer is None:
            content = unknown_message(typed.name)
            await ack(text=content.text, blocks=content.blocks)
            return
        delivery = _delivery(typed)
        new = True if delivery is None else await stored(ports, delivery)
        await ack()
        tell = by_response(respond)
        if new is None:
            await tell(private_message(NOT_STORED, sign=":warning:"))
        if not new:
            return
        done = await answered(tell, lambda: answer(ports, typed, tell), what=f"{COMMAND} {typed.name}")
        if done and delivery is not None:
            await ports.desk.handled(delivery.id)

    app.command(COMMAND)(agentops)  # pyright: ignore[reportUnknownMemberType] Bolt types its matchers loosely


def _delivery(typed: Typed) -> Delivery | None:
    """What is stored of it; None when nothing is set going by it."""
    kind = KEPT.get(typed.name)
    if kind is None:
        return None
    payload = {"user_id": typed.user_id, "team_id": typed.team_id}
    first, _, rest = typed.rest.partition(" ")
    if kind == "investigate":
        return Delivery(typed.id, kind, payload | {"model": first, "question": rest.strip()})
    if kind in {"pause", "resume"}:
        return Delivery(typed.id, kind, payload | {"model": first})
    return Delivery(typed.id, kind, payload | {"proposal_id": first, "digest8": rest.strip().lower()})


async def _status(ports: Ports, typed: Typed, tell: Tell) -> None:
    if await member(ports, typed.user_id, typed.team_id, tell):
        await tell(status_message(await ports.desk.status(typed.rest or None), ports.links()))


async def _incidents(ports: Ports, typed: Typed, tell: Tell) -> None:
    page = int(typed.rest) if typed.rest.isdecimal() and len(typed.rest) < 6 else 1
    if await member(ports, typed.user_id, typed.team_id, tell):
        await tell(incidents_message(await ports.desk.incidents(max(1, page)), ports.links()))


async def _investigate(ports: Ports, typed: Typed, tell: Tell) -> None:
    model, _, question = typed.rest.partition(" ")
    person = await member(ports, typed.user_id, typed.team_id, tell)
    if person is None:
        return
    if not model:
        await tell(usage_message("investigate", "Which model?"))
        return
    await tell(investigate_message(await ports.desk.investigate(model, question.strip(), person), ports.links()))


async def _runbooks(ports: Ports, typed: Typed, tell: Tell) -> None:
    if not await member(ports, typed.user_id, typed.team_id, tell):
        return
    if not typed.rest:
        await tell(usage_message("runbooks", "What would you like to know?"))
        return
    await tell(runbooks_message(await ports.desk.runbooks(typed.rest), ports.links()))


async def _approve(ports: Ports, typed: Typed, tell: Tell) -> None:
    proposal_id, _, digest = typed.rest.partition(" ")
    person = await member(ports, typed.user_id, typed.team_id, tell, groups=True)
    if person is None:
        return
    digest = digest.strip().lower()
    if not DIGEST.fullmatch(digest):
        await tell(usage_message("approve", f"Give the proposal and its digest of {SHOWN_DIGITS} characters."))
        return
    sign, words = decision_words(await ports.desk.approve_by_digest(proposal_id, digest, person))
    await tell(private_message(words, sign=sign))


async def _pause(ports: Ports, typed: Typed, tell: Tell) -> None:
    person = await member(ports, typed.user_id, typed.team_id, tell)
    if person is not None:
        sign, words = switch_words(await ports.desk.pause(typed.rest, person))
        await tell(private_message(words, sign=sign))


async def _resume(ports: Ports, typed: Typed, tell: Tell) -> None:
    person = await member(ports, typed.user_id, typed.team_id, tell, groups=True)
    if person is not None:
        sign, words = switch_words(await ports.desk.resume(typed.rest, person))
        await tell(private_message(words, sign=sign))


ANSWERS: dict[str, Answer] = {
    "status": _status,
    "incidents": _incidents,
    "investigate": _investigate,
    "runbooks": _runbooks,
    "approve": _approve,
    "pause": _pause,
    "resume": _resume,
}

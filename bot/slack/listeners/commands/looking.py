"""Subcommands that only look: status, incidents, runbooks; and the one that asks for a closer look."""

from bot.slack.blocks.help import Usage, usage_message
from bot.slack.blocks.incident_list import incidents_message
from bot.slack.blocks.investigating import investigate_message
from bot.slack.blocks.runbooks import runbooks_message
from bot.slack.blocks.status import status_message
from bot.slack.ids import COMMAND
from bot.slack.listeners.commands.registry import Asked, Subcommand
from bot.slack.listeners.commands.typed import Typed, split
from bot.slack.listeners.ports import Ports
from bot.slack.listeners.telling import Tell
from bot.slack.listing import Listing
from bot.slack.ports import Delivery
from incidents.approval import Person

_STATUS = Usage(
    "status",
    "[model] [state] [severity] [env=...] [page N]",
    "how the models are, one line each",
    f"{COMMAND} status critical env=prod",
)
_INCIDENTS = Usage(
    "incidents",
    "[model] [state] [severity] [env=...] [page N]",
    "incidents, each with its thread; the open ones unless you name a state (closed, any, ...)",
    f"{COMMAND} incidents fraud* closed page 2",
)
_INVESTIGATE = Usage(
    "investigate",
    "<model> [question]",
    "look into a model now; the answer comes in its thread",
    f"{COMMAND} investigate fraud-detector why did precision fall?",
)
_RUNBOOKS = Usage("runbooks", "<question>", "what the runbooks say", f"{COMMAND} runbooks how do I roll back?")


async def _status(asked: Asked) -> None:
    view = await asked.ports.desk.status(Listing.of(asked.typed.rest))
    await asked.tell(status_message(view, asked.ports.links()))


async def _incidents(asked: Asked) -> None:
    view = await asked.ports.desk.incidents(Listing.of(asked.typed.rest))
    await asked.tell(incidents_message(view, asked.ports.links()))


async def _investigate(asked: Asked) -> None:
    model, question = asked.typed.first, asked.typed.after_first
    if not model:
        await asked.tell(usage_message(_INVESTIGATE, "Which model?"))
        return
    reply = await asked.ports.desk.investigate(model, question, asked.person)
    await asked.tell(investigate_message(reply, asked.ports.links()))


async def _runbooks(asked: Asked) -> None:
    if not asked.typed.rest:
        await asked.tell(usage_message(_RUNBOOKS, "What would you like to know?"))
        return
    await asked.tell(runbooks_message(await asked.ports.desk.runbooks(asked.typed.rest), asked.ports.links()))


def _kept(typed: Typed) -> Delivery:
    return Delivery(typed.id, "investigate", typed.by | {"model": typed.first, "question": typed.after_first})


_LISTS = {"status": _status, "incidents": _incidents}
"""What has pages."""


async def turned(ports: Ports, typed: str, person: Person, tell: Tell) -> None:
    """Another page of a list: `typed` is what a button says, as it would be typed after the command."""
    name, rest = split(typed)
    if name in _LISTS:
        await _LISTS[name](Asked(ports, Typed(name, rest, person.id, person.team, id=""), person, tell))


SUBCOMMANDS = (
    Subcommand(_STATUS, "status", _status),
    Subcommand(_INCIDENTS, "incidents", _incidents),
    Subcommand(_INVESTIGATE, "investigate", _investigate, keep=_kept),
    Subcommand(_RUNBOOKS, "runbooks", _runbooks),
)

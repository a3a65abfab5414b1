"""Subcommands that only look: status, incidents, runbooks; and the one that asks for a closer look."""

from bot.slack.blocks.help import Usage, usage_message
from bot.slack.blocks.incident_list import incidents_message
from bot.slack.blocks.investigating import investigate_message
from bot.slack.blocks.runbooks import runbooks_message
from bot.slack.blocks.status import status_message
from bot.slack.ids import COMMAND
from bot.slack.listeners.commands.registry import Asked, Subcommand
from bot.slack.listeners.commands.typed import Typed
from bot.slack.ports import Delivery

_STATUS = Usage("status", "[model]", "how the models are, one line each", f"{COMMAND} status")
_INCIDENTS = Usage("incidents", "[page]", "open incidents, each with its thread", f"{COMMAND} incidents")
_INVESTIGATE = Usage(
    "investigate",
    "<model> [question]",
    "look into a model now; the answer comes in its thread",
    f"{COMMAND} investigate fraud-detector why did precision fall?",
)
_RUNBOOKS = Usage("runbooks", "<question>", "what the runbooks say", f"{COMMAND} runbooks how do I roll back?")


async def _status(asked: Asked) -> None:
    view = await asked.ports.desk.status(asked.typed.rest or None)
    await asked.tell(status_message(view, asked.ports.links()))


async def _incidents(asked: Asked) -> None:
    typed = asked.typed.rest
    page = int(typed) if typed.isdecimal() and len(typed) < 6 else 1
    await asked.tell(incidents_message(await asked.ports.desk.incidents(max(1, page)), asked.ports.links()))


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


SUBCOMMANDS = (
    Subcommand(_STATUS, "status", _status),
    Subcommand(_INCIDENTS, "incidents", _incidents),
    Subcommand(_INVESTIGATE, "investigate", _investigate, keep=_kept),
    Subcommand(_RUNBOOKS, "runbooks", _runbooks),
)

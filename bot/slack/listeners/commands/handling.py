"""Subcommands by which a person takes an incident, ends it, or says that it was a false alarm."""

from bot.slack.blocks.handling import handled_words, which_incident_message
from bot.slack.blocks.help import Usage, usage_message
from bot.slack.blocks.notes import private_message
from bot.slack.blocks.text import is_full_member
from bot.slack.ids import COMMAND
from bot.slack.listeners.commands.registry import Asked, Subcommand
from bot.slack.listeners.commands.typed import Typed
from bot.slack.listeners.edge import NOT_A_MEMBER
from bot.slack.listing import Listing
from bot.slack.ports import Delivery

_ACK = Usage("ack", "[incident]", "take an incident: everybody sees that you are on it", f"{COMMAND} ack INC-7")
_CLOSE = Usage(
    "close",
    "<incident> [reason]",
    "end an incident; what waits for a decision is taken back",
    f"{COMMAND} close INC-7 the source was repaired by hand",
)
_FALSE_ALARM = Usage(
    "false-alarm",
    "<incident>",
    "mark an incident as a false alarm; say it again to take it back",
    f"{COMMAND} false-alarm INC-7",
)


async def _ack(asked: Asked) -> None:
    desk = asked.ports.desk
    incident_id = asked.typed.first
    if not incident_id:
        if not is_full_member(asked.person, asked.ports.home_team()):
            # No incident is named: there is none to write the refusal down in, and nothing may be listed.
            await asked.tell(private_message(NOT_A_MEMBER, sign=":lock:"))
            return
        open_now = (await desk.incidents(Listing())).incidents
        if len(open_now) != 1:
            await asked.tell(which_incident_message(_ACK, open_now, asked.ports.links()))
            return
        incident_id = open_now[0].id
    sign, words = handled_words(await desk.ack(incident_id, asked.person))
    await asked.tell(private_message(words, sign=sign))


async def _close(asked: Asked) -> None:
    if not asked.typed.first:
        await asked.tell(usage_message(_CLOSE, "Which incident?"))
        return
    reply = await asked.ports.desk.close(asked.typed.first, asked.typed.after_first, asked.person)
    sign, words = handled_words(reply)
    await asked.tell(private_message(words, sign=sign))


async def _false_alarm(asked: Asked) -> None:
    if not asked.typed.first:
        await asked.tell(usage_message(_FALSE_ALARM, "Which incident?"))
        return
    sign, words = handled_words(await asked.ports.desk.false_alarm(asked.typed.first, asked.person))
    await asked.tell(private_message(words, sign=sign))


def _ack_kept(typed: Typed) -> Delivery:
    return Delivery(typed.id, "ack", typed.by | {"incident_id": typed.first})


def _close_kept(typed: Typed) -> Delivery:
    return Delivery(typed.id, "close", typed.by | {"incident_id": typed.first, "reason": typed.after_first})


def _false_alarm_kept(typed: Typed) -> Delivery:
    return Delivery(typed.id, "false_alarm", typed.by | {"incident_id": typed.first})


SUBCOMMANDS = (
    Subcommand(_ACK, "ack", _ack, keep=_ack_kept, refusals_are_kept=True),
    Subcommand(_CLOSE, "close", _close, keep=_close_kept, refusals_are_kept=True),
    Subcommand(_FALSE_ALARM, "false_alarm", _false_alarm, keep=_false_alarm_kept, refusals_are_kept=True),
)

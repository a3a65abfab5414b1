"""Subcommands that decide on a proposal: approve it by its own signs, ask for it again once it has expired."""

import re

from bot.slack.blocks.decision import decision_words
from bot.slack.blocks.help import Usage, usage_message
from bot.slack.blocks.notes import private_message
from bot.slack.blocks.put_up import put_up_message
from bot.slack.ids import COMMAND
from bot.slack.listeners.commands.registry import Asked, Subcommand
from bot.slack.listeners.commands.typed import Typed
from bot.slack.ports import Delivery
from incidents.proposal import SHOWN_DIGITS

_DIGEST = re.compile(rf"[0-9a-f]{{{SHOWN_DIGITS}}}")
_APPROVE = Usage(
    "approve", "<proposal> <digest>", "approve what a card shows, by its own signs", f"{COMMAND} approve p1 1a2b3c4d"
)
_ASK_AGAIN = Usage(
    "ask-again", "<proposal>", "put a proposal up again that expired undecided", f"{COMMAND} ask-again p1"
)


async def _approve(asked: Asked) -> None:
    proposal_id, digest = asked.typed.first, asked.typed.after_first.lower()
    if not _DIGEST.fullmatch(digest):
        problem = f"Give the proposal and its digest of {SHOWN_DIGITS} characters; both stand at the foot of the card."
        await asked.tell(usage_message(_APPROVE, problem))
        return
    sign, words = decision_words(await asked.ports.desk.approve_by_digest(proposal_id, digest, asked.person))
    await asked.tell(private_message(words, sign=sign))


async def _ask_again(asked: Asked) -> None:
    if not asked.typed.first or asked.typed.after_first:
        await asked.tell(usage_message(_ASK_AGAIN, "Which proposal? Its id stands at the foot of its card."))
        return
    reply = await asked.ports.desk.ask_again(asked.typed.first, asked.person)
    await asked.tell(put_up_message(reply, asked.ports.links()))


def _approve_kept(typed: Typed) -> Delivery:
    payload = typed.by | {"proposal_id": typed.first, "digest8": typed.after_first.lower()}
    return Delivery(typed.id, "approve_by_digest", payload)


def _ask_again_kept(typed: Typed) -> Delivery:
    return Delivery(typed.id, "ask_again", typed.by | {"proposal_id": typed.first})


SUBCOMMANDS = (
    Subcommand(_APPROVE, "approve", _approve, keep=_approve_kept, refusals_are_kept=True),
    Subcommand(_ASK_AGAIN, "ask_again", _ask_again, keep=_ask_again_kept, refusals_are_kept=True),
)

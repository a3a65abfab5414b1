"""The subcommand by which a person chooses a remediation, through the same policy as every other."""

from bot.slack.blocks.help import Usage, usage_message
from bot.slack.blocks.put_up import put_up_message
from bot.slack.ids import COMMAND
from bot.slack.listeners.commands.registry import Asked, Subcommand
from bot.slack.listeners.commands.typed import Typed
from bot.slack.ports import Delivery

DRY_RUN = "--dry-run"
_PROPOSE = Usage(
    "propose",
    f"<what> <model> ... [{DRY_RUN}]",
    "ask for a remediation by hand: rollback, retrain, promote, quarantine, release, rerun, shift, issue or notify; "
    "somebody else has to approve it",
    f"{COMMAND} propose rollback product-recommender {DRY_RUN}",
)


async def _propose(asked: Asked) -> None:
    words, dry_run = _split(asked.typed.rest)
    if not words:
        await asked.tell(usage_message(_PROPOSE, "What should be proposed, and for which model?"))
        return
    reply = await asked.ports.desk.propose(words, asked.person, dry_run=dry_run)
    await asked.tell(put_up_message(reply, asked.ports.links()))


def _split(typed: str) -> tuple[str, bool]:
    words = [word for word in typed.split(" ") if word]
    return " ".join(word for word in words if word != DRY_RUN), DRY_RUN in words


def _kept(typed: Typed) -> Delivery:
    words, dry_run = _split(typed.rest)
    return Delivery(typed.id, "propose", typed.by | {"words": words, "dry_run": "yes" if dry_run else ""})


SUBCOMMANDS = (Subcommand(_PROPOSE, "propose", _propose, keep=_kept, refusals_are_kept=True),)

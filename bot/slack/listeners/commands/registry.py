"""What a subcommand of /agentops is: how it is used, who may, what is kept of it before the ack, how it is answered.

Each group of subcommands is a file of its own beside this one, with a tuple `SUBCOMMANDS` that `agentops` collects.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.slack.blocks.help import Usage
from bot.slack.listeners.commands.typed import Typed
from bot.slack.listeners.ports import Ports
from bot.slack.listeners.telling import Tell
from bot.slack.ports import Delivery
from incidents.approval import Person
from incidents.permissions import Act


@dataclass(frozen=True)
class Asked:
    """A subcommand somebody typed. `person` has been looked up just now, user groups included."""

    ports: Ports
    typed: Typed
    person: Person
    tell: Tell


@dataclass(frozen=True)
class Subcommand:
    """One subcommand.

    Attributes:
        usage: how it is typed and what it does.
        act: the row of the table of who may do what.
        answer: does it and tells. Called for full members only, unless `refusals_are_kept`.
        keep: what is stored before the ack, where something is set going; None where it only reads.
        refusals_are_kept: it names an incident or a proposal, so the desk itself turns people away and writes it down.
    """

    usage: Usage
    act: Act
    answer: Callable[[Asked], Awaitable[None]]
    keep: Callable[[Typed], Delivery] | None = None
    refusals_are_kept: bool = False

"""What the app can do, and the nearest thing to what was typed."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from bot.slack.blocks.kit import context, rendered, section
from bot.slack.blocks.text import code, mrkdwn
from bot.slack.ids import COMMAND
from bot.slack.rendered import Rendered
from incidents.permissions import WHO_MAY, Act, Circle


@dataclass(frozen=True)
class Usage:
    """One subcommand."""

    name: str
    arguments: str
    does: str
    example: str

    @property
    def line(self) -> str:
        """As it is typed."""
        return f"{COMMAND} {self.name} {self.arguments}".rstrip()


Entries = Sequence[tuple[Usage, Act]]
"""All subcommands in order, each with its row of the table of who may do what."""

HELP = Usage("help", "", "this list", f"{COMMAND} help")


def help_message(entries: Entries) -> Rendered:
    """All subcommands, by who may use them."""
    circles = {
        Circle.MEMBERS: "*What every full member of this workspace may do*",
        Circle.APPROVERS: "*What only approvers may do* (the people whom the policy names)",
    }
    blocks = [
        section("\n".join([title, *(_told(usage) for usage, act in entries if WHO_MAY[act] is circle)]))
        for circle, title in circles.items()
    ]
    last = "In an incident's thread, mention me with a question. Decisions are made on the cards in the thread."
    names = ", ".join(usage.name for usage, _ in entries)
    return rendered(f"What I can do: {names}", [*blocks, context(last)])


def usage_message(usage: Usage, problem: str) -> Rendered:
    """How one subcommand is used; `problem` is mrkdwn of ours."""
    told = f"{problem}\nUse it so: {code(usage.line, 120)}, for example {code(usage.example, 120)}"
    return rendered(problem, [section(told)])


def unknown_message(typed: str, entries: Entries) -> Rendered:
    """Help for the nearest subcommand; all of it when nothing is near."""
    problem = f"There is no “{mrkdwn(typed, 60)}”."
    usages = {usage.name: usage for usage in (*(usage for usage, _ in entries), HELP)}
    near = get_close_matches(typed.lower()[:40], list(usages), n=1, cutoff=0.5)
    if near:
        usage = usages[near[0]]
        told = f"{problem} Did you mean {code(usage.line, 80)}? ({usage.does})"
        blocks = [
            section(told),
            context(f"For example {code(usage.example, 120)}. All of it: {code(HELP.line, 40)}"),
        ]
        return rendered(f"{problem} Did you mean {usage.name}?", blocks)
    everything = help_message(entries)
    return rendered(f"{problem} {everything.text}", [section(problem), *everything.blocks])


def _told(usage: Usage) -> str:
    return f"{code(usage.line, 80)} – {usage.does}"


def unknown_model_message(name: str, known: tuple[str, ...]) -> Rendered:
    """No such model; the nearest, or all there are."""
    near = get_close_matches(name.lower()[:80], known, n=3, cutoff=0.4)
    offered = ", ".join(code(one, 80) for one in (near or known[:10]))
    problem = f"No model here is called “{mrkdwn(name, 80)}”."
    rest = f" {'Did you mean' if near else 'There are'} {offered}{'?' if near else '.'}" if offered else ""
    return rendered(problem, [section(problem + rest)])

"""What the app can do, and the nearest thing to what was typed."""

from dataclasses import dataclass
from difflib import get_close_matches

from bot.slack.blocks.kit import context, rendered, section
from bot.slack.blocks.text import code, mrkdwn
from bot.slack.ids import COMMAND
from bot.slack.rendered import Rendered


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


USAGES: tuple[Usage, ...] = (
    Usage("status", "[model]", "how the models are, one line each", f"{COMMAND} status"),
    Usage("incidents", "[page]", "open incidents, each with its thread", f"{COMMAND} incidents"),
    Usage(
        "investigate",
        "<model> [question]",
        "look into a model now; the answer comes in its thread",
        f"{COMMAND} investigate fraud-detector why did precision fall?",
    ),
    Usage("runbooks", "<question>", "what the runbooks say", f"{COMMAND} runbooks how do I roll an endpoint back?"),
    Usage(
        "approve",
        "<proposal> <digest>",
        "approve what a card shows, by its own signs",
        f"{COMMAND} approve p1 1a2b3c4d",
    ),
    Usage("pause", "[model]", "stop every change at once, of one model or of all", f"{COMMAND} pause"),
    Usage("resume", "[model]", "let changes go on; approvers only", f"{COMMAND} resume"),
    Usage("help", "", "this list", f"{COMMAND} help"),
)
NAMES = tuple(usage.name for usage in USAGES)


def help_message() -> Rendered:
    """All subcommands."""
    lines = [f"{code(usage.line, 80)} – {usage.does}" for usage in USAGES]
    blocks = [
        section("*What I can do*\n" + "\n".join(lines)),
        context("In an incident's thread, mention me with a question. Decisions are made on the cards in the thread."),
    ]
    return rendered("What I can do: " + ", ".join(NAMES), blocks)


def usage_message(name: str, problem: str) -> Rendered:
    """How one subcommand is used; `problem` is ours."""
    usage = next(u for u in USAGES if u.name == name)
    told = f"{problem}\nUse it so: {code(usage.line, 80)}, for example {code(usage.example, 120)}"
    return rendered(problem, [section(told)])


def unknown_message(typed: str) -> Rendered:
    """Help for the nearest subcommand; all of it when nothing is near."""
    problem = f"There is no “{mrkdwn(typed, 60)}”."
    near = get_close_matches(typed.lower()[:40], NAMES, n=1, cutoff=0.5)
    if near:
        usage = next(u for u in USAGES if u.name == near[0])
        told = f"{problem} Did you mean {code(usage.line, 80)}? ({usage.does})"
        blocks = [
            section(told),
            context(f"For example {code(usage.example, 120)}. All of it: {code(COMMAND + ' help', 40)}"),
        ]
        return rendered(f"{problem} Did you mean {usage.name}?", blocks)
    everything = help_message()
    return rendered(f"{problem} {everything.text}", [section(problem), *everything.blocks])


def unknown_model_message(name: str, known: tuple[str, ...]) -> Rendered:
    """No such model; the nearest, or all there are."""
    near = get_close_matches(name.lower()[:80], known, n=3, cutoff=0.4)
    offered = ", ".join(code(one, 80) for one in (near or known[:10]))
    problem = f"No model here is called “{mrkdwn(name, 80)}”."
    rest = f" {'Did you mean' if near else 'There are'} {offered}{'?' if near else '.'}" if offered else ""
    return rendered(problem, [section(problem + rest)])

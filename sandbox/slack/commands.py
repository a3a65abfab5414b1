"""Slash commands of the app, with what the page offers to complete."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Completion:
    """One offer: `text` goes into the box, `hint` says what may follow."""

    text: str
    hint: str
    description: str

    def as_json(self) -> dict[str, Any]:
        """As listed by the control API."""
        return {"text": self.text, "hint": self.hint, "description": self.description}


@dataclass(frozen=True)
class SlashCommand:
    """A command as registered with the workspace."""

    command: str
    description: str
    usage_hint: str
    completions: tuple[Completion, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As listed by the control API."""
        return {
            "command": self.command,
            "description": self.description,
            "usage_hint": self.usage_hint,
            "completions": [completion.as_json() for completion in self.completions],
        }


def standard_commands() -> list[SlashCommand]:
    """`/agentops` and its subcommands."""
    return [
        SlashCommand(
            "/agentops",
            "Ask about models in production, and decide what is done about them",
            "status [model] | incidents | investigate <model> [question] | runbooks <question> | ack | propose | help",
            (
                Completion("/agentops help", "", "What the app can do"),
                Completion("/agentops status", "[model]", "How the models are"),
                Completion("/agentops incidents", "", "Open incidents"),
                Completion("/agentops investigate ", "<model> [question]", "Look into a model now"),
                Completion("/agentops runbooks ", "<question>", "Search the runbooks"),
                Completion("/agentops trust", "[model]", "How it went so far"),
                Completion("/agentops ack ", "[incident]", "Take an incident"),
                Completion("/agentops close ", "<incident> [reason]", "End an incident"),
                Completion("/agentops false-alarm ", "<incident>", "Mark a false alarm"),
                Completion("/agentops propose ", "<what> <model> ... [--dry-run]", "Ask for a remediation by hand"),
                Completion("/agentops ask-again ", "<id>", "Put an expired proposal up again"),
                Completion("/agentops pause", "[model]", "Stop every change at once"),
                Completion("/agentops resume", "[model]", "Let changes go on"),
                Completion("/agentops approve ", "<id> <digest>", "Approve a proposal"),
            ),
        )
    ]

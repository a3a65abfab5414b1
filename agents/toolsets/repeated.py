"""The guard against a language model that asks the same again and again: it is told so, and then stopped."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_ai import AgentRunError, RunContext
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.toolsets import AbstractToolset, WrapperToolset
from pydantic_ai.toolsets.abstract import ToolsetTool

from agents.workbench import Workbench

MOST_REPEATS = 3
"""Repeats of one call that are answered with words; with the next one the run ends."""
ASKED_BEFORE = "This was asked before, and its answer stands above. Ask something else, or hand in what you have."


class RepeatsItself(AgentRunError):
    """The language model asks the same again and again."""


@dataclass
class GuardedToolset(WrapperToolset[Workbench]):
    """Answers each call once. A repeat of it, with the same arguments in whatever order, costs a sentence."""

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Workbench], tool: ToolsetTool[Workbench]
    ) -> Any:
        """The answer, or that it was given. Raises `RepeatsItself`."""
        before = sum(1 for _ in _alike(ctx.messages, name, tool_args, ctx.tool_call_id))
        if before > MOST_REPEATS:
            raise RepeatsItself(f"{name} was called {before + 1} times with the same arguments")
        return ASKED_BEFORE if before else await super().call_tool(name, tool_args, ctx, tool)


def guarded(toolset: AbstractToolset[Workbench]) -> GuardedToolset:
    """The toolset behind the guard."""
    return GuardedToolset(toolset)


def _alike(
    messages: Sequence[ModelMessage], name: str, tool_args: dict[str, Any], call_id: str | None
) -> Iterator[str]:
    """Earlier calls of this run that are the same."""
    wanted = _told(tool_args)
    for message in messages:
        for call in message.tool_calls if isinstance(message, ModelResponse) else ():
            if call.tool_call_id == call_id:
                return
            if call.tool_name == name and _told(call.args_as_dict()) == wanted:
                yield call.tool_call_id


def _told(arguments: dict[str, Any]) -> str:
    """Arguments in one order; blanks around words are no difference."""
    plain = {key: value.strip() if isinstance(value, str) else value for key, value in arguments.items()}
    return json.dumps(plain, sort_keys=True, default=str)

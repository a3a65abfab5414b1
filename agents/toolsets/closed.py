"""Tools that a stage is shown, because all stages are shown the same, and that it may not call."""

from dataclasses import dataclass
from typing import Any

from pydantic_ai import ModelRetry, RunContext
from pydantic_ai.toolsets import AbstractToolset, WrapperToolset
from pydantic_ai.toolsets.abstract import ToolsetTool

from agents.workbench import Workbench

CLOSED = "No tool may be called for this task. Hand in what is asked for, from what you were told."


@dataclass
class ClosedToolset(WrapperToolset[Workbench]):
    """Refuses every call, in code, whatever it asks."""

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Workbench], tool: ToolsetTool[Workbench]
    ) -> Any:
        """Raises `ModelRetry`; the tool itself is not reached."""
        raise ModelRetry(CLOSED)


def closed(toolset: AbstractToolset[Workbench]) -> ClosedToolset:
    """The toolset behind a shut door."""
    return ClosedToolset(toolset)

"""A trial of the configured language model: one small request with a tool, as an investigation makes them."""

import time
from dataclasses import dataclass
from decimal import Decimal

from pydantic import BaseModel, Field
from pydantic_ai import Agent, RunUsage, ToolOutput, UsageLimits
from pydantic_ai.exceptions import AgentRunError

from agents.llm import connect, failure_in_words
from agents.llm_config import LlmConfig

TRIAL_TOOL = "ready"
"""The one tool of the trial."""


class _Ready(BaseModel):
    ready: bool = Field(description="Always true.")


@dataclass(frozen=True)
class Trial:
    """How it went. `problem` in plain words; empty where it answered by the tool."""

    seconds: float
    tokens: int
    cost_usd: Decimal | None
    problem: str = ""


async def try_out(config: LlmConfig) -> Trial:
    """Ask the model once, within its deadline. Raises `LlmUnusable` where it cannot be asked at all."""
    model, client = connect(config)
    started, usage, problem = time.monotonic(), RunUsage(), ""
    agent = Agent(
        model,
        output_type=ToolOutput(_Ready, name=TRIAL_TOOL, description="Hand in that you are ready."),
        instructions="You are asked whether you can call a tool. Call it once.",
        retries=1,
    )
    try:
        await agent.run("Are you ready?", usage=usage, usage_limits=UsageLimits(request_limit=3))
    except (AgentRunError, ValueError) as error:
        problem = failure_in_words(str(error))
    finally:
        await client.aclose()
    return Trial(round(time.monotonic() - started, 1), usage.total_tokens, usage.cost, problem)

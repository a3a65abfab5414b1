"""Runs the agents on the language model, within the budget, and on the offline rules when that fails."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

import pydantic_ai
from pydantic_ai import Agent, AgentRunError, RunUsage, capture_run_messages
from pydantic_ai.exceptions import FallbackExceptionGroup, UsageLimitExceeded
from pydantic_ai.messages import ModelMessage, ModelResponse, UserContent

from agents.answering.agent import answering_agent
from agents.diagnosis.agent import diagnosis_agent
from agents.llm import LanguageModel, build, failure_in_words, names_of, why_not
from agents.llm_config import LlmConfig, LlmUnusable
from agents.remediation.agent import remediation_agent
from agents.rules.model import OFFLINE_NAME
from agents.toolsets.repeated import RepeatsItself
from agents.tracing import Trace
from agents.triage.agent import triage_agent
from agents.wording import sentence
from incidents.diagnosis import Reasoner

log = logging.getLogger(__name__)

Deps = TypeVar("Deps")
Output = TypeVar("Output")
Prompt = str | Sequence[UserContent]


@dataclass
class Spending:
    """What one investigation has used of the language model so far, and who answered."""

    started: float
    """Of the investigation, on the monotonic clock."""
    reasoning_since: float = field(default_factory=time.monotonic)
    """Of the deadline: what loading the agents takes is not the language model's fault."""
    usage: RunUsage = field(default_factory=RunUsage)
    responses: list[ModelResponse] = field(default_factory=list[ModelResponse])
    notes: list[str] = field(default_factory=list[str])
    offline_because: str = ""
    """Why the language model is not to be asked; empty where it may be."""

    def reasoner(self) -> Reasoner:
        """The label of whatever was written."""
        names = names_of(self.responses) or (OFFLINE_NAME,)
        reason = why_not(self.responses)
        stood_in = [f"{reason}; the offline rules stood in"] if reason else []
        notes = list(dict.fromkeys([*stood_in, *self.notes]))
        return Reasoner(
            name=" then ".join(names),
            offline=set(names) == {OFFLINE_NAME},
            input_tokens=self.usage.input_tokens,
            cached_tokens=self.usage.cache_read_tokens,
            output_tokens=self.usage.output_tokens,
            requests=self.usage.requests,
            cost_usd=Decimal(0) if set(names) == {OFFLINE_NAME} and not self.usage.total_tokens else self.usage.cost,
            seconds=round(time.monotonic() - self.started, 3),
            note=" ".join(sentence(note) for note in notes),
        )


class Reasoning:
    """The agents of this process. Building them takes a second; they keep nothing between runs."""

    def __init__(
        self, config: LlmConfig, make: Callable[[LlmConfig], LanguageModel] = build, trace: Trace | None = None
    ) -> None:
        # On a terminal the library would print an advertisement into our output.
        pydantic_ai.BANNER_ENABLED = False
        self._config = config
        self._trace = trace or Trace.off()
        self._capabilities = self._trace.capabilities()
        self._unusable = ""
        try:
            self._language_model = make(config)
        except LlmUnusable as error:
            # A bot that wakes nobody because of a misspelt name would be worse than one that reasons by the rules.
            log.error("language model cannot be used: %s", error)
            self._unusable = f"{config.model} cannot be used as it is set up (agentops check says why)"
            self._language_model = make(LlmConfig())
        model = self._language_model.model
        self.triage = triage_agent(model)
        self.diagnosis = diagnosis_agent(model)
        self.remediation = remediation_agent(model)
        self.answering = answering_agent(model)

    @property
    def offline(self) -> bool:
        """Whether the offline rules do all the work."""
        return self._config.offline or bool(self._unusable)

    async def run(self, agent: Agent[Deps, Output], prompt: Prompt, deps: Deps, spending: Spending) -> Output:
        """The output of an agent. Never fails because of the language model: then the offline rules write it."""
        if self._unusable:
            spending.notes.append(f"{self._unusable}; the offline rules stood in")
        asks = not self.offline and not spending.offline_because
        if spending.offline_because and not self.offline:
            spending.notes.append(f"{spending.offline_because}; the offline rules stood in")
        left = self._config.deadline_s - (time.monotonic() - spending.reasoning_since)
        if asks and left > 0:
            with capture_run_messages() as messages:
                try:
                    async with asyncio.timeout(left):
                        return await self._on(agent, prompt, deps, spending)
                except UsageLimitExceeded as error:
                    log.warning("language model over budget: %s", error)
                    spending.notes.append(f"{self._config.model_name} reached its budget; the offline rules took over")
                except TimeoutError:
                    log.warning("language model over its deadline of %s s", self._config.deadline_s)
                    spending.notes.append(
                        f"{self._config.model_name} was not done within {self._config.deadline_s:g} s; "
                        "the offline rules took over"
                    )
                except RepeatsItself as error:
                    log.warning("language model repeats itself: %s", error)
                    spending.notes.append(
                        f"{self._config.model_name} asked the same again and again; the offline rules took over"
                    )
                except (AgentRunError, FallbackExceptionGroup, ValueError) as error:
                    # ValueError: an answer that a provider's client or pydantic cannot parse.
                    log.warning("language model failed: %s", type(error).__name__, exc_info=error)
                    reason = (
                        why_not(_responses(messages)) or f"{self._config.model_name} {failure_in_words(str(error))}"
                    )
                    spending.notes.append(f"{reason}; the offline rules took over")
        elif asks:
            spending.notes.append(f"no time was left for {self._config.model_name}")
        return await self._on(agent, prompt, deps, spending, offline=True)

    async def _on(
        self, agent: Agent[Deps, Output], prompt: Prompt, deps: Deps, spending: Spending, *, offline: bool = False
    ) -> Output:
        language_model = self._language_model
        # The rules ask for little and always end; a spent budget must not stop them.
        result = await agent.run(
            prompt,
            deps=deps,
            model=language_model.offline_model if offline else None,
            usage=RunUsage() if offline else spending.usage,
            usage_limits=None if offline else language_model.limits,
            capabilities=self._capabilities,
        )
        spending.responses.extend(_responses(result.new_messages()))
        if offline:
            spending.usage.requests += result.usage.requests
        return result.output

    async def close(self) -> None:
        """Close the language model's connections."""
        await self._language_model.close()


def _responses(messages: list[ModelMessage]) -> list[ModelResponse]:
    return [message for message in messages if isinstance(message, ModelResponse)]

"""Investigations with a language model of zero latency: alone, and ten at once.

In this process, since a model of zero latency cannot be another's. What runs is `Investigator.investigate` as the bot
calls it: every collector, triage, diagnosis (two turns with one tool call between them), the checks of grounding, the
plan. Metrics, SageMaker and data sets are answered from memory; the runbooks by the real index of runbooks/.
"""

import asyncio
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from pydantic_ai.models import Model

from agents.investigator import Investigator
from agents.llm import LlmConfig
from agents.reasoning import Reasoning
from agents.rules.model import OfflineModel
from incidents.investigation import Case, Findings
from tests.agents.fakes import World, bad_deployment
from tests.benchmarks.figures import Figure, Target, figure
from tests.benchmarks.instant_model import InstantModel, Recorder
from tests.benchmarks.processes import BenchmarkFailed
from tools.runbook_index.embedding import embedder_named
from tools.runbook_index.index import RunbookIndex

AT_ONCE = 10
TOOL = "recent_changes"


async def investigations(folder: Path, *, alone: int, rounds: int) -> list[Figure]:
    """The figures; `rounds` of ten at once."""
    index = await asyncio.to_thread(_index, folder)
    try:
        world = bad_deployment()
        sources = replace(world.sources, runbooks=index)
        investigator = Investigator(sources, LlmConfig())
        await investigator.warm_up()
        model = InstantModel(await _outputs(investigator, world), TOOL)
        with _on(await agents_of(investigator), model):
            found = await _investigate(investigator, world.case)
            _check(found, model)
            return [await _alone(investigator, world, alone), await _at_once(investigator, world, rounds)]
    finally:
        index.close()


async def agents_of(investigator: Investigator) -> Reasoning:
    """The agents that an investigator runs."""
    return await investigator._agents()  # pyright: ignore[reportPrivateUsage] pydantic-ai's own way to swap the model of an agent, `override`, needs the agent


def _index(folder: Path) -> RunbookIndex:
    index = RunbookIndex.on_disk(folder / "investigations-index", embedder_named("wordllama"))
    index.index(Path("runbooks"))
    return index


def _on(agents: Reasoning, model: Model) -> ExitStack:
    stack = ExitStack()
    for agent in (agents.triage, agents.diagnosis, agents.remediation):
        stack.enter_context(agent.override(model=model))
    return stack


async def _outputs(investigator: Investigator, world: World) -> dict[str, dict[str, object]]:
    """What the offline rules would hand in, written down once."""
    recorder = Recorder(OfflineModel())
    with _on(await agents_of(investigator), recorder):
        await _investigate(investigator, world.case)
    return recorder.outputs


def _check(found: Findings, model: InstantModel) -> None:
    turns = (model.requests, model.tool_calls)
    # Triage and plan one turn each, the diagnosis two, with one tool call between them.
    if turns != (4, 1) or found.diagnosis.root_cause != "bad_deployment" or not found.plan.choices:
        raise BenchmarkFailed(f"not the investigation that was meant: {turns}, {found.diagnosis.root_cause}")


async def _investigate(investigator: Investigator, case: Case) -> Findings:
    return await investigator.investigate(case)


async def _alone(investigator: Investigator, world: World, count: int) -> Figure:
    times: list[float] = []
    for _ in range(count):
        begun = time.perf_counter()
        await _investigate(investigator, world.case)
        times.append((time.perf_counter() - begun) * 1000)
    how = (
        "Investigator.investigate in this process: all collectors, triage (1 turn), diagnosis (2 turns, 1 tool), plan "
        "(1 turn), grounding; language model of zero latency, metrics and AWS from memory, runbooks from the real index"
    )
    return figure("investigation, alone", "ms", times, how, Target(77))


async def _at_once(investigator: Investigator, world: World, rounds: int) -> Figure:
    rates: list[float] = []
    for _ in range(rounds):
        begun = time.perf_counter()
        await asyncio.gather(*(_investigate(investigator, world.case) for _ in range(AT_ONCE)))
        rates.append(AT_ONCE / (time.perf_counter() - begun))
    how = f"the same, {AT_ONCE} at once in one event loop; investigations a second"
    return figure("investigations, ten at once", "1/s", rates, how, Target(18, more_is_better=True))

"""Investigations with a language model of zero latency: alone, and ten at once.

In this process, since a model of zero latency cannot be another's. Two things are measured. The *diagnosis*: every
collector, then the diagnosis agent in two turns with one tool call between them, its answer checked against the
evidence. The *whole investigation*: `Investigator.investigate` as the bot calls it, which adds triage and plan (a turn
each) and a second check. Metrics, SageMaker and data sets are answered from memory; runbooks by the real index.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from pydantic_ai.models import Model

from agents.brief import brief_of
from agents.collectors.lens import Lens
from agents.diagnosis.agent import diagnosis_prompt
from agents.evidence_book import EvidenceBook
from agents.fencing import facts_fenced, fenced
from agents.investigator import Investigator
from agents.llm_config import LlmConfig
from agents.reasoning import Reasoning, Spending
from agents.rules.model import OfflineModel
from agents.sources import Sources
from agents.timing import Timing
from agents.workbench import Workbench
from bot.interpreter import leave_out_what_is_loaded
from incidents.diagnosis import DiagnosisDraft
from incidents.investigation import Case, Findings
from tests.agents.scenarios import bad_deployment
from tests.agents.world import World
from tests.benchmarks.figures import Figure, Target, figure
from tests.benchmarks.instant_model import InstantModel, Recorder
from tests.benchmarks.processes import BenchmarkFailed
from tools.runbook_index.embedding import embedder_named
from tools.runbook_index.index import RunbookIndex

AT_ONCE = 10
TOOL = "recent_changes"
DIAGNOSIS = (
    "in this process: all collectors, then the diagnosis agent (2 turns, 1 tool) and its grounding check; language "
    "model of zero latency, metrics and AWS from memory, runbooks from the real index"
)
WHOLE = "the same through Investigator.investigate: triage (1 turn), diagnosis (2 turns, 1 tool), plan (1 turn)"


async def investigations(folder: Path, *, alone: int, rounds: int) -> list[Figure]:
    """The figures; `rounds` of ten at once."""
    index = await asyncio.to_thread(_index, folder)
    try:
        world = bad_deployment()
        sources = replace(world.sources, runbooks=index)
        investigator = Investigator(sources, LlmConfig())
        await investigator.warm_up()
        leave_out_what_is_loaded()
        model = InstantModel(await _outputs(investigator, world), TOOL)
        agents = await agents_of(investigator)
        with _on(agents, model):
            _check(await _investigate(investigator, world.case), model)

            async def diagnosis() -> None:
                await _diagnose(agents, sources, world.case)

            async def whole() -> None:
                await _investigate(investigator, world.case)

            return [
                *await _alone("diagnosis (2 turns, 1 tool)", diagnosis, alone, DIAGNOSIS, Target(77)),
                await _at_once("diagnoses, ten at once", diagnosis, rounds, DIAGNOSIS, Target(18, more_is_better=True)),
                *await _alone("whole investigation", whole, alone, WHOLE, None),
                await _at_once("whole investigations, ten at once", whole, rounds, WHOLE, None),
            ]
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


async def _diagnose(agents: Reasoning, sources: Sources, case: Case) -> DiagnosisDraft:
    """The evidence that is always read, and the diagnosis agent on it."""
    lens = Lens(sources, Timing(), case)
    bench = Workbench(lens, EvidenceBook())
    bench.alerts()
    reads = (bench.all_signals, bench.capacity, bench.endpoint_state, bench.recent_changes, bench.data_quality)
    await asyncio.gather(*(read() for read in (*reads, bench.runbooks_for_alerts)))
    evidence = facts_fenced("evidence", bench.book.found)
    prompt = diagnosis_prompt(brief_of(lens).fenced(), evidence, fenced("triage", {"note": None}))
    draft = await agents.run(agents.diagnosis, prompt, bench, Spending(time.monotonic()))
    if draft.root_cause != "bad_deployment":
        raise BenchmarkFailed(f"not the diagnosis that was meant: {draft.root_cause}")
    return draft


async def _alone(
    name: str, work: Callable[[], Awaitable[None]], count: int, how: str, target: Target | None
) -> list[Figure]:
    """How long one takes, and how much of that is processor time: the same on a busy machine, nearly."""
    times: list[float] = []
    used: list[float] = []
    for _ in range(count):
        begun, before = time.perf_counter(), time.process_time()
        await work()
        times.append((time.perf_counter() - begun) * 1000)
        used.append((time.process_time() - before) * 1000)
    return [
        figure(f"{name}, alone", "ms", times, how, target),
        figure(f"{name}, processor time", "ms", used, how),
    ]


async def _at_once(
    name: str, work: Callable[[], Awaitable[None]], rounds: int, how: str, target: Target | None
) -> Figure:
    rates: list[float] = []
    for _ in range(rounds):
        begun = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        rates.append(AT_ONCE / (time.perf_counter() - begun))
    return figure(name, "1/s", rates, f"{how}; {AT_ONCE} at once in one event loop, how many a second", target)

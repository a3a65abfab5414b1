"""Runs cases through the real Investigator."""

import asyncio
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from agents.investigator import Investigator
from agents.llm_config import LlmConfig
from agents.replay import scene_of
from agents.sources import RunbookReads
from incidents.catalogue import Catalogue
from tests.evals.eval_case import EvalCase
from tests.evals.grading import Grade, grade
from tools.manifests.load import load_catalogue
from tools.runbook_index.embedding import WordLlamaEmbedder
from tools.runbook_index.index import RunbookIndex

ROOT = Path(__file__).parents[2]


def shipped_catalogue() -> Catalogue:
    """The project's catalogue of models."""
    return load_catalogue(ROOT / "manifests" / "models.yaml")


@contextmanager
def shipped_runbooks() -> Generator[RunbookIndex]:
    """The project's runbooks in an index that ends with the run."""
    index = RunbookIndex.in_memory(WordLlamaEmbedder())
    try:
        index.index(ROOT / "runbooks")
        yield index
    finally:
        index.close()


async def run(
    cases: Sequence[EvalCase],
    llm: LlmConfig,
    runbooks: RunbookReads,
    *,
    at_once: int = 1,
    told: Callable[[Grade], None] | None = None,
) -> list[Grade]:
    """Grades in the order of the cases. `told` hears of each as it ends."""
    shipped = shipped_catalogue()
    gate = asyncio.Semaphore(at_once)

    async def one(case: EvalCase) -> Grade:
        async with gate:
            graded = await run_one(case, llm, runbooks, shipped)
        if told is not None:
            told(graded)
        return graded

    return list(await asyncio.gather(*(one(case) for case in cases)))


async def run_one(case: EvalCase, llm: LlmConfig, runbooks: RunbookReads, shipped: Catalogue) -> Grade:
    """One case in an Investigator of its own, so that no case knows of another."""
    scene = scene_of(case, shipped, runbooks)
    investigator = Investigator(scene.sources, llm)
    try:
        return grade(case, await investigator.investigate(scene.case))
    finally:
        await investigator.close()

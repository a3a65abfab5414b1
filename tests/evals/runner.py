"""Runs cases through the real Investigator."""

import asyncio
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from agents.investigator import Investigator
from agents.llm_config import LlmConfig
from agents.sources import RunbookReads
from incidents.alert import Alert
from incidents.catalogue import Catalogue, ModelSpec, Unlisted
from incidents.incident import Incident, IncidentState, key_of, worst_severity
from incidents.investigation import Case
from tests.evals.case_file import NOW, EvalCase
from tests.evals.fakes import sources_of
from tests.evals.grading import Grade, grade
from tools.manifests.load import load_catalogue
from tools.runbook_index.embedding import WordLlamaEmbedder
from tools.runbook_index.index import RunbookIndex

ROOT = Path(__file__).parents[2]


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
    shipped = load_catalogue(ROOT / "manifests" / "models.yaml")
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
    measured = shipped.models[case.model] if isinstance(case.model, str) else case.model
    catalogue = shipped.model_copy(update={"models": {**shipped.models, measured.name: measured}})
    investigator = Investigator(sources_of(case, measured, runbooks), llm)
    try:
        findings = await investigator.investigate(incident_of(case, measured, catalogue))
    finally:
        await investigator.close()
    return grade(case, findings)


def incident_of(case: EvalCase, measured: ModelSpec, catalogue: Catalogue) -> Case:
    """The incident that the alerts of a case open, with the catalogue's entry where the labels find one."""
    alerts = tuple(_alert(case, place, measured) for place in range(len(case.alerts)))
    found = catalogue.find(alerts[0].labels)
    entry = None if isinstance(found, Unlisted) else found
    incident = Incident(
        id="INC-101",
        key=key_of(found.name, found.environment),
        model=found.name,
        environment=found.environment,
        tier=entry.tier if entry else 4,
        listed=entry is not None,
        unlisted_reason=found.reason if isinstance(found, Unlisted) else "",
        channel=entry.channel if entry else catalogue.defaults.channel,
        state=IncidentState.INVESTIGATING,
        severity=worst_severity(alerts),
        started_at=min(alert.starts_at for alert in alerts),
        opened_at=min(alert.starts_at for alert in alerts),
        alerts=alerts,
    )
    return Case(incident=incident, model=entry, question=case.question, now=NOW)


def _alert(case: EvalCase, place: int, measured: ModelSpec) -> Alert:
    told = case.alerts[place]
    labels = {"alertname": told.name, "severity": told.severity, "model": measured.name, **told.labels}
    if "endpoint" not in labels:
        labels["env"] = measured.environment
    return Alert(
        fingerprint=f"{place:04x}{case.name}",
        starts_at=told.since,
        status=told.status,
        labels=labels,
        annotations={
            "summary": told.summary or f"{told.name} of {labels['model']}",
            "description": told.description,
            "runbook_url": f"https://runbooks.example/{told.name}.md",
        },
    )

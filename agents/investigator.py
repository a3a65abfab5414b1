"""The investigation: compute first, then reason, then check, then plan."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from agents.answering.answer import Answer
from agents.brief import CaseBrief, brief_of
from agents.collectors.lens import Lens
from agents.evidence_book import EvidenceBook
from agents.fencing import facts_fenced, fenced
from agents.llm import LanguageModel, build
from agents.llm_config import LlmConfig
from agents.readings import Found, SignalReading
from agents.rules.symptoms import Symptoms
from agents.sources import Sources
from agents.timing import Timing
from agents.workbench import Workbench
from incidents.diagnosis import Advice, Diagnosis
from incidents.evidence import EvidenceKind
from incidents.investigation import Case, Findings, ProgressStep
from incidents.issue_text import open_issue
from incidents.proposal import PlanDraft
from incidents.remediation import OpenIssue

if TYPE_CHECKING:
    from agents.reasoning import Reasoning, Spending
    from agents.triage.note import TriageNote

Progress = Callable[[ProgressStep], Awaitable[None]]

STEPS: dict[str, str] = {
    "triage": "Triage",
    "metrics": "Read the metrics",
    "changes": "Look for changes",
    "data": "Check the data",
    "runbooks": "Search the runbooks",
    "diagnosis": "Diagnose",
    "remediation": "Plan",
}
"""The lines of the progress message, in order."""


class Investigator:
    """Investigates incidents and answers questions. One for each process; safe for many cases at once."""

    def __init__(
        self,
        sources: Sources,
        llm: LlmConfig,
        *,
        timing: Timing | None = None,
        issues_enabled: bool = False,
        make: Callable[[LlmConfig], LanguageModel] = build,
    ) -> None:
        """Nothing is loaded before the first call; `warm_up` loads it ahead of time.

        `issues_enabled`: on GitHub. `make`: what makes the language model; tests give one that misbehaves.
        """
        self._make = make
        self._issues_enabled = issues_enabled
        self._sources = sources
        self._llm = llm
        self._timing = timing or Timing()
        # Connections belong to an event loop, and the durable engine recovers work in one of its own.
        self._reasoning: WeakKeyDictionary[asyncio.AbstractEventLoop, Reasoning] = WeakKeyDictionary()
        self._loading = threading.Lock()

    async def warm_up(self) -> None:
        """Load pydantic-ai (and Anthropic's client where there is a key) and build the agents, in a thread."""
        await self._agents()

    async def close(self) -> None:
        """Close the connections that were opened in the running event loop."""
        reasoning = self._reasoning.pop(asyncio.get_running_loop(), None)
        if reasoning is not None:
            await reasoning.close()

    async def investigate(self, case: Case, progress: Progress | None = None) -> Findings:
        """Evidence, a checked diagnosis, and a plan of permitted remediations.

        Failures of partners and of the language model end up in the findings (gaps, lower confidence, the reasoner's
        note), never in an exception.
        """
        report = _Reporter(progress)
        started = time.monotonic()
        lens = Lens(self._sources, self._timing, case)
        bench = Workbench(lens, EvidenceBook())
        await report.all_pending()
        alerts = bench.alerts()
        brief = brief_of(lens)
        reading = asyncio.create_task(self._read(bench, report))
        try:
            agents = await self._agents()
            spending = _spending(started)
            note = await self._triage(agents, bench, brief, alerts, spending, report)
            await reading
        finally:
            reading.cancel()
        diagnosis = await self._diagnose(agents, bench, brief, note, spending, report)
        plan = await self._plan(agents, bench, brief, diagnosis, spending, report)
        if not plan.choices and not diagnosis.advice:
            diagnosis = diagnosis.model_copy(update={"advice": (Advice.INVESTIGATE_BY_HAND,)})
        diagnosis = diagnosis.model_copy(update={"reasoner": spending.reasoner()})
        return Findings(evidence=bench.book.entries, diagnosis=diagnosis, plan=plan)

    async def answer(self, question: str, case: Case, known: Findings | None = None) -> Answer:
        """An answer to a person's question, from what is known of the incident and from the runbooks."""
        from agents.grounding import checked_citations, figures_problem

        started = time.monotonic()
        case = case.model_copy(update={"question": question})
        lens = Lens(self._sources, self._timing, case)
        book = EvidenceBook(known.evidence if known else ())
        bench = Workbench(lens, book)
        brief = brief_of(lens)
        agents = await self._agents()
        spending = _spending(started)
        from agents.answering.agent import answering_prompt

        told = _told(known) if known else fenced("evidence", {"evidence": []})
        diagnosis = fenced("diagnosis", {"diagnosis": known.diagnosis.model_dump(mode="json") if known else None})
        draft = await agents.run(agents.answering, answering_prompt(brief.fenced(), told, diagnosis), bench, spending)
        citations, _ = await checked_citations(draft.citations, book, self._sources.runbooks)
        text = draft.text
        if figures_problem(text, book):
            text = "The answer that was written holds figures that stand in no evidence, so it is not shown."
        evidence = tuple(e for one in draft.evidence if (e := book.get(one)) is not None)
        return Answer(text=text, citations=citations, evidence=evidence, gaps=book.gaps, reasoner=spending.reasoner())

    def _issue(self, bench: Workbench, diagnosis: Diagnosis) -> OpenIssue | None:
        """The issue that may be opened, written by code from the checked diagnosis."""
        model = bench.lens.model
        if model is None or not self._issues_enabled:
            return None
        return open_issue(bench.lens.case.incident, model, diagnosis, bench.book.entries)

    async def _agents(self) -> "Reasoning":
        loop = asyncio.get_running_loop()
        return self._reasoning.get(loop) or await asyncio.to_thread(self._load, loop)

    def _load(self, loop: asyncio.AbstractEventLoop) -> "Reasoning":
        from agents.reasoning import Reasoning

        with self._loading:
            if loop not in self._reasoning:
                self._reasoning[loop] = Reasoning(self._llm, self._make)
            return self._reasoning[loop]

    async def _read(self, bench: Workbench, report: "_Reporter") -> None:
        """Everything that is always read, all partners at once; admitted in a fixed order, so that ids are stable."""
        if bench.lens.model is None:
            for step in ("metrics", "changes", "data"):
                await report.done(step, "not in the catalogue")
            await report.begun("runbooks")
            await report.done("runbooks", *_passages_told(await bench.runbooks_for_alerts()))
            return
        lens, book = bench.lens, bench.book
        from agents.collectors import capacity, changes, quality, runbooks, signals

        asked = {
            ("all_signals",): lambda: signals.all_signals(lens),
            ("capacity",): lambda: capacity.capacity(lens),
            ("endpoint",): lambda: changes.endpoint_state(lens),
            ("changes",): lambda: changes.recent_changes(lens),
            ("quality",): lambda: quality.data_quality(lens),
            ("pages",): lambda: runbooks.for_alerts(lens),
        }
        for step in ("metrics", "changes", "data", "runbooks"):
            await report.begun(step)
        reading = asyncio.gather(*(book.once(question, ask) for question, ask in asked.items()))
        await asyncio.sleep(0)
        metrics = await bench.all_signals() + await bench.capacity()
        await report.done("metrics", *_signals_told(metrics))
        found = await bench.endpoint_state() + await bench.recent_changes()
        await report.done("changes", *_counted(found, "fact", "SageMaker"))
        found = await bench.data_quality()
        await report.done("data", *_counted(found, "fact", "Model Monitor"))
        await report.done("runbooks", *_passages_told(await bench.runbooks_for_alerts()))
        await reading

    async def _triage(
        self,
        agents: "Reasoning",
        bench: Workbench,
        brief: CaseBrief,
        alerts: list[Found],
        spending: "Spending",
        report: "_Reporter",
    ) -> "TriageNote":
        from agents.triage.agent import triage_prompt

        await report.begun("triage")
        prompt = triage_prompt(brief.fenced(), facts_fenced("alertmanager", alerts))
        note = await agents.run(agents.triage, prompt, bench, spending)
        await report.done("triage", f"{note.case_kind.value.replace('_', ' ')}")
        return note

    async def _diagnose(
        self,
        agents: "Reasoning",
        bench: Workbench,
        brief: CaseBrief,
        note: "TriageNote",
        spending: "Spending",
        report: "_Reporter",
    ) -> Diagnosis:
        from agents.diagnosis.agent import diagnosis_prompt
        from agents.grounding import check
        from agents.settle import disagreement, settle

        await report.begun("diagnosis")
        book = bench.book
        evidence = facts_fenced("evidence", book.found)
        guess = fenced("triage", {"note": note.model_dump(mode="json")})
        draft = await agents.run(agents.diagnosis, diagnosis_prompt(brief.fenced(), evidence, guess), bench, spending)
        checked = await check(draft, book, bench.lens.sources.runbooks, bench.lens.model)
        if checked.draft.retraining.retrain:
            await bench.training_window()
        symptoms = Symptoms(book.dossier, brief)
        settled = settle(checked.draft, symptoms)
        if other := disagreement(settled, symptoms):
            spending.notes.append(other.rstrip("."))
        diagnosis = Diagnosis(
            **dict(settled),
            reasoner=spending.reasoner(),
            struck=tuple(checked.struck),
            gaps=book.gaps,
            similar_incidents=_similar(book),
        )
        words = diagnosis.root_cause.value.replace("_", " ")
        await report.done("diagnosis", f"{words}, confidence {diagnosis.confidence}")
        return diagnosis

    async def _plan(
        self,
        agents: "Reasoning",
        bench: Workbench,
        brief: CaseBrief,
        diagnosis: Diagnosis,
        spending: "Spending",
        report: "_Reporter",
    ) -> PlanDraft:
        from agents.remediation.agent import PlanningBench, remediation_prompt
        from agents.remediation.permitted import permitted
        from agents.remediation.plan_check import bounded_plan
        from agents.rules import remedy
        from agents.rules.casefile import Casefile

        await report.begun("remediation")
        book = bench.book
        symptoms = Symptoms(book.dossier, brief)
        allowed = await permitted(bench.lens, diagnosis, symptoms, self._issue(bench, diagnosis))
        shown = [step.shown() for step in allowed]
        by_rules = remedy.write(Casefile(brief, book.dossier, {}, symptoms, decided=diagnosis, permitted=tuple(shown)))
        if not allowed:
            await report.done("remediation", "nothing to approve")
            return by_rules
        prompt = remediation_prompt(
            brief.fenced(),
            fenced("diagnosis", {"diagnosis": diagnosis.model_dump(mode="json")}),
            fenced("permitted", {"permitted": shown}),
        )
        draft = await agents.run(agents.remediation, prompt, PlanningBench(bench, allowed), spending)
        plan = bounded_plan(draft, allowed, book, by_rules)
        count = len(plan.choices)
        await report.done(
            "remediation", f"{count} step{'' if count == 1 else 's'} planned" if count else "nothing to approve"
        )
        return plan


def _spending(started: float) -> "Spending":
    from agents.reasoning import Spending

    return Spending(started)


def _told(known: Findings) -> str:
    """Evidence of an earlier investigation, by its sentences. Passages are left to a search that fits the question."""
    passages = {EvidenceKind.RUNBOOK, EvidenceKind.PAST_INCIDENT}
    facts = [
        {"id": e.id, "kind": e.kind.value, "source": e.source, "found": e.found}
        for e in known.evidence
        if e.kind not in passages
    ]
    return fenced("evidence", {"evidence": facts})


def _similar(book: EvidenceBook) -> tuple[str, ...]:
    past = [p for p in book.dossier.passages if p.kind == "incident"]
    return tuple(dict.fromkeys(f"{p.title} ({p.file})" for p in past))[:3]


def _signals_told(found: list[Found]) -> tuple[str, bool]:
    failed = [f for f in found if f.evidence.kind is EvidenceKind.GAP]
    readings = [f.reading for f in found if isinstance(f.reading, SignalReading)]
    if not readings:
        return "Prometheus could not be read", False
    past = sum(r.severity is not None for r in readings)
    return f"{len(readings)} signals, {past} past their limit", not failed


def _counted(found: list[Found], noun: str, partner: str) -> tuple[str, bool]:
    failed = any(f.evidence.kind is EvidenceKind.GAP for f in found)
    count = sum(f.evidence.kind is not EvidenceKind.GAP for f in found)
    if failed:
        return f"{partner} could not be read in full", False
    return f"{count} {noun}{'' if count == 1 else 's'}", True


def _passages_told(found: list[Found]) -> tuple[str, bool]:
    if any(f.evidence.kind is EvidenceKind.GAP for f in found):
        return "the runbooks could not be read", False
    count = len(found)
    return (f"{count} passage{'' if count == 1 else 's'}" if count else "no runbook fits"), True


class _Reporter:
    """Tells the progress message how far the work is."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress

    async def all_pending(self) -> None:
        for key in STEPS:
            await self._tell(key, "pending", "")

    async def begun(self, key: str) -> None:
        await self._tell(key, "in_progress", "")

    async def done(self, key: str, detail: str, well: bool = True) -> None:
        await self._tell(key, "complete" if well else "error", detail)

    async def _tell(self, key: str, status: str, detail: str) -> None:
        if self._progress is not None:
            await self._progress(ProgressStep(key=key, title=STEPS[key], status=status, detail=detail))

"""The investigation: compute first, then reason, then check, then plan."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from agents.answer import Answer
from agents.brief import brief_of
from agents.collectors.lens import Lens
from agents.evidence_book import EvidenceBook
from agents.fencing import fenced
from agents.first_reading import read_first
from agents.llm import LanguageModel, build
from agents.llm_config import LlmConfig
from agents.names import names_of_case
from agents.progress import Progress, Reporter
from agents.sources import Sources
from agents.timing import Timing
from agents.tracing import Opened, Trace
from agents.workbench import Workbench
from incidents.diagnosis import Advice
from incidents.evidence import EvidenceKind
from incidents.investigation import Case, Findings

if TYPE_CHECKING:
    from agents.reasoning import Reasoning, Spending


class Investigator:
    """Investigates incidents and answers questions. One for each process; safe for many cases at once."""

    def __init__(
        self,
        sources: Sources,
        llm: LlmConfig,
        *,
        timing: Timing | None = None,
        issues_enabled: bool = False,
        trace: Trace | None = None,
        make: Callable[[LlmConfig], LanguageModel] = build,
    ) -> None:
        """Nothing is loaded before the first call; `warm_up` loads it ahead of time.

        `issues_enabled`: on GitHub. `trace`: where spans go; nowhere without it.
        `make`: what makes the language model; tests give one that misbehaves.
        """
        self._make = make
        self._trace = trace or Trace.off()
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
        incident = case.incident
        with self._trace.span(
            "investigation",
            incident=incident.id,
            model=incident.model,
            environment=incident.environment,
            tier=incident.tier,
            severity=incident.severity,
            alerts=sorted({alert.name for alert in incident.alerts}),
        ) as span:
            report = Reporter(progress, self._trace)
            try:
                findings = await self._investigated(case, report)
            finally:
                report.end()
            _note(span, findings)
        return findings

    async def _investigated(self, case: Case, report: Reporter) -> Findings:
        started = time.monotonic()
        lens = Lens(self._sources, self._timing, case)
        bench = Workbench(lens, _book(case))
        await report.all_pending()
        alerts = bench.alerts()
        brief = brief_of(lens)
        reading = asyncio.create_task(read_first(bench, report))
        try:
            agents = await self._agents()
            from agents.stages import Stages

            spending = _spending(started, case.offline_because)
            stages = Stages(agents, bench, brief, alerts, spending, report, self._issues_enabled)
            note = await stages.triage()
            await reading
        finally:
            reading.cancel()
        diagnosis = await stages.diagnose(note)
        plan = await stages.plan(diagnosis)
        if not plan.choices and not diagnosis.advice:
            diagnosis = diagnosis.model_copy(update={"advice": (Advice.INVESTIGATE_BY_HAND,)})
        diagnosis = diagnosis.model_copy(update={"reasoner": spending.reasoner()})
        return Findings(evidence=bench.book.entries, diagnosis=diagnosis, plan=plan)

    async def answer(self, question: str, case: Case, known: Findings | None = None) -> Answer:
        """An answer to a person's question, from what is known of the incident and from the runbooks."""
        from agents.grounding import checked_citations, told_problem

        started = time.monotonic()
        case = case.model_copy(update={"question": question})
        lens = Lens(self._sources, self._timing, case)
        book = _book(case, known)
        bench = Workbench(lens, book)
        brief = brief_of(lens)
        agents = await self._agents()
        spending = _spending(started, case.offline_because)
        from agents.answering.agent import answering_prompt

        told = _told(known) if known else fenced("evidence", {"evidence": []})
        diagnosis = fenced("diagnosis", {"diagnosis": known.diagnosis.model_dump(mode="json") if known else None})
        prompt = answering_prompt(brief.fenced(), told, diagnosis)
        with self._trace.span("question", incident=case.incident.id, model=case.incident.model):
            draft = await agents.run(agents.answering, prompt, bench, spending)
        citations, _ = await checked_citations(draft.citations, book, self._sources.runbooks)
        text = draft.text
        if told_problem(text, book, english=False):
            text = "The answer that was written holds figures that stand in no evidence, so it is not shown."
        evidence = tuple(e for one in draft.evidence if (e := book.get(one)) is not None)
        return Answer(text=text, citations=citations, evidence=evidence, gaps=book.gaps, reasoner=spending.reasoner())

    async def _agents(self) -> "Reasoning":
        loop = asyncio.get_running_loop()
        return self._reasoning.get(loop) or await asyncio.to_thread(self._load, loop)

    def _load(self, loop: asyncio.AbstractEventLoop) -> "Reasoning":
        from agents.reasoning import Reasoning

        with self._loading:
            if loop not in self._reasoning:
                self._reasoning[loop] = Reasoning(self._llm, self._make, self._trace)
            return self._reasoning[loop]


def _note(span: Opened, findings: Findings) -> None:
    """What came of it; what was decided not to be done is an event like what was chosen."""
    diagnosis, reasoner = findings.diagnosis, findings.diagnosis.reasoner
    span.note(
        root_cause=diagnosis.root_cause,
        culprit=diagnosis.culprit.name,
        confidence=diagnosis.confidence,
        onset=diagnosis.onset.isoformat() if diagnosis.onset else None,
        retrain=diagnosis.retraining.retrain,
        evidence=len(findings.evidence),
        claims=len(diagnosis.claims),
        struck=len(diagnosis.struck),
        gaps=diagnosis.gaps,
        reasoner=reasoner.name,
        offline=reasoner.offline,
        requests=reasoner.requests,
        input_tokens=reasoner.input_tokens,
        output_tokens=reasoner.output_tokens,
        cost_usd=float(reasoner.cost_usd) if reasoner.cost_usd is not None else None,
        note=reasoner.note or None,
    )
    for choice in findings.plan.choices:
        span.event("chosen", remediation=choice.remediation.kind, when=choice.when, evidence=choice.evidence)
    advice = [one.value for one in diagnosis.advice]
    if not findings.plan.choices:
        span.event("decided not to act", advice=advice, root_cause=diagnosis.root_cause)
    if not diagnosis.retraining.retrain:
        span.event("decided not to retrain", evidence=diagnosis.retraining.evidence)


def _book(case: Case, known: Findings | None = None) -> EvidenceBook:
    features = case.model.features if case.model is not None else ()
    return EvidenceBook(known.evidence if known else (), names_of_case(case.incident, case.model), features)


def _spending(started: float, offline_because: str = "") -> "Spending":
    from agents.reasoning import Spending

    return Spending(started, offline_because=offline_because)


def _told(known: Findings) -> str:
    """Evidence of an earlier investigation, by its sentences. Passages are left to a search that fits the question."""
    passages = {EvidenceKind.RUNBOOK, EvidenceKind.PAST_INCIDENT}
    facts = [
        {"id": e.id, "kind": e.kind.value, "source": e.source, "found": e.found}
        for e in known.evidence
        if e.kind not in passages
    ]
    return fenced("evidence", {"evidence": facts})

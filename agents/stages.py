"""The stages of an investigation in which something reasons: triage, diagnosis, plan.

Imported once pydantic-ai is there: it takes a second to load.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from agents.brief import CaseBrief
from agents.diagnosis.agent import diagnosis_prompt
from agents.evidence_book import EvidenceBook
from agents.fencing import facts_fenced, fenced
from agents.grounding import check
from agents.progress import Reporter
from agents.readings.found import Found
from agents.reasoning import Reasoning, Spending
from agents.remediation.agent import PlanningBench, remediation_prompt
from agents.remediation.permitted import permitted
from agents.remediation.plan_check import bounded_plan
from agents.rules import remedy
from agents.rules.casefile import Casefile
from agents.rules.symptoms import Symptoms
from agents.settle import disagreement, settle
from agents.strategies import in_words
from agents.triage.agent import triage_prompt
from agents.triage_note import TriageNote
from agents.workbench import Workbench
from incidents.alert import AlertKind
from incidents.diagnosis import Diagnosis
from incidents.issue_text import open_issue
from incidents.proposal import PlanDraft
from incidents.remediation import OpenIssue

MOST_SEEN_BEFORE = 3
"""Closed incidents of our own that a diagnosis tells of."""


@dataclass(frozen=True)
class Stages:
    """The stages of one investigation, each checked by code before the next begins.

    Attributes:
        alerts: of the incident, as they were admitted to the book.
        issues: whether an issue may be opened on GitHub.
    """

    agents: Reasoning
    bench: Workbench
    brief: CaseBrief
    alerts: Sequence[Found]
    spending: Spending
    report: Reporter
    issues: bool

    async def triage(self) -> TriageNote:
        """What kind of case it is, and where to look first."""
        await self.report.begun("triage")
        prompt = triage_prompt(self._case)
        with self.report.within("triage"):
            note = await self.agents.run(self.agents.triage, prompt, self.bench, self.spending)
        await self.report.done("triage", f"{note.case_kind.value.replace('_', ' ')}")
        return note

    async def diagnose(self, note: TriageNote) -> Diagnosis:
        """The diagnosis, checked: what stands in no evidence is struck, what the rules forbid is taken back."""
        await self.report.begun("diagnosis")
        book = self.bench.book
        alerts = {alert.evidence.id for alert in self.alerts}
        evidence = facts_fenced("evidence", [fact for fact in book.found if fact.evidence.id not in alerts])
        guess = fenced("triage", {"note": note.model_dump(mode="json")})
        with self.report.within("diagnosis"):
            kinds = sorted({alert.kind for alert in book.dossier.alerts}, key=list(AlertKind).index)
            prompt = diagnosis_prompt(self._case, evidence, guess, in_words(kinds))
            draft = await self.agents.run(self.agents.diagnosis, prompt, self.bench, self.spending)
        checked = await check(draft, book, self.bench.lens.sources.runbooks, self.bench.lens.model)
        if checked.draft.retraining.retrain:
            await self.bench.training_window()
        symptoms = Symptoms(book.dossier, self.brief)
        settled = settle(checked.draft, symptoms)
        if other := disagreement(settled, symptoms):
            self.spending.notes.append(other.rstrip("."))
        diagnosis = Diagnosis(
            **dict(settled),
            reasoner=self.spending.reasoner(),
            struck=tuple(checked.struck),
            gaps=book.gaps,
            similar_incidents=_similar(book),
            seen_before=tuple(one.similar for one in book.dossier.past if one.similar is not None)[:MOST_SEEN_BEFORE],
        )
        words = diagnosis.root_cause.value.replace("_", " ")
        await self.report.done("diagnosis", f"{words}, confidence {diagnosis.confidence}")
        return diagnosis

    async def plan(self, diagnosis: Diagnosis) -> PlanDraft:
        """The plan: of what code permits here, what was chosen."""
        await self.report.begun("remediation")
        book = self.bench.book
        symptoms = Symptoms(book.dossier, self.brief)
        allowed = await permitted(self.bench.lens, diagnosis, symptoms, self._issue(diagnosis))
        shown = [step.shown() for step in allowed]
        case = Casefile(self.brief, book.dossier, {}, symptoms, decided=diagnosis, permitted=tuple(shown))
        by_rules = remedy.write(case)
        if not allowed:
            await self.report.done("remediation", "nothing to approve")
            return by_rules
        prompt = remediation_prompt(
            self._case,
            fenced("diagnosis", {"diagnosis": _once(diagnosis).model_dump(mode="json", exclude_defaults=True)}),
            fenced("permitted", {"permitted": shown}),
        )
        with self.report.within("remediation"):
            planning = PlanningBench(self.bench.lens, book, allowed)
            draft = await self.agents.run(self.agents.remediation, prompt, planning, self.spending)
        plan = bounded_plan(draft, allowed, book, by_rules)
        count = len(plan.choices)
        await self.report.done(
            "remediation", f"{count} step{'' if count == 1 else 's'} planned" if count else "nothing to approve"
        )
        return plan

    @cached_property
    def _case(self) -> str:
        """What every stage is told first, in the same words."""
        return f"An incident.\n\n{self.brief.fenced()}\n\nIts alerts:\n\n{facts_fenced('alertmanager', self.alerts)}"

    def _issue(self, diagnosis: Diagnosis) -> OpenIssue | None:
        """The issue that may be opened, written by code from the checked diagnosis."""
        lens = self.bench.lens
        if lens.model is None or not self.issues:
            return None
        return open_issue(lens.case.incident, lens.model, diagnosis, self.bench.book.entries)


def _once(diagnosis: Diagnosis) -> Diagnosis:
    """The diagnosis with each claim said once: what stands among its claims is left out of its hypotheses."""
    said = set(diagnosis.claims)
    hypotheses = tuple(
        one.model_copy(
            update={
                "supported_by": tuple(claim for claim in one.supported_by if claim not in said),
                "contradicted_by": tuple(claim for claim in one.contradicted_by if claim not in said),
            }
        )
        for one in diagnosis.hypotheses
    )
    return diagnosis.model_copy(update={"hypotheses": hypotheses})


def _similar(book: EvidenceBook) -> tuple[str, ...]:
    past = [p for p in book.dossier.passages if p.kind == "incident"]
    return tuple(dict.fromkeys(f"{p.title} ({p.file})" for p in past))[:3]

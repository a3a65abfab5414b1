"""Answers to free questions by the rules: what the evidence and the runbooks say, and no more."""

import re

from agents.answering.answer import AnswerDraft
from agents.readings import PassageReading
from agents.rules.casefile import Casefile
from incidents.diagnosis import RunbookCitation

MOST_PASSAGES = 3
NEAR_ENOUGH = 0.05
_WORD = re.compile(r"[a-z0-9_]{3,}")
_COMMON = frozenset(
    "the and for was were what when why how who which that this with from has have had are is not did does can should "
    "would could there any our its you your about happened happen model endpoint please tell".split()
)


def write(case: Casefile) -> AnswerDraft:
    """The answer: first what was found about the incident, then passages word for word."""
    question = case.brief.question
    parts: list[str] = []
    evidence: list[str] = []
    diagnosis = case.decided
    if diagnosis is not None and _about_the_incident(question):
        parts.append(f"{diagnosis.summary} (class {diagnosis.root_cause}, confidence {diagnosis.confidence})")
    relevant = _relevant(case, question)
    for evidence_id in relevant:
        parts.append(f"{case.told[evidence_id]} [{evidence_id}]")
        evidence.append(evidence_id)
    passages = _passages(case)
    if passages:
        parts.append("The runbooks say:")
        parts.extend(f"“{' '.join(p.quote.split())}” ({p.file}, {p.heading})" for p in passages)
    if not parts:
        return AnswerDraft(text="Neither the evidence of this incident nor the runbooks answer that.")
    if not passages:
        parts.append("No runbook passage fits the question.")
    return AnswerDraft(
        text="\n".join(parts)[:2900],
        evidence=tuple(evidence),
        citations=tuple(
            RunbookCitation(file=p.file, heading=p.heading, quote=p.quote, lines=p.lines) for p in passages
        ),
    )


def _about_the_incident(question: str) -> bool:
    asked = question.lower()
    return any(
        word in asked
        for word in ("why", "cause", "wrong", "happen", "diagnos", "retrain", "roll", "onset", "since when", "what is")
    )


def _relevant(case: Casefile, question: str) -> list[str]:
    """Evidence that shares a telling word with the question, at most four."""
    wanted = set(_WORD.findall(question.lower())) - _COMMON
    passages = {p.evidence for p in case.dossier.passages}
    scored = [
        (len(wanted & set(_WORD.findall(told.lower()))), evidence_id)
        for evidence_id, told in case.told.items()
        if evidence_id not in passages
    ]
    return [evidence_id for score, evidence_id in sorted(scored, key=lambda row: -row[0]) if score > 0][:4]


def _passages(case: Casefile) -> list[PassageReading]:
    near = [p for p in case.citable() if p.score >= NEAR_ENOUGH]
    return sorted(near, key=lambda p: -p.score)[:MOST_PASSAGES]

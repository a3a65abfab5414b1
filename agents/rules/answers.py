"""Answers to free questions by the rules: what the evidence and the runbooks say, and no more."""

import re

from agents.answer import AnswerDraft
from agents.rules.casefile import Casefile
from agents.wording import moment_in_words, our_words
from incidents.diagnosis import Diagnosis, RunbookCitation

MOST_PASSAGES = 3
NEAR_ENOUGH = 0.05
HALF_AS_NEAR = 0.5
"""A passage less near than this share of the best one is left out."""
_WORD = re.compile(r"[a-z0-9_]{3,}")
_COMMON = frozenset(
    "the and for was were what when why how who which that this with from has have had are is not did does can should "
    "would could there any our its you your about happened happen model endpoint please tell".split()
)


def write(case: Casefile) -> AnswerDraft:
    """The answer: what was found about the incident; passages stand beside it as citations, word for word."""
    question = case.brief.question
    parts: list[str] = []
    evidence: list[str] = []
    diagnosis = case.decided
    told = _from_diagnosis(diagnosis, question.lower()) if diagnosis is not None else []
    parts.extend(told)
    relevant = _relevant(case, question)
    for evidence_id in relevant:
        parts.append(f"{our_words(case.told[evidence_id])} [{evidence_id}]")
        evidence.append(evidence_id)
    # Passages that were chosen for the diagnosis fit the case; those of a search fit only the words of the question.
    citations = diagnosis.citations if diagnosis is not None and told else _searched(case)
    if citations and not parts:
        parts.append("The evidence of this incident does not answer that; these runbook passages are nearest to it.")
    elif parts and not citations:
        parts.append("No runbook passage fits the question.")
    elif not parts:
        parts.append("Neither the evidence of this incident nor the runbooks answer that.")
    return AnswerDraft(text="\n".join(parts)[:2900], evidence=tuple(evidence), citations=citations)


def _from_diagnosis(diagnosis: Diagnosis, asked: str) -> list[str]:
    """What the diagnosis says to a question; its summary where the question is about the incident as a whole."""
    if "retrain" in asked:
        return [f"{'Yes' if diagnosis.retraining.retrain else 'No'}. {diagnosis.retraining.because}"]
    if any(words in asked for words in ("since when", "when did", "onset", "how long")):
        began = f"It began at {moment_in_words(diagnosis.onset)}." if diagnosis.onset else "When it began is not known."
        return [began]
    if any(words in asked for words in ("why", "cause", "wrong", "happen", "diagnos", "roll", "what is", "summar")):
        return [f"{diagnosis.summary} (Class {diagnosis.root_cause}, confidence {diagnosis.confidence}.)"]
    return []


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


def _searched(case: Casefile) -> tuple[RunbookCitation, ...]:
    best = max((p.score for p in case.citable()), default=0.0)
    near = [p for p in case.citable() if p.score >= max(NEAR_ENOUGH, HALF_AS_NEAR * best)]
    nearest = sorted(near, key=lambda p: -p.score)[:MOST_PASSAGES]
    return tuple(RunbookCitation(file=p.file, heading=p.heading, quote=p.quote, lines=p.lines) for p in nearest)

"""Uncited means unsaid: every statement of a draft is held against the evidence it names.

A claim passes when each id it names exists, none of them is a gap (unless the claim says that something could not be
read), and every number and time in it stands in that evidence, rounded as people round. A citation passes when its
words stand in the file under the heading. The culprit must be named by the evidence or the catalogue.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agents.evidence_book import EvidenceBook
from agents.numbers import unfounded
from agents.sources import RunbookReads
from incidents.catalogue import ModelSpec
from incidents.diagnosis import (
    Claim,
    Confidence,
    Culprit,
    DiagnosisDraft,
    Hypothesis,
    RunbookCitation,
    Struck,
)
from tools.errors import UpstreamError

_ADMITS_A_GAP = re.compile(
    r"could not|cannot|can't|was not|were not|not (?:be )?(?:read|available|known|answer)|no (?:data|samples)|"
    r"missing|unknown|unavailable|unread",
    re.IGNORECASE,
)


@dataclass
class Checked:
    """A draft with everything taken out that the evidence does not say."""

    draft: DiagnosisDraft
    struck: list[Struck] = field(default_factory=list[Struck])

    @property
    def problems(self) -> str:
        """For the reasoner, to do better."""
        lines = [f"- “{one.text}”: {one.reason}" for one in self.struck]
        return (
            "Some statements are not covered by the evidence they name. Correct each, name the right evidence, or "
            "leave it out; use only numbers that stand in the evidence.\n" + "\n".join(lines)
        )


def problem_of(text: str, evidence_ids: Sequence[str], book: EvidenceBook) -> str | None:
    """Why the evidence does not cover a statement, or None when it does."""
    if not evidence_ids:
        return "it names no evidence"
    absent = [one for one in evidence_ids if book.get(one) is None]
    if absent:
        return f"there is no evidence {', '.join(absent)}"
    if any(book.is_gap(one) for one in evidence_ids) and not _ADMITS_A_GAP.search(text):
        return "it rests on something that could not be read"
    return figures_problem(text, book, evidence_ids)


def figures_problem(text: str, book: EvidenceBook, evidence_ids: Sequence[str] | None = None) -> str | None:
    """Which number or time of a text does not stand in the evidence (all of it, unless ids are given), or None."""
    figure = unfounded(text, book.figures(evidence_ids))
    return f"{figure} does not stand in that evidence" if figure else None


async def check(draft: DiagnosisDraft, book: EvidenceBook, runbooks: RunbookReads, model: ModelSpec | None) -> Checked:
    """The draft without what is not covered, and what was taken out."""
    struck: list[Struck] = []

    def keep(claims: Sequence[Claim]) -> tuple[Claim, ...]:
        kept: list[Claim] = []
        for claim in claims:
            problem = problem_of(claim.text, claim.evidence, book)
            if problem is None:
                kept.append(claim)
            elif all(one.text != claim.text for one in struck):
                struck.append(Struck(text=claim.text, reason=problem))
        return tuple(kept)

    claims = keep(draft.claims)
    hypotheses = tuple(_checked(hypothesis, keep, book, struck) for hypothesis in draft.hypotheses)
    citations = await _citations(draft.citations, book, runbooks, struck)
    culprit = draft.culprit
    if culprit.kind != "none" and not _named(culprit, book, model):
        struck.append(Struck(text=f"culprit: {culprit.name}", reason="no evidence names it"))
        culprit = Culprit(kind="none", name="")
    summary_problem = figures_problem(draft.summary, book)
    summary = draft.summary
    if summary_problem:
        struck.append(Struck(text=draft.summary, reason=summary_problem))
        summary = (
            " ".join(c.text for c in claims[:2])[:600] or "No statement about this incident is covered by evidence."
        )
    verdict = draft.retraining
    unknown = [one for one in verdict.evidence if book.get(one) is None]
    verdict_problem = (
        f"there is no evidence {', '.join(unknown)}" if unknown else figures_problem(verdict.because, book)
    )
    if verdict_problem:
        struck.append(Struck(text=verdict.because, reason=verdict_problem))
        update = {"retrain": False, "because": "The reasons given are not covered by evidence.", "evidence": ()}
        verdict = verdict.model_copy(update=update)
    unsure = not claims or (culprit.kind == "none" and draft.culprit.kind != "none")
    return Checked(
        draft.model_copy(
            update={
                "claims": claims,
                "hypotheses": hypotheses,
                "citations": citations,
                "culprit": culprit,
                "summary": summary,
                "retraining": verdict,
                "confidence": Confidence.LOW if unsure else draft.confidence,
            }
        ),
        struck,
    )


def _checked(
    hypothesis: Hypothesis,
    keep: Callable[[Sequence[Claim]], tuple[Claim, ...]],
    book: EvidenceBook,
    struck: list[Struck],
) -> Hypothesis:
    problem = figures_problem(hypothesis.statement, book)
    statement = hypothesis.statement
    if problem:
        struck.append(Struck(text=statement, reason=problem))
        statement = f"{hypothesis.cause.value.replace('_', ' ').capitalize()}."
    return hypothesis.model_copy(
        update={
            "statement": statement,
            "supported_by": keep(hypothesis.supported_by),
            "contradicted_by": keep(hypothesis.contradicted_by),
        }
    )


async def checked_citations(
    citations: Sequence[RunbookCitation], book: EvidenceBook, runbooks: RunbookReads
) -> tuple[tuple[RunbookCitation, ...], list[Struck]]:
    """The citations that stand in their files word for word, with their lines; and the others."""
    struck: list[Struck] = []
    return await _citations(citations, book, runbooks, struck), struck


async def _citations(
    citations: Sequence[RunbookCitation], book: EvidenceBook, runbooks: RunbookReads, struck: list[Struck]
) -> tuple[RunbookCitation, ...]:
    passages = {(e.subject, e.heading, e.found): e.lines for e in book.passages()}
    kept: list[RunbookCitation] = []
    for citation in citations:
        lines = passages.get((citation.file, citation.heading, citation.quote))
        if lines is None:
            try:
                lines = await asyncio.to_thread(runbooks.verify_quote, citation.file, citation.heading, citation.quote)
            except UpstreamError:
                lines = None
        if lines is None:
            reason = f"these words do not stand in {citation.file} under {citation.heading}"
            struck.append(Struck(text=citation.quote, reason=reason))
        else:
            kept.append(citation.model_copy(update={"lines": lines}))
    return tuple(kept)


def _named(culprit: Culprit, book: EvidenceBook, model: ModelSpec | None) -> bool:
    name = culprit.name.strip()
    if not name:
        return False
    if model is not None:
        endpoint = model.endpoint.name if model.endpoint else None
        if name in {model.name, endpoint, model.data.source, model.data.pipeline, *model.features}:
            return True
    word = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    return any(e.subject == name or word.search(e.found) is not None for e in book.entries if not book.is_gap(e.id))

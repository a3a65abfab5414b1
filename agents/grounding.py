"""Uncited means unsaid: every statement of a draft is held against the evidence it names.

A claim passes when each id it names exists, none of them is a gap (unless the claim says that something could not be
read), every number, time, name and quotation in it stands in that evidence, numbers rounded as people round, and it
says the same way as the evidence which way a figure went. A citation passes when its words stand in the file under the
heading. The culprit must be named by the evidence or the catalogue; the onset must be a moment that was read. Whether a
sentence in words of its own follows from what it names, no code can tell.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agents.evidence_book import EvidenceBook
from agents.figures import holds_one, measured_in, unfounded
from agents.names import capitalised_in, features_in, is_evidence_id, names_in
from agents.senses import MEASURED, quotations_in, sense_problem, source_problem
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
from incidents.evidence import EvidenceKind
from tools.errors import UpstreamError

_SENTENCES = re.compile(r"(?<=[.;!?])\s+")
_A_MINUTE = timedelta(minutes=1)
_ABOUT_FEATURES = frozenset({EvidenceKind.DRIFT, EvidenceKind.DATA_QUALITY})
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
    return book.judged((text, tuple(evidence_ids)), lambda: _problem_of(text, evidence_ids, book))


def _problem_of(text: str, evidence_ids: Sequence[str], book: EvidenceBook) -> str | None:
    if not evidence_ids:
        return "it names no evidence"
    absent = [one for one in evidence_ids if book.get(one) is None]
    if absent:
        return f"there is no evidence {', '.join(absent)}"
    if any(book.is_gap(one) for one in evidence_ids) and not _ADMITS_A_GAP.search(text):
        return "it rests on something that could not be read"
    named = [e for one in evidence_ids if (e := book.get(one)) is not None]
    return _told_problem(text, book, evidence_ids) or sense_problem(text, named)


def told_problem(
    text: str, book: EvidenceBook, evidence_ids: Sequence[str] | None = None, *, english: bool = True
) -> str | None:
    """Which number, time, name, quotation or source of a text the evidence lacks (all, unless ids are given), or None.

    `english`: whether capitals in the midst of a sentence are signs of a name; they are not in every language.
    """
    ids = None if evidence_ids is None else tuple(evidence_ids)
    return book.judged((text, ids, english), lambda: _told_problem(text, book, ids, english=english))


def _told_problem(
    text: str, book: EvidenceBook, evidence_ids: Sequence[str] | None, *, english: bool = True
) -> str | None:
    ids = [one.id for one in book.entries] if evidence_ids is None else evidence_ids
    listed = len(evidence_ids) if evidence_ids is not None else 0
    figure = unfounded(text, book.figures(ids), listed=listed)
    if figure:
        return f"{figure} does not stand in that evidence"
    return (
        _unnamed(text, book, ids, book.features if evidence_ids is not None else (), english=english)
        or _misquoted(text, book, ids)
        or source_problem(text, [e for one in ids if (e := book.get(one)) is not None])
        or (_turned(text, book) if evidence_ids is None else None)
    )


def _unnamed(
    text: str, book: EvidenceBook, ids: Sequence[str], features: Sequence[str], *, english: bool
) -> str | None:
    """The first name of a text that none of its evidence names."""
    for name in names_in(text):
        if is_evidence_id(name):
            if book.get(name) is None:
                return f"there is no evidence {name}"
        elif not book.named(name, ids):
            return f"{name} is named by none of that evidence"
    for feature in features_in(text, features):
        if not book.named(feature, ids):
            return f"{feature} is named by none of that evidence"
    if english:
        for word in capitalised_in(text):
            if not book.named(word):
                return f"{word} is named by no evidence"
    return None


def _misquoted(text: str, book: EvidenceBook, ids: Sequence[str]) -> str | None:
    """The first words between quotation marks that stand in none of its evidence."""
    for quoted in quotations_in(text):
        if not book.tells(quoted.rstrip(".,"), ids):
            return f"the words “{quoted}” do not stand in that evidence"
    return None


def _turned(text: str, book: EvidenceBook) -> str | None:
    """The first sentence that every piece of evidence with its figures contradicts: here none is named to stand on."""
    for sentence in _SENTENCES.split(text):
        numbers = measured_in(sentence)
        holding = [e for e in book.entries if e.kind in MEASURED and holds_one(numbers, book.figures([e.id])[0])]
        problems = [sense_problem(sentence, [e]) for e in holding]
        if problems and all(problems):
            return problems[0]
    return None


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
    onset = draft.onset
    if onset is not None and not _read(onset, book):
        struck.append(Struck(text=f"onset {onset:%Y-%m-%d %H:%M:%S} UTC", reason="nothing that was read began then"))
        onset = None
    summary_problem = told_problem(draft.summary, book)
    summary = draft.summary
    if summary_problem:
        struck.append(Struck(text=draft.summary, reason=summary_problem))
        summary = (
            " ".join(c.text for c in claims[:2])[:600] or "No statement about this incident is covered by evidence."
        )
    verdict = draft.retraining
    unknown = [one for one in verdict.evidence if book.get(one) is None]
    verdict_problem = (
        f"there is no evidence {', '.join(unknown)}"
        if unknown
        else told_problem(verdict.because, book, verdict.evidence or None)
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
                "onset": onset,
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
    problem = told_problem(hypothesis.statement, book)
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
        lines = lines or await _looked_up(citation, book, runbooks)
        if lines is None:
            reason = f"these words do not stand in {citation.file} under {citation.heading}"
            struck.append(Struck(text=citation.quote, reason=reason))
        else:
            kept.append(citation.model_copy(update={"lines": lines}))
    return tuple(kept)


async def _looked_up(citation: RunbookCitation, book: EvidenceBook, runbooks: RunbookReads) -> tuple[int, int] | None:
    """The lines of a quotation in its file, looked up once; None where it does not stand there, or none can tell."""
    quote = (citation.file, citation.heading, citation.quote)
    try:
        return await book.once(("quote", *quote), lambda: asyncio.to_thread(runbooks.verify_quote, *quote))
    except UpstreamError:
        return None


def _read(onset: datetime, book: EvidenceBook) -> bool:
    """Whether something that was read began then, to the minute."""
    return any(abs(onset - at) <= _A_MINUTE for at in book.moments())


def _named(culprit: Culprit, book: EvidenceBook, model: ModelSpec | None) -> bool:
    name = culprit.name.strip()
    if not name:
        return False
    if model is not None:
        endpoint = model.endpoint.name if model.endpoint else None
        own = {model.name, endpoint, model.data.source, model.data.pipeline}
        if name in (model.features if culprit.kind == "feature" else own):
            return True
    if culprit.kind == "feature":
        about = [e for e in book.entries if e.kind in _ABOUT_FEATURES or e.source == "Alertmanager"]
        return any(e.subject == name for e in about)
    word = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    told = [e for e in book.entries if not book.is_gap(e.id)]
    if any(e.subject == name for e in told):
        return True
    return name in set(names_in(name)) and any(word.search(e.found) is not None for e in told)

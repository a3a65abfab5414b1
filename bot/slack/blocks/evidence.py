"""Behind the diagnosis: every piece of evidence, the other explanations, and what was struck out."""

from collections.abc import Iterator

from slack_sdk.models.blocks import RichTextElement

from bot.slack.blocks.citations import marks, past_incident
from bot.slack.blocks.kit import anchor, bullets, context, glue, paragraph, rendered, rich, section, words
from bot.slack.blocks.links import Links
from bot.slack.blocks.text import both_ends, mrkdwn, plural
from bot.slack.rendered import Block, Rendered
from incidents.cause_words import CAUSE
from incidents.diagnosis import Diagnosis
from incidents.evidence import Evidence, EvidenceKind
from incidents.investigation import Findings

_PIECES = 24
_PER_BLOCK = 8
_HYPOTHESES = 4
_FOR_AND_AGAINST = 3
_STRUCK = 5
_OF_A_LOG = (240, 180)
"""Characters of its beginning and of its end."""

_KIND: dict[EvidenceKind, str] = {
    EvidenceKind.METRIC: "metric",
    EvidenceKind.DRIFT: "drift",
    EvidenceKind.DATA_QUALITY: "data quality",
    EvidenceKind.CHANGE: "change",
    EvidenceKind.RUNBOOK: "runbook",
    EvidenceKind.PAST_INCIDENT: "past incident",
    EvidenceKind.LOG: "log",
    EvidenceKind.MODEL_COMPARISON: "model comparison",
    EvidenceKind.OTHER_SOURCE: "other source",
    EvidenceKind.GAP: "could not be read",
}


def evidence_message(findings: Findings, links: Links, *, again: bool = False) -> Rendered:
    """What else it could be, and for each fact that was used: what was asked and what came back.

    Where a look found `again` what the one before it had found, only the facts are told: the rest stands there.
    """
    diagnosis = findings.diagnosis
    used = _used(findings)[:_PIECES]
    of_all = f"{len(used)} of {plural(len(findings.evidence), 'fact')}"
    title = f"Evidence, read again: {of_all}" if again else f"Evidence: {of_all} read"
    if again:
        return rendered(title, [section(f"*{title}*"), *_pieces(used, links, asked=False), *_struck(diagnosis)])
    blocks = [
        *_hypotheses(diagnosis),
        section(f"*{title}*"),
        *_pieces(used, links),
        *_struck(diagnosis),
        *_similar(diagnosis, links),
    ]
    return rendered(title, blocks)


def _used(findings: Findings) -> tuple[Evidence, ...]:
    """What a claim, the retraining verdict or a proposal stands on, and what could not be read."""
    diagnosis = findings.diagnosis
    claims = [*diagnosis.claims]
    for one in diagnosis.hypotheses:
        claims += [*one.supported_by, *one.contradicted_by]
    ids = {id for claim in claims for id in claim.evidence} | set(diagnosis.retraining.evidence)
    ids |= {id for choice in findings.plan.choices for id in choice.evidence}
    return tuple(one for one in findings.evidence if one.id in ids or one.kind is EvidenceKind.GAP)


def _pieces(evidence: tuple[Evidence, ...], links: Links, *, asked: bool = True) -> Iterator[Block]:
    for start in range(0, len(evidence), _PER_BLOCK):
        yield rich(bullets([_piece(piece, links, asked=asked) for piece in evidence[start : start + _PER_BLOCK]]))


def _piece(piece: Evidence, links: Links, *, asked: bool) -> RichTextElement:
    runs = [words(piece.id, 12, bold=True), glue(f" {_KIND[piece.kind]}, "), words(piece.source, 60)]
    if piece.heading is not None:
        where = f": {piece.subject or ''} › {piece.heading}"
        runs.append(words(where, 200))
        if piece.lines:
            runs.append(glue(f", lines {piece.lines[0]}–{piece.lines[1]}"))
        runs += [glue(": "), words(piece.found, 260)]
    elif piece.kind is EvidenceKind.LOG:
        runs += [glue(": "), words(both_ends(piece.found, *_OF_A_LOG), sum(_OF_A_LOG) + 3)]
    else:
        runs += [glue(": "), words(piece.found, 260)]
    if asked and piece.asked.strip() and piece.heading is None:
        runs += [glue("\n"), words(piece.asked, 220, mono=True)]
    address = links.safe(piece.link)
    if address is None and piece.heading is not None and piece.subject:
        address = links.runbook(piece.subject, piece.lines)
    if address:
        runs += [glue(" "), anchor(address, "open")]
    return paragraph(*runs)


def _hypotheses(diagnosis: Diagnosis) -> Iterator[Block]:
    """What speaks for the diagnosis stands in its own message and is not said again."""
    hypotheses = diagnosis.hypotheses
    if not hypotheses:
        return
    said = {claim.text for claim in diagnosis.claims}
    parts: list[RichTextElement] = [paragraph(words("Explanations, most likely first", bold=True))]
    for number, one in enumerate(hypotheses[:_HYPOTHESES], start=1):
        parts.append(
            paragraph(
                glue(f"{number}. "), words(CAUSE[one.cause], 60, bold=True), glue(": "), words(one.statement, 300)
            )
        )
        supported = [claim for claim in one.supported_by if claim.text not in said]
        sides = (("for", supported), ("against", one.contradicted_by))
        items = [
            paragraph(words(side, 10, bold=True), glue(" "), words(c.text, 220), *marks(c.evidence))
            for side, claims in sides
            for c in claims[:_FOR_AND_AGAINST]
        ]
        if items:
            parts.append(bullets(items))
    yield rich(*parts)


def _struck(diagnosis: Diagnosis) -> Iterator[Block]:
    if diagnosis.struck:
        told = "\n".join(f"• ~{mrkdwn(s.text, 200)}~ – {mrkdwn(s.reason, 160)}" for s in diagnosis.struck[:_STRUCK])
        count = plural(len(diagnosis.struck), "statement")
        yield section(f"*Struck out, since the evidence does not say so ({count}):*\n{told}")


def _similar(diagnosis: Diagnosis, links: Links) -> Iterator[Block]:
    if diagnosis.similar_incidents:
        told = ", ".join(past_incident(one, links) for one in diagnosis.similar_incidents[:5])
        yield context(f"Similar past incidents: {told}")

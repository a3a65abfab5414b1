"""The diagnosis: what, why and what next in three lines; then what each statement stands on."""

from collections.abc import Iterator, Sequence

from agents.track_record import track_record
from bot.slack.blocks.citations import citation, marks
from bot.slack.blocks.kit import bullets, context, glue, paragraph, rendered, rich, section, words
from bot.slack.blocks.links import Links
from bot.slack.blocks.reasoner import written_by
from bot.slack.blocks.seen_before import seen_before
from bot.slack.blocks.text import date, joined, mrkdwn
from bot.slack.blocks.wording import ADVICE, CONFIDENCE, culprit_words, inside_a_sentence
from bot.slack.rendered import Block, Rendered
from incidents.cause_words import CAUSE
from incidents.diagnosis import Diagnosis
from incidents.investigation import Findings

_CLAIMS = 10
_CITATIONS = 4
_GAPS = 8


def diagnosis_message(
    findings: Findings, links: Links, *, proposed: Sequence[str] = (), allowed: Sequence[str] = ()
) -> Rendered:
    """The checked diagnosis.

    Args:
        findings: what was found.
        links: addresses.
        proposed: titles of what is put up for approval because of it.
        allowed: titles of what the policy lets run without people.
    """
    diagnosis = findings.diagnosis
    cause = CAUSE[diagnosis.root_cause]
    culprit = culprit_words(diagnosis.culprit)
    what = f"{cause}: {mrkdwn(culprit, 220)}" if culprit else cause
    since = f", since {date(diagnosis.onset)}" if diagnosis.onset else ""
    blocks = [
        section(
            f"*What:* {what}{since} ({CONFIDENCE[diagnosis.confidence]})\n"
            f"*Why:* {mrkdwn(diagnosis.summary, 600)}\n"
            f"*What next:* {_next(diagnosis, proposed, allowed)}"
        ),
        *_gaps(diagnosis.gaps),
        *_grounds(diagnosis),
        *_cited(diagnosis, links),
        *seen_before(diagnosis.seen_before, links),
        context(written_by(diagnosis.reasoner), track_record(diagnosis.confidence, diagnosis.reasoner)),
    ]
    return rendered(f"Diagnosis: {what} ({CONFIDENCE[diagnosis.confidence]})", blocks, tail=1)


def _next(diagnosis: Diagnosis, proposed: Sequence[str], allowed: Sequence[str]) -> str:
    said: list[str] = []
    if proposed:
        said.append(f"{joined([mrkdwn(title, 160) for title in proposed[:3]], last='or')} – put up for approval below.")
    if allowed:
        told = joined([inside_a_sentence(mrkdwn(title, 160)) for title in allowed[:3]])
        said.append(f"Without waiting for people, as the policy allows: {told}.")
    if said:
        return " ".join(said)
    if diagnosis.advice:
        return " ".join(ADVICE[advice] for advice in diagnosis.advice)
    return "nothing is proposed; the thread is updated when something changes."


def _gaps(gaps: Sequence[str]) -> Iterator[Block]:
    if gaps:
        told = "; ".join(mrkdwn(gap, 200) for gap in gaps[:_GAPS])
        more = f"; and {len(gaps) - _GAPS} more" if len(gaps) > _GAPS else ""
        yield section(f":warning: *Could not be read:* {told}{more}")


def _grounds(diagnosis: Diagnosis) -> Iterator[Block]:
    verdict = diagnosis.retraining
    if diagnosis.claims:
        statements = [paragraph(words(c.text, 400), *marks(c.evidence)) for c in diagnosis.claims[:_CLAIMS]]
        yield rich(paragraph(words("What speaks for it", bold=True)), bullets(statements))
    answer = "Yes" if verdict.retrain else "No"
    question = words("Should it be retrained?", bold=True)
    yield rich(
        paragraph(question, glue(f" {answer}: "), words(verdict.because, 400), *marks(verdict.evidence)),
    )


def _cited(diagnosis: Diagnosis, links: Links) -> Iterator[Block]:
    if diagnosis.citations:
        parts = [paragraph(words("What the runbooks say", bold=True))]
        for cited in diagnosis.citations[:_CITATIONS]:
            parts += citation(cited, links)
        yield rich(*parts)

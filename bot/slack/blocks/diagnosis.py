"""The diagnosis: what, why and what next in three lines; then what each statement stands on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agents.track_record import track_record
from bot.slack.blocks.citations import citation, marks
from bot.slack.blocks.kit import bullets, context, glue, paragraph, rendered, rich, section, words
from bot.slack.blocks.links import Links
from bot.slack.blocks.reasoner import written_by
from bot.slack.blocks.seen_before import seen_before
from bot.slack.blocks.text import date, joined, mrkdwn
from bot.slack.blocks.wording import ADVICE, CONFIDENCE, culprit_words, inside_a_sentence, with_alerts_in_words
from bot.slack.looks import FoundAgain
from bot.slack.rendered import Block, Rendered
from incidents.cause_words import CAUSE
from incidents.diagnosis import Diagnosis, RunbookCitation
from incidents.investigation import Findings

_CLAIMS = 10
_CITATIONS = 4
_GAPS = 8
_CLAIMS_AGAIN = 3


@dataclass(frozen=True)
class Waiting:
    """Titles of what may be done because of a diagnosis.

    Attributes:
        below: what people decide on a card that follows the diagnosis.
        above: what people decide on a card of an earlier look.
        allowed: what the policy lets run without people.
    """

    below: tuple[str, ...] = ()
    above: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()


def diagnosis_message(
    findings: Findings, links: Links, waiting: Waiting | None = None, *, again: FoundAgain | None = None
) -> Rendered:
    """The checked diagnosis; in short where it says `again` what the look before it said."""
    waiting = waiting or Waiting()
    return _in_short(findings, links, waiting, again) if again is not None else _in_full(findings, links, waiting)


def _in_short(findings: Findings, links: Links, waiting: Waiting, again: FoundAgain) -> Rendered:
    diagnosis = findings.diagnosis
    what = f"{_what(diagnosis)} ({CONFIDENCE[diagnosis.confidence]})"
    joined_words = "; ".join(mrkdwn(with_alerts_in_words(one), 200) for one in again.joined[:3])
    since = [f"*New since the last look:* {joined_words}"] if joined_words else []
    told = [f"*Looked again, the diagnosis stays:* {what}", *since]
    blocks = [
        section("\n".join([*told, f"*What next:* {_next(diagnosis, waiting)}"])),
        *_gaps(diagnosis.gaps),
        *_claims(diagnosis, "How it stands now", _CLAIMS_AGAIN),
        *_cited("What the runbooks say beside that", again.cited, links),
        context(written_by(diagnosis.reasoner)),
    ]
    return rendered(f"Looked again, the diagnosis stays: {what}", blocks, tail=1)


def _in_full(findings: Findings, links: Links, waiting: Waiting) -> Rendered:
    diagnosis = findings.diagnosis
    what = _what(diagnosis)
    since = f", since {date(diagnosis.onset)}" if diagnosis.onset else ""
    blocks = [
        section(
            f"*What:* {what}{since} ({CONFIDENCE[diagnosis.confidence]})\n"
            f"*Why:* {mrkdwn(diagnosis.summary, 600)}\n"
            f"*What next:* {_next(diagnosis, waiting)}"
        ),
        *_gaps(diagnosis.gaps),
        *_grounds(diagnosis),
        *_cited("What the runbooks say", diagnosis.citations, links),
        *seen_before(diagnosis.seen_before, links),
        context(written_by(diagnosis.reasoner), track_record(diagnosis.confidence, diagnosis.reasoner)),
    ]
    return rendered(f"Diagnosis: {what} ({CONFIDENCE[diagnosis.confidence]})", blocks, tail=1)


def _what(diagnosis: Diagnosis) -> str:
    cause, culprit = CAUSE[diagnosis.root_cause], culprit_words(diagnosis.culprit)
    return f"{cause}: {mrkdwn(culprit, 220)}" if culprit else cause


def _next(diagnosis: Diagnosis, waiting: Waiting) -> str:
    said: list[str] = []
    if waiting.above:
        said.append(f"{_either(waiting.above)} – waits for approval on the card above.")
    if waiting.below:
        said.append(f"{_either(waiting.below)} – put up for approval below.")
    if waiting.allowed:
        told = joined([inside_a_sentence(mrkdwn(title, 160)) for title in waiting.allowed[:3]])
        said.append(f"Without waiting for people, as the policy allows: {told}.")
    if said:
        return " ".join(said)
    if diagnosis.advice:
        return " ".join(ADVICE[advice] for advice in diagnosis.advice)
    return "nothing is proposed; the thread is updated when something changes."


def _either(titles: Sequence[str]) -> str:
    return joined([mrkdwn(title, 160) for title in titles[:3]], last="or")


def _gaps(gaps: Sequence[str]) -> Iterator[Block]:
    if gaps:
        told = "; ".join(mrkdwn(gap, 200) for gap in gaps[:_GAPS])
        more = f"; and {len(gaps) - _GAPS} more" if len(gaps) > _GAPS else ""
        yield section(f":warning: *Could not be read:* {told}{more}")


def _grounds(diagnosis: Diagnosis) -> Iterator[Block]:
    yield from _claims(diagnosis, "What speaks for it", _CLAIMS)
    verdict = diagnosis.retraining
    answer = "Yes" if verdict.retrain else "No"
    question = words("Should it be retrained?", bold=True)
    yield rich(
        paragraph(question, glue(f" {answer}: "), words(verdict.because, 400), *marks(verdict.evidence)),
    )


def _claims(diagnosis: Diagnosis, head: str, most: int) -> Iterator[Block]:
    if diagnosis.claims:
        statements = [paragraph(words(c.text, 400), *marks(c.evidence)) for c in diagnosis.claims[:most]]
        yield rich(paragraph(words(head, bold=True)), bullets(statements))


def _cited(head: str, citations: Sequence[RunbookCitation], links: Links) -> Iterator[Block]:
    if citations:
        parts = [paragraph(words(head, bold=True))]
        for cited in citations[:_CITATIONS]:
            parts += citation(cited, links)
        yield rich(*parts)

"""A diagnosis for the terminal: what, why and what next at the top, then what each statement stands on."""

import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence

import typer

from bot.commands.diagnosis_counts import counts
from bot.commands.plan_preview import WHEN, PlannedStep
from bot.slack.blocks.text import duration, line, minutes, plural, unescaped, utc
from bot.slack.blocks.wording import (
    ADVICE,
    CONFIDENCE,
    RISK,
    culprit_words,
    inside_a_sentence,
    what_fired,
    why_nothing,
)
from incidents.cause_words import CAUSE
from incidents.diagnosis import Claim, Diagnosis, Reasoner
from incidents.effect import RiskClass
from incidents.evidence import Evidence, EvidenceKind
from incidents.investigation import Case, Findings
from incidents.proposal import When

WIDEST = 100
"""Longer lines are hard to read."""
NARROWEST = 40
MOST_CHARACTERS = 1_000
"""Of one statement; nothing that an investigation writes is longer."""


def diagnosis_text(case: Case, findings: Findings, steps: Sequence[PlannedStep], *, whole: bool = False) -> str:
    """What was found, with the evidence that something stands on, or all of it. Words from outside hold nothing that a
    terminal would obey.
    """
    return "\n".join(_lines(case, findings, steps, whole))


def _lines(case: Case, findings: Findings, steps: Sequence[PlannedStep], whole: bool) -> Iterator[str]:
    diagnosis = findings.diagnosis
    yield from _head(case, findings)
    yield from _part("Why", _text(diagnosis.summary))
    verdict = diagnosis.retraining
    answer = f"{'Yes' if verdict.retrain else 'No'}: {verdict.because}{_marks(verdict.evidence)}"
    yield from _part("Should it be retrained?", _text(answer))
    yield from _part("What speaks for it", _claims("–", diagnosis.claims))
    yield from _part("What would be proposed", _plan(findings, steps))
    yield from _part("Could not be read", (row for gap in diagnosis.gaps for row in _text(gap, "– ")))
    yield from _part("Explanations, most likely first", _hypotheses(diagnosis))
    yield from _part("What the runbooks say", _citations(diagnosis))
    yield from _part("Similar incidents", (row for one in diagnosis.similar_incidents for row in _text(one, "– ")))
    yield from _part("Struck out, since the evidence does not say so", _struck(diagnosis))
    shown = findings.evidence if whole else _used(findings)
    yield from _part(
        f"Evidence: {len(shown)} of {plural(len(findings.evidence), 'fact')}", _evidence(shown, links=whole)
    )
    yield ""
    yield from _text(_written_by(diagnosis.reasoner), indent=0)


def _head(case: Case, findings: Findings) -> Iterator[str]:
    incident, diagnosis = case.incident, findings.diagnosis
    where = f"{line(incident.model, 80)} in {line(incident.environment, 40)}"
    tier = f", tier {incident.tier}" if incident.listed else ", not in the catalogue"
    yield typer.style(where, bold=True) + f"{tier} · {utc(case.now)}"
    fires = [alert for alert in incident.alerts if alert.status == "firing"]
    told = inside_a_sentence(unescaped(what_fired(fires))) if fires else ""
    yield from _text(f"Alerts: {told}" if told else "No alert fires.", indent=0)
    yield ""
    culprit = culprit_words(diagnosis.culprit)
    what = CAUSE[diagnosis.root_cause] + (f": {line(culprit, 220)}" if culprit else "")
    yield from (typer.style(row, bold=True) for row in _text(what))
    if diagnosis.onset is not None:
        yield from _text(f"since {utc(diagnosis.onset)}, {duration(case.now - diagnosis.onset)} before this look")
    yield from _text(_how_sure(findings))


def _how_sure(findings: Findings) -> str:
    """The band of the confidence, and the counts behind it."""
    count = counts(findings)
    told = (
        f"{CONFIDENCE[findings.diagnosis.confidence]}: {plural(count.speaks_for, 'statement')} for it and "
        f"{count.speaks_against} against, on {count.cited} of {plural(count.facts, 'fact')} from "
        f"{plural(count.sources, 'source')}"
    )
    if count.not_read:
        told += f"; {plural(count.not_read, 'thing')} could not be read"
    if count.struck:
        told += f"; {plural(count.struck, 'statement')} struck out"
    return told


def _plan(findings: Findings, steps: Sequence[PlannedStep]) -> Iterator[str]:
    diagnosis, explanation = findings.diagnosis, findings.plan.explanation
    if not steps:
        yield from _text(f"Nothing. {why_nothing(explanation)}")
    elif all(step.reason != explanation for step in steps):
        yield from _text(explanation)
    for number, step in enumerate(steps, start=1):
        if number > 1:
            yield ""
        yield from _step(number, step)
    if steps and diagnosis.advice:
        yield from ("", *_text("Besides:"))
    for advice in diagnosis.advice:
        yield from _text(ADVICE[advice], "– ")


def _step(number: int, step: PlannedStep) -> Iterator[str]:
    yield from (typer.style(row, bold=True) for row in _text(step.title, f"{number}. "))
    if step.when != WHEN[When.AT_ONCE]:
        yield from _text(step.when, indent=5)
    yield from _text(f"{step.reason}{_marks(step.evidence)}", indent=5)
    for problem in step.not_proposed:
        yield from _text(f"not put up: {problem}", "! ", indent=5)
    width = max((len(line(row.what, 60)) for row in step.before_after), default=0)
    for row in step.before_after:
        begin = f"{line(row.what, 60):<{width}}  "
        yield from _text(f"{row.before}  →  {row.after}", begin, indent=5)
    estimate = step.estimate
    cost = "cost not known" if estimate.cost_usd is None else f"${estimate.cost_usd:,.2f}"
    facts = [
        ("policy", step.policy),
        ("risk", RISK[RiskClass(step.risk)]),
        ("takes", f"{minutes(estimate.minutes)}, {cost} ({estimate.basis})"),
        ("undo", step.undo),
        ("done when", "; ".join(step.success_criteria)),
        ("checked", "; ".join(step.checked)),
    ]
    for name, told in facts:
        if told:
            yield from _text(told, f"{name:<11}", indent=5)


def _hypotheses(diagnosis: Diagnosis) -> Iterator[str]:
    """What speaks for the diagnosis stands above and is not said again."""
    said = {claim.text for claim in diagnosis.claims}
    for number, one in enumerate(diagnosis.hypotheses, start=1):
        yield from _text(f"{CAUSE[one.cause]}: {one.statement}", f"{number}. ")
        more = [claim for claim in one.supported_by if claim.text not in said]
        if len(more) < len(one.supported_by):
            yield from _text(f"what speaks for it above{', and' if more else ''}", "for     ", indent=5)
        yield from _claims("for     ", more, indent=5)
        yield from _claims("against ", one.contradicted_by, indent=5)


def _citations(diagnosis: Diagnosis) -> Iterator[str]:
    for one in diagnosis.citations:
        yield from _text(f"{one.file} › {one.heading}{_where(one.lines)}", "– ")
        yield from _text(f"“{one.quote}”", indent=4)


def _struck(diagnosis: Diagnosis) -> Iterator[str]:
    for one in diagnosis.struck:
        yield from _text(f"{one.text} ({one.reason})", "– ")


def _used(findings: Findings) -> list[Evidence]:
    """What a statement, the answer on retraining, a citation or a step stands on, and what could not be read."""
    diagnosis = findings.diagnosis
    claims = [*diagnosis.claims]
    for one in diagnosis.hypotheses:
        claims += [*one.supported_by, *one.contradicted_by]
    ids = {id for claim in claims for id in claim.evidence} | set(diagnosis.retraining.evidence)
    ids |= {id for choice in findings.plan.choices for id in choice.evidence}
    quoted = {(one.file, one.heading, one.quote) for one in diagnosis.citations}
    return [
        one
        for one in findings.evidence
        if one.id in ids or one.kind is EvidenceKind.GAP or (one.subject, one.heading, one.found) in quoted
    ]


def _evidence(evidence: Sequence[Evidence], *, links: bool) -> Iterator[str]:
    width = max((len(one.id) for one in evidence), default=2)
    for one in evidence:
        kind = "could not be read" if one.kind is EvidenceKind.GAP else one.kind.value.replace("_", " ")
        place = f", {one.subject or ''} › {one.heading}{_where(one.lines)}" if one.heading is not None else ""
        yield from _text(f"{kind}, {one.source}{place}: {one.found}", f"{one.id:<{width}}  ")
        if one.asked.strip() and one.heading is None:
            yield from _text(f"asked: {one.asked}", indent=4 + width)
        if links and one.link:
            yield from _text(one.link, indent=4 + width)


def _written_by(reasoner: Reasoner) -> str:
    who = "the offline rules, no language model" if reasoner.offline else reasoner.name
    facts = [f"Written by {who}", f"{reasoner.seconds:.1f} s"]
    if not reasoner.offline:
        facts.append(plural(reasoner.requests, "request"))
        facts.append(f"{reasoner.input_tokens:,} tokens in, {reasoner.output_tokens:,} out")
        facts.append("cost not known" if reasoner.cost_usd is None else f"${reasoner.cost_usd:.4f}")
    return " · ".join([*facts, *([reasoner.note] if reasoner.note else [])])


def _part(title: str, rows: Iterable[str]) -> Iterator[str]:
    """A heading and what stands below it; nothing where there is nothing."""
    found = list(rows)
    if found:
        yield ""
        yield typer.style(title, bold=True)
        yield from found


def _claims(sign: str, claims: Sequence[Claim], *, indent: int = 2) -> Iterator[str]:
    for claim in claims:
        yield from _text(f"{claim.text}{_marks(claim.evidence)}", f"{sign} ", indent=indent)


def _marks(evidence: Sequence[str]) -> str:
    return f" [{', '.join(evidence)}]" if evidence else ""


def _where(lines: tuple[int, int] | None) -> str:
    if lines is None:
        return ""
    first, last = lines
    return f", line {first}" if first == last else f", lines {first}–{last}"


def _text(words: str, begin: str = "", *, indent: int = 2) -> list[str]:
    """Wrapped to the terminal, further lines under the first; one clean line of words, never cut in a word."""
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDEST
    first = " " * indent + begin
    return textwrap.wrap(
        line(words, MOST_CHARACTERS),
        max(NARROWEST, min(columns, WIDEST)),
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )

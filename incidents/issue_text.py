"""The GitHub issue of an incident: what broke, what it stands on, what somebody outside has to do.

Written by code from checked findings, so that nothing uncited is said in public; text from outside is escaped.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from incidents.catalogue import ModelSpec
from incidents.cause_words import CAUSE
from incidents.diagnosis import Diagnosis, RootCause
from incidents.evidence import Evidence, EvidenceKind
from incidents.incident import Incident
from incidents.markdown import code, escaped, one_line
from incidents.remediation import OpenIssue

MOST_BODY = 20_000
"""What `OpenIssue.body` takes; GitHub takes 65,536 characters."""
_CLAIMS = 6
_FACTS = 10
_ALERTS = 8
_FOUND_ELSEWHERE = frozenset({EvidenceKind.RUNBOOK, EvidenceKind.PAST_INCIDENT, EvidenceKind.GAP})


def open_issue(
    incident: Incident, model: ModelSpec, diagnosis: Diagnosis, evidence: Sequence[Evidence]
) -> OpenIssue | None:
    """The remediation that opens the issue, or None where the catalogue names no repository for the model."""
    if model.repository is None:
        return None
    above = "\n".join(_what_broke(incident, diagnosis))
    below = "\n\n".join(
        [
            f"### What is needed\n\n{needed(model, diagnosis)}",
            "\n".join(_not_done(model, diagnosis)),
            "---\nAgentOps comments here when the incident's state changes, and closes this issue when it is over.",
        ]
    )
    # Escaping makes text longer, up to nine times: what does not fit are the last facts, never what is needed.
    facts = list(_evidence(diagnosis, evidence))
    while facts and len(above) + len(below) + sum(len(one) + 1 for one in facts) + 4 > MOST_BODY:
        facts.pop()
    body = "\n\n".join(part for part in (above, "\n".join(facts), below) if part)
    return OpenIssue(repository=model.repository, title=_title(incident, diagnosis), body=body)


def moment(at: datetime) -> str:
    """A moment as it is written in an issue."""
    return f"{at.astimezone(UTC):%d %b %Y %H:%M} UTC"


def needed(model: ModelSpec, diagnosis: Diagnosis) -> str:
    """What somebody who owns the cause has to do, in one or two sentences of Markdown."""
    culprit = code(diagnosis.culprit.name, 100)
    named = diagnosis.culprit.kind != "none" and bool(diagnosis.culprit.name.strip())
    source = f" {code(model.data.source, 100)}" if model.data.source else ""
    match diagnosis.root_cause:
        case RootCause.DATA_QUALITY:
            where = f" in {culprit}" if named else ""
            return (
                f"Repair the source{source}: it delivers broken values{where}. Say so here once it is whole again; the "
                "broken window of data has to be filled anew after that."
            )
        case RootCause.FEATURE_DRIFT:
            what = culprit if named else "the inputs"
            return (
                f"Say whether the change in {what} is meant (a new market, a new definition upstream). If it is not, "
                f"repair the source{source}."
            )
        case RootCause.CONCEPT_DRIFT:
            return (
                "Review features and labels with the model's team: what the inputs mean for the outcome has changed, "
                "and training on the same features may not mend that."
            )
        case RootCause.TRAINING_SERVING_SKEW:
            what = culprit if named else "the features"
            return f"Have {what} computed in the same way for training and for serving."
        case RootCause.BAD_DEPLOYMENT:
            what = culprit if named else "the newest deployment"
            return f"Find out what is wrong with {what}, and mend it before it is deployed again."
        case RootCause.INFRASTRUCTURE:
            return "Look at capacity, quotas and the services that the endpoint depends on."
        case RootCause.TRAFFIC_ANOMALY:
            return "Find out who sends the unusual traffic, and whether it is meant."
        case RootCause.BENIGN | RootCause.UNKNOWN:
            return "Look into it by hand, starting from the evidence above."


def _title(incident: Incident, diagnosis: Diagnosis) -> str:
    culprit = f": {diagnosis.culprit.name}" if diagnosis.culprit.kind != "none" and diagnosis.culprit.name else ""
    cause = CAUSE[diagnosis.root_cause]
    return one_line(f"[{incident.id}] {incident.model} ({incident.environment}): {cause}{culprit}", 200)


def _what_broke(incident: Incident, diagnosis: Diagnosis) -> Iterator[str]:
    yield "### What broke\n"
    yield f"{escaped(diagnosis.summary, 800)}\n"
    yield (
        f"- Model: {code(incident.model, 100)}, environment {code(incident.environment, 40)}, tier {incident.tier}, "
        f"incident {incident.id}"
    )
    yield f"- Cause: {CAUSE[diagnosis.root_cause]} ({diagnosis.confidence.value} confidence)"
    if diagnosis.onset is not None:
        yield f"- Since: {moment(diagnosis.onset)}"
    names = list(dict.fromkeys(alert.name for alert in incident.alerts))
    if names:
        more = f" and {len(names) - _ALERTS} more" if len(names) > _ALERTS else ""
        yield f"- Alerts: {', '.join(code(name, 80) for name in names[:_ALERTS])}{more}"


def _evidence(diagnosis: Diagnosis, evidence: Sequence[Evidence]) -> Iterator[str]:
    """What is claimed, then the facts that the claims stand on."""
    claims = diagnosis.claims[:_CLAIMS]
    if not claims:
        return
    yield "### Evidence\n"
    for claim in claims:
        yield f"- {escaped(claim.text, 400)} ({', '.join(escaped(id, 12) for id in claim.evidence[:8])})"
    by_id = {one.id: one for one in evidence if one.kind not in _FOUND_ELSEWHERE}
    cited = list(dict.fromkeys(id for claim in claims for id in claim.evidence if id in by_id))
    if cited:
        yield "\nWhat was read:\n"
    for id in cited[:_FACTS]:
        fact = by_id[id]
        yield f"- {escaped(id, 12)}, {escaped(fact.source, 60)}: {escaped(fact.found, 400)}"


def _not_done(model: ModelSpec, diagnosis: Diagnosis) -> Iterator[str]:
    yield "### What AgentOps did not do, and why\n"
    if not diagnosis.retraining.retrain and model.retraining is not None:
        yield f"- It did not retrain: {escaped(diagnosis.retraining.because, 400)}"
    for gap in diagnosis.gaps[:5]:
        yield f"- It could not read everything: {escaped(gap, 300)}"
    yield "- It did not touch the source or this repository's code: it has no access to either."

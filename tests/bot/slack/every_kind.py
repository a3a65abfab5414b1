"""Every message, modal and home this package can make, from samples that hold one untrusted text."""

from collections.abc import Iterator
from typing import Any

from bot.slack.blocks.advice import advice_message
from bot.slack.blocks.answer import answer_message
from bot.slack.blocks.app_home import broken_home, closed_home, home_view
from bot.slack.blocks.chart import chart_missing, chart_post
from bot.slack.blocks.decision import decision_words
from bot.slack.blocks.deny_form import DenyForm, deny_form
from bot.slack.blocks.diagnosis import diagnosis_message
from bot.slack.blocks.evidence import evidence_message
from bot.slack.blocks.execution import execution_message
from bot.slack.blocks.help import help_message, unknown_message, unknown_model_message, usage_message
from bot.slack.blocks.incident_list import incidents_message
from bot.slack.blocks.investigating import investigate_message
from bot.slack.blocks.notes import escalation_message, failure_message, note_message, private_message
from bot.slack.blocks.notice import notice_message
from bot.slack.blocks.progress import progress_message
from bot.slack.blocks.proposal import proposal_message
from bot.slack.blocks.report import report_message
from bot.slack.blocks.root import root_message
from bot.slack.blocks.runbooks import runbooks_message
from bot.slack.blocks.status import status_message
from bot.slack.blocks.verification import verification_message
from bot.slack.rendered import Rendered
from bot.slack.views import DecisionReply, DecisionResult, InvestigateReply, Note
from incidents import report
from incidents.approval import ApprovalState
from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from incidents.remediation import NotifyOwners
from tests.bot.slack import samples
from tests.bot.slack.samples import LINKS, THREAD, minute

RESULTS: tuple[DecisionResult, ...] = (
    "approved",
    "voted",
    "voted_before",
    "denied",
    "decided_before",
    "expired",
    "refused",
    "forbidden",
    "busy",
    "not_found",
    "wrong_digest",
)


def messages(words: str = "") -> Iterator[tuple[str, Rendered]]:
    """By name."""
    for state in IncidentState:
        yield f"root {state}", root_message(samples.file(state, words=words), LINKS)
    unlisted = samples.file(IncidentState.MONITORING, words=words)
    unlisted_incident = unlisted.incident.model_copy(update={"listed": False, "unlisted_reason": words or "no entry"})
    yield "root unlisted", root_message(unlisted.model_copy(update={"incident": unlisted_incident}), LINKS)
    for count in (0, 4, 60):
        yield f"progress {count}", progress_message(samples.steps(words, count=count), question=words)
    yield "chart", chart_post(b"png", title=words or "p99", said=words or "p99 rose at 13:58").message("F123")
    yield "chart missing", chart_missing(words or "matplotlib is not installed", told=[words or "p99: 2.5 s"] * 20)
    yield "diagnosis", diagnosis_message(samples.findings(words), LINKS, proposed=[words or "Roll back"])
    yield "evidence", evidence_message(samples.findings(words), LINKS)
    for state in ApprovalState:
        yield (
            f"proposal {state}",
            proposal_message(
                samples.proposal_view(state, words=words, votes=() if state is ApprovalState.PENDING else ("UONCALL",))
            ),
        )
    partly = samples.proposal_view(words=words, votes=("UONCALL",), needed=2)
    yield "proposal partly approved", proposal_message(partly)
    yield "advice", advice_message(samples.incident(), samples.advised(words), forbidden=[words or "Retrain: paused"])
    yield "advice unlisted", advice_message(unlisted_incident, samples.advised(words))
    for state in ExecutionState:
        yield (
            f"execution {state}",
            execution_message(samples.execution(state, words=words), samples.proposal(words), now=minute(6)),
        )
    for state in ("watching", "recovered", "failed", "inconclusive", "candidate_ready", "candidate_refused"):
        yield f"verification {state}", verification_message(samples.verification(state, words=words))
    resolved = samples.incident(IncidentState.RESOLVED, words=words)
    read_next = [words or "EndpointLatencyP99High.md › Mitigation", f"https://evil.example/{words}"]
    yield (
        "report",
        report_message(report.write(resolved, samples.diagnosis(words), samples.timeline(words), read_next), LINKS),
    )
    group_ids = {"ml-leads": "SMLLEADS"}
    for owners in ("ml-leads", "ml-oncall", None):
        view = samples.notice_view(words)
        assert isinstance(view.proposal.remediation, NotifyOwners)
        yield (
            f"notice to {owners}",
            notice_message(view, view.proposal.remediation, owners=owners, group_ids=group_ids),
        )
    handles = [words or "ml-oncall", "ml-leads"]
    yield (
        "escalation",
        escalation_message(words or "Nobody decided.", [words or "Look."], call=handles, group_ids=group_ids),
    )
    yield "note", note_message(Note(words or "Flapping", words or "No further look for now.", "warning"))
    yield "failure", failure_message(words or "That did not work.", words or "INC-7", words or "Try again.")
    yield "status", status_message(samples.status(words), LINKS)
    yield "incidents", incidents_message(samples.incidents(words), LINKS)
    yield "many incidents", incidents_message(samples.incidents(words, count=20), LINKS)
    yield "help", help_message()
    yield "usage", usage_message("investigate", "Which model?")
    yield "unknown command", unknown_message(words or "statsu")
    yield "unknown model", unknown_model_message(words or "fraud", ("fraud-detector", "churn-predictor"))
    yield "runbooks", runbooks_message(samples.runbooks(words), LINKS)
    yield "many runbooks", runbooks_message(samples.runbooks(words, count=20), LINKS)
    yield "answer", answer_message(samples.answer(words), LINKS)
    yield "investigating", investigate_message(InvestigateReply(words or "fraud-detector", "INC-7", THREAD), LINKS)
    yield "not investigating", investigate_message(InvestigateReply("m", "INC-7", THREAD, words or "busy"), LINKS)
    for result in RESULTS:
        reply = DecisionReply(
            result,
            words or "p1",
            "INC-7",
            words or "Roll back",
            ApprovalState.DENIED,
            1,
            2,
            words or "UONCALL",
            minute(4),
            words,
        )
        sign, told = decision_words(reply)
        yield f"decision {result}", private_message(told, sign=sign)


def homes(words: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """By name."""
    yield "home", home_view(samples.home(words), LINKS)
    yield "full home", home_view(samples.home(words, count=30), LINKS)
    yield "closed home", closed_home()
    yield "broken home", broken_home(words or "R-1")


def modals(words: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """By name."""
    yield "deny", deny_form(DenyForm((words or "p1")[:60], "CINCIDENTS", "1.2"))

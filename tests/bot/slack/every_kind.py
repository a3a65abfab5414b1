"""Every message, modal and home this package can make, from samples that hold one untrusted text."""

from collections.abc import Iterator
from typing import Any, get_args

from bot.slack.blocks.advice import advice_message
from bot.slack.blocks.answer import answer_message
from bot.slack.blocks.app_home import broken_home, closed_home, home_view
from bot.slack.blocks.chart import chart_missing, chart_post
from bot.slack.blocks.daily_note import daily_note_message
from bot.slack.blocks.decision import decision_words
from bot.slack.blocks.diagnosis import Waiting, diagnosis_message
from bot.slack.blocks.digest import digest_message
from bot.slack.blocks.evidence import evidence_message
from bot.slack.blocks.execution import execution_message
from bot.slack.blocks.flapping import flapping_message
from bot.slack.blocks.handling import handled_words, which_incident_message
from bot.slack.blocks.help import Usage, help_message, unknown_message, unknown_model_message, usage_message
from bot.slack.blocks.incident_list import incidents_message
from bot.slack.blocks.investigating import investigate_message
from bot.slack.blocks.notes import (
    broke_glass_message,
    escalation_message,
    failure_message,
    note_message,
    private_message,
)
from bot.slack.blocks.notice import notice_message
from bot.slack.blocks.progress import progress_message
from bot.slack.blocks.proposal import proposal_message
from bot.slack.blocks.put_up import put_up_message
from bot.slack.blocks.reason_form import ReasonForm, break_glass_form, deny_form
from bot.slack.blocks.report import report_message
from bot.slack.blocks.root import root_message
from bot.slack.blocks.runbooks import runbooks_message
from bot.slack.blocks.status import status_message
from bot.slack.blocks.text import mrkdwn
from bot.slack.blocks.trust import trust_message
from bot.slack.blocks.verification import verification_message
from bot.slack.listeners.commands.agentops import HELP_ENTRIES
from bot.slack.looks import FoundAgain
from bot.slack.rendered import Rendered
from bot.slack.views import (
    DecisionReply,
    DecisionResult,
    HandledReply,
    HandledResult,
    InvestigateReply,
    Note,
    PutUpReply,
    PutUpResult,
)
from incidents import report
from incidents.approval import ApprovalState
from incidents.audit import anchor_of
from incidents.budget import WaitsFor
from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from incidents.remediation import NotifyOwners
from tests.bot.slack import proposals, samples
from tests.bot.slack.samples import LINKS, THREAD, minute
from tests.bot.slack.trust_samples import nothing, record

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
    "not_permitted",
    "not_needed",
)
HANDLED: tuple[HandledResult, ...] = get_args(HandledResult)
PUT_UP: tuple[PutUpResult, ...] = get_args(PutUpResult)


def messages(words: str = "") -> Iterator[tuple[str, Rendered]]:
    """By name."""
    for state in IncidentState:
        yield f"root {state}", root_message(samples.file(state, words=words), LINKS)
    half = samples.file(IncidentState.AWAITING_DECISION, words=words)
    voted = samples.proposal_view(words=words, votes=("UONCALL",), needed=2)
    yield "root partly approved", root_message(half.model_copy(update={"proposals": (voted,)}), LINKS)
    unlisted = samples.file(IncidentState.MONITORING, words=words)
    unlisted_incident = unlisted.incident.model_copy(update={"listed": False, "unlisted_reason": words or "no entry"})
    yield "root unlisted", root_message(unlisted.model_copy(update={"incident": unlisted_incident}), LINKS)
    for count in (0, 4, 60):
        yield f"progress {count}", progress_message(samples.steps(words, count=count), question=words)
    yield "chart", chart_post(b"png", title=words or "p99", said=words or "p99 rose at 13:58").message("F123")
    yield "chart missing", chart_missing(words or "matplotlib is not installed", told=[words or "p99: 2.5 s"] * 20)
    yield "diagnosis", diagnosis_message(samples.findings(words), LINKS, Waiting(below=(words or "Roll back",)))
    yield "evidence", evidence_message(samples.findings(words), LINKS)
    again = FoundAgain((words or "EndpointErrorRateHigh fires (critical)",))
    waiting = Waiting(above=(words or "Roll back",))
    yield "diagnosis again", diagnosis_message(samples.findings(words), LINKS, waiting, again=again)
    yield "evidence again", evidence_message(samples.findings(words), LINKS, again=True)
    for state in ApprovalState:
        yield (
            f"proposal {state}",
            proposal_message(
                samples.proposal_view(state, words=words, votes=() if state is ApprovalState.PENDING else ("UONCALL",))
            ),
        )
    partly = samples.proposal_view(words=words, votes=("UONCALL",), needed=2)
    yield "proposal partly approved", proposal_message(partly)
    anchor = anchor_of(samples.timeline(words)[2])
    for name, view in proposals.views(words):
        yield f"proposal {name}", proposal_message(view, anchor=anchor, origin=mrkdwn(words or "An origin.", 100))
    yield "advice", advice_message(samples.incident(), samples.advised(words), forbidden=[words or "Retrain: paused"])
    yield "advice unlisted", advice_message(unlisted_incident, samples.advised(words))
    for state in ExecutionState:
        yield (
            f"execution {state}",
            execution_message(samples.execution(state, words=words), samples.proposal_view(words=words), now=minute(6)),
        )
    promotion = proposals.waiting(proposals.made(*proposals.promotion(words), words=words))
    for name, entries in (("of a canary", samples.canary(words)), ("paused", samples.canary(words, paused=True))):
        yield (
            f"execution {name}",
            execution_message(samples.execution(words=words), promotion, now=minute(6), timeline=entries),
        )
    for state in (
        "watching",
        "recovered",
        "failed",
        "inconclusive",
        "candidate_ready",
        "candidate_refused",
        "step_done",
        "refired",
        "overtaken",
    ):
        yield f"verification {state}", verification_message(samples.verification(state, words=words))
    resolved = samples.incident(IncidentState.RESOLVED, words=words)
    read_next = [words or "EndpointLatencyP99High.md › Mitigation", f"https://evil.example/{words}"]
    yield (
        "report",
        report_message(report.write(resolved, samples.diagnosis(words), samples.timeline(words), read_next), LINKS),
    )
    marked = resolved.model_copy(update={"acked_by": words or "UVIEWER", "false_alarm_by": words or "UVIEWER"})
    by_hand = samples.timeline(words, closed=True)
    yield "report closed", report_message(report.write(marked, samples.diagnosis(words), by_hand, read_next), LINKS)
    taken = samples.file(IncidentState.AWAITING_DECISION, words=words)
    taken_incident = taken.incident.model_copy(update={"acked_by": words or "UVIEWER", "false_alarm_by": "ULEAD"})
    yield "root taken", root_message(taken.model_copy(update={"incident": taken_incident}), LINKS)
    closed = samples.file(IncidentState.CLOSED, words=words).model_copy(update={"timeline": by_hand})
    yield "root closed by hand", root_message(closed, LINKS)
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
    yield (
        "escalation with ask again",
        escalation_message(
            words or "Nobody decided.",
            ["Look."],
            call=handles,
            group_ids=group_ids,
            ask_again=[("p4f1c09", words or "product-recommender: roll back to product-recommender-v23")],
        ),
    )
    yield (
        "broke glass",
        broke_glass_message(
            words or "UONCALL",
            words or "fraud-detector: put version 42 live",
            words or "Nobody else is awake.",
            call=handles,
            group_ids=group_ids,
        ),
    )
    yield "note", note_message(Note(words or "Flapping", words or "No further look for now.", "warning"))
    yield "failure", failure_message(words or "That did not work.", words or "INC-7", words or "Try again.")
    yield from _restless(words)
    yield "trust", trust_message(record(words))
    yield "trust of one", trust_message(record(words), words or "fraud-detector")
    yield "no trust yet", trust_message(nothing())
    yield "status", status_message(samples.status(words), LINKS)
    yield "a page of status", status_message(samples.status_page(words), LINKS)
    yield "no model fits", status_message(samples.no_model_fits(), LINKS)
    yield "incidents", incidents_message(samples.incidents(words), LINKS)
    yield "past incidents", incidents_message(samples.past_incidents(), LINKS)
    yield "many incidents", incidents_message(samples.incidents(words, count=20), LINKS)
    yield "help", help_message(HELP_ENTRIES)
    usage = Usage("ack", "[incident]", "take an incident", "/agentops ack INC-7")
    yield "usage", usage_message(usage, "Which incident?")
    yield "which incident", which_incident_message(usage, samples.lines(words), LINKS)
    yield "no incident to ack", which_incident_message(usage, (), LINKS)
    yield "unknown command", unknown_message(words or "statsu", HELP_ENTRIES)
    yield "unknown model", unknown_model_message(words or "fraud", ("fraud-detector", "churn-predictor"))
    yield "runbooks", runbooks_message(samples.runbooks(words), LINKS)
    yield "many runbooks", runbooks_message(samples.runbooks(words, count=20), LINKS)
    yield "answer", answer_message(samples.answer(words), LINKS)
    yield "answer of long ago", answer_message(samples.answer_of_long_ago(), LINKS)
    yield "daily note", daily_note_message(samples.daily_note(words))
    yield "calm daily note", daily_note_message(samples.calm_daily_note(words, count=45))
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
    for handled in HANDLED:
        who = words or "UONCALL"
        said = HandledReply(handled, words or "INC-7", words or "fraud-detector", who, minute(4), words or "Why.", 2)
        sign, told = handled_words(said)
        yield f"handled {handled}", private_message(told, sign=sign)
    for put_up in PUT_UP:
        yield (
            f"asked {put_up}",
            put_up_message(
                PutUpReply(
                    put_up,
                    words or "Roll back",
                    words or "p5",
                    "INC-7",
                    THREAD,
                    (words or "SageMaker could not be read",),
                    "/agentops propose rollback <model> [config]",
                    "/agentops propose rollback product-recommender",
                    "fraud-detector",
                    promotion.proposal if put_up == "shown" else None,
                ),
                LINKS,
            ),
        )


def homes(words: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """By name."""
    yield "home", home_view(samples.home(words), LINKS)
    yield "full home", home_view(samples.home(words, count=30), LINKS)
    told = private_message(mrkdwn(words or "Your approval counts.", 200))
    yield "home with an answer", home_view(samples.home(words), LINKS, notice=told)
    yield "closed home", closed_home()
    yield "broken home", broken_home(words or "R-1")


def modals(words: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """By name."""
    form = ReasonForm((words or "p1")[:60], "CINCIDENTS", "1.2")
    yield "deny", deny_form(form)
    yield "break glass", break_glass_form(form)


def _restless(words: str) -> Iterator[tuple[str, Rendered]]:
    """Of storms and flapping."""
    yield "storm", digest_message(samples.digest(words), LINKS, minute(5))
    yield "status in a storm", status_message(samples.status(words, stormy=True), LINKS)
    yield "storm over", digest_message(samples.digest(words, ended=True), LINKS, minute(20))
    for kind in ("flapping", "calm"):
        entry = samples.timeline(words)[0].model_copy(update={"kind": kind, "text": words or f"{kind}: 5 changes"})
        yield kind, flapping_message(entry)
    restless = samples.file(IncidentState.NEW, words=words)
    flaps = restless.incident.model_copy(update={"flapping_since": minute(3)})
    waits = restless.investigations[0].model_copy(update={"state": "queued", "waits_for": WaitsFor.HOURLY})
    yield (
        "root flapping",
        root_message(restless.model_copy(update={"incident": flaps, "investigations": (waits,)}), LINKS),
    )

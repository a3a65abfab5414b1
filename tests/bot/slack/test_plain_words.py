"""Sentences that depend on more than one thing: what the policy lets run, and what a recovery was judged by."""

from bot.slack.blocks.diagnosis import Waiting, diagnosis_message
from bot.slack.blocks.evidence import evidence_message
from bot.slack.blocks.proposal import proposal_message
from bot.slack.blocks.verification import verification_message
from bot.slack.blocks.wording import with_alerts_in_words
from incidents.evidence import EvidenceKind
from incidents.investigation import Findings
from incidents.verification import Outcome, SignalCheck, Threshold
from tests.bot.slack import samples
from tests.bot.slack.reading import read


def _next(waiting: Waiting) -> str:
    findings: Findings = samples.findings()
    said = read(diagnosis_message(findings, samples.LINKS, waiting))
    return next(line for line in said.splitlines() if "*What next:*" in line)


def test_what_people_decide_and_what_the_policy_allows_are_told_apart() -> None:
    said = _next(Waiting(below=("Quarantine the data",), allowed=("Call @ml-oncall", "Open an issue")))
    assert said.endswith(
        "Quarantine the data – put up for approval below. "
        "Without waiting for people, as the policy allows: call @ml-oncall and open an issue."
    )


def test_what_runs_by_itself_is_not_told_as_waiting() -> None:
    said = _next(Waiting(allowed=("Roll back to v23",)))
    assert "approval" not in said and said.endswith("as the policy allows: roll back to v23.")


def _check(alert: str, *, subject: str = "", own: bool = True, bound: float = 0.25) -> SignalCheck:
    return SignalCheck(
        threshold=Threshold(alert=alert, expression="x", comparison=">", bound=bound),
        outcome=Outcome.RECOVERED,
        worst=0.001,
        samples=3,
        why="all 3 samples are inside the threshold",
        subject=subject,
        own=own,
    )


def _verification(*checks: SignalCheck) -> str:
    return read(verification_message(samples.verification("recovered").model_copy(update={"checks": checks})))


def test_each_feature_has_its_own_words() -> None:
    said = _verification(
        _check("ModelFeatureDriftHigh", subject="amount"), _check("ModelFeatureDriftHigh", subject="country")
    )
    assert "Feature drift on amount" in said and "Feature drift on country" in said
    assert "2 signals, each judged by its alert's own expression" in said


def test_signals_of_the_catalogue_have_words_and_units_and_are_not_called_the_alerts_own() -> None:
    said = _verification(
        _check("ModelFeatureDriftHigh", subject="amount"),
        _check("prediction_psi", own=False),
        _check("error_rate", own=False, bound=0.01),
        _check("latency_p99", own=False, bound=1.0),
    )
    assert "Prediction drift" in said and "Error rate | below 1 %" in said and "p99 latency | below 1 s" in said
    assert "1 signal, each judged by its alert's own expression; 3 more from the catalogue" in said
    assert "3 signals of the catalogue" in _verification(
        *(_check(name, own=False) for name in ("prediction_psi", "error_rate", "latency_p99"))
    )


def test_an_approval_that_is_not_enough_is_told_beside_the_buttons_too() -> None:
    *_, voted, row = proposal_message(samples.proposal_view(votes=("UONCALL",), needed=2)).blocks
    assert row["type"] == "actions"
    assert "Approved so far: 1 of 2" in voted["text"]["text"]
    *_, before, row = proposal_message(samples.proposal_view(needed=2)).blocks
    assert row["type"] == "actions" and before["type"] == "context"


def test_names_of_our_own_rules_are_said_in_words_and_others_stay() -> None:
    assert with_alerts_in_words("EndpointLatencyP99High fires (critical)") == "p99 latency too high (critical)"
    assert with_alerts_in_words("2 alerts joined: ModelF1Low (1), OurOwnRule (1)") == (
        "2 alerts joined: F1 drop (1), OurOwnRule (1)"
    )
    assert with_alerts_in_words("EndpointLatencyP99Higher fires") == "EndpointLatencyP99Higher fires"


def test_what_a_log_says_last_is_shown_for_there_a_traceback_names_what_failed() -> None:
    findings = samples.findings()
    first, *others = findings.evidence
    trace = f"p99 logged an error. In its own words: “Traceback {'File x ' * 200} TimeoutError: no answer within 2.0 s”"
    log = first.model_copy(update={"kind": EvidenceKind.LOG, "found": trace})
    said = read(evidence_message(findings.model_copy(update={"evidence": (log, *others)}), samples.LINKS))
    assert "p99 logged an error." in said and "TimeoutError: no answer within 2.0 s”" in said
    assert "File x " * 100 not in said

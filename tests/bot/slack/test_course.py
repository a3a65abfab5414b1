"""How an incident was found and decided: step by step, in words and as a picture."""

import sys
import warnings
from datetime import timedelta

import pytest

from bot.slack.chart import ChartUnavailable
from bot.slack.course import MOST_STEPS, Course, Step, course_of, in_words
from bot.slack.course_chart import render_course
from incidents.approval import ApprovalState, Vote
from incidents.diagnosis import RetrainingVerdict
from incidents.incident import IncidentState
from incidents.investigation import Findings
from incidents.ledger import IncidentFile
from incidents.policy import Allow, Decision
from incidents.proposal import PlanDraft, RemediationChoice
from tests.bot.slack import samples
from tests.bot.slack.samples import minute


def told(file: IncidentFile) -> list[str]:
    course = course_of(file)
    assert course is not None
    return in_words(course, 5_000).split(". ")


def planned() -> Findings:
    choice = RemediationChoice(remediation=samples.proposal().remediation, reason="It worked.", evidence=("E1",))
    return samples.findings().model_copy(update={"plan": PlanDraft(choices=(choice,), explanation="Go back.")})


def resolved(findings: Findings | None = None, **changes: object) -> IncidentFile:
    file = samples.file(IncidentState.RESOLVED)
    look = file.investigations[0].model_copy(update={"findings": findings or planned()})
    mine = {"investigations": (look,), "verifications": (samples.verification("recovered"),), **changes}
    return file.model_copy(update=mine)


def test_an_approved_change_is_told_from_the_onset_to_the_recovery() -> None:
    words = told(resolved())
    beginnings = [one.split(" ", 1)[1].split(";")[0].split(" (")[0].rstrip(".") for one in words]
    assert beginnings == [
        "Trouble begins",
        "Alert: p99 latency too high, error rate too high",
        "Evidence: 3 facts from 3 sources",
        "Diagnosis: Bad deployment: endpoint config product-recommender-v24",
        "Retrain? No",
        "Proposed: Roll product-recommender-prod back to product-recommender-v23",
        "Approved",
        "Done: Roll product-recommender-prod back to product-recommender-v23",
        "Verification: recovered",
        "Recovered after 13 min 12 s",
    ]
    assert "Error rate: recovered" in words[8]


def test_a_vote_is_counted_and_a_change_that_the_policy_allows_has_no_decision() -> None:
    view = samples.proposal_view(ApprovalState.APPROVED)
    voted = view.model_copy(
        update={"approval": view.approval.model_copy(update={"votes": (Vote(person="UONCALL", at=minute(4)),)})}
    )
    assert any("Approved by 1 person" in one for one in told(resolved(proposals=(voted,))))
    allowed = Decision(effect=Allow(), rules=("telling",))
    alone = view.model_copy(update={"proposal": view.proposal.model_copy(update={"decision": allowed})})
    words = " ".join(told(resolved(proposals=(alone,))))
    assert "the policy lets it run without people" in words and "Approved" not in words


def test_a_denial_is_told_with_its_reason_and_marked_as_not_done() -> None:
    view = samples.proposal_view(ApprovalState.DENIED)
    course = course_of(resolved(proposals=(view,), executions=(), verifications=()))
    assert course is not None
    (denied,) = [step for step in course.steps if step.title == "Denied"]
    assert denied.mood == "not_done"
    assert denied.details == (view.approval.reason,)


def test_what_is_not_proposed_is_a_step_with_its_reason() -> None:
    findings = samples.findings().model_copy(
        update={"plan": PlanDraft(explanation="Nothing is proposed: no harm is to be seen.")}
    )
    findings = findings.model_copy(
        update={
            "diagnosis": findings.diagnosis.model_copy(
                update={"retraining": RetrainingVerdict(retrain=False, because="Drift without harm.")}
            )
        }
    )
    words = told(resolved(findings, proposals=(), executions=(), verifications=()))
    assert any(one.endswith("Retrain? No; Drift without harm") for one in words)
    assert any(one.endswith("Nothing is proposed; No harm is to be seen") for one in words)


def test_gaps_stand_with_the_evidence_and_the_rest_is_counted() -> None:
    findings = samples.findings(gaps=("one", "two", "three", "four"))
    course = course_of(resolved(findings))
    assert course is not None
    (evidence,) = [step for step in course.steps if step.title.startswith("Evidence")]
    assert evidence.gaps == ("one", "two", "three", "and 1 more")


def test_what_the_policy_forbade_and_who_was_refused_is_told() -> None:
    entries = samples.chain(
        [
            (2.0, "policy", "forbidden", "Roll back: the same was denied lately", {}),
            (3.0, "UVIEWER", "refused", "A decision was refused: not an approver", {}),
        ]
    )
    words = told(resolved(timeline=entries))
    assert any("The policy forbids it; Roll back: the same was denied lately" in one for one in words)
    assert any("A decision was refused" in one for one in words)
    assert not any("UVIEWER" in one for one in words)


def test_without_a_diagnosis_there_is_nothing_to_tell() -> None:
    assert course_of(samples.file(IncidentState.INVESTIGATING)) is None


def test_a_long_course_keeps_its_beginning_and_its_end_and_says_how_much_is_missing() -> None:
    entries = samples.chain([(2.0 + n, "policy", "skipped", f"number {n}", {}) for n in range(6)])
    many = tuple(samples.proposal_view(ApprovalState.EXPIRED) for _ in range(20))
    course = course_of(resolved(timeline=entries, proposals=many))
    assert course is not None
    assert len(course.steps) == MOST_STEPS and course.left_out > 0
    assert course.steps[0].title == "Trouble begins" and course.steps[-1].title.startswith("Recovered")
    assert in_words(course, 5_000).endswith(f" {course.left_out} more steps left out.")


def test_words_that_have_to_be_short_lose_details_and_no_step() -> None:
    course = course_of(resolved())
    assert course is not None
    whole, short = in_words(course, 5_000), in_words(course, 700)
    assert len(short) <= 700 < len(whole)
    assert all(step.title in short for step in course.steps)


@pytest.mark.parametrize("state", [one for one in IncidentState if course_of(samples.file(one))])
def test_every_state_can_be_drawn(state: IncidentState) -> None:
    course = course_of(samples.file(state))
    assert course is not None
    png = render_course(course)
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20]) == 1440
    assert int.from_bytes(png[20:24]) < 3 * 1440


@pytest.mark.parametrize("words", ["$x^{", "a" * 5_000, "\u202e\x00", "_hidden", "日本語 🚀", "W" * 300, "<!channel>"])
def test_any_words_may_stand_in_it(words: str) -> None:
    step = Step(minute(0), words, minute(5), details=(words,), gaps=(words,), mood="bad")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert render_course(Course(words, (step, Step(minute(9), words, mood="not_done"))))
    course = course_of(samples.file(IncidentState.RESOLVED, words=words))
    assert course is not None and render_course(course)


def test_one_moment_and_a_month_can_be_drawn() -> None:
    assert render_course(Course("t", (Step(minute(0), "x"),)))
    assert render_course(Course("t", (Step(minute(0), "x"), Step(minute(0) + timedelta(days=30), "y"))))


def test_without_matplotlib_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ChartUnavailable, match="charts"):
        render_course(Course("t", (Step(minute(0), "x"),)))

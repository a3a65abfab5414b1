"""The rows of GitHub issues: taken up once, told by one at a time, closed once."""

from datetime import timedelta

from sqlmodel import col, select

from incidents.execution import ExecutionState
from incidents.origin import IncidentOrigin
from incidents.proposal import Proposal, propose
from tests.incidents.builders import alert, allowed, choice, issue, later, model
from tests.tools.incident_store.stage import Stage, at_once
from tools.incident_store.issue_reader import IssueReader
from tools.incident_store.tables import ExecutionRecord, IssueRecord, ProposalRecord

MINUTE = timedelta(minutes=1)


def issue_proposal(incident_id: str, id: str = "i1") -> Proposal:
    return propose(
        choice(issue(), "E1", "E2"),
        proposal_id=id,
        incident_id=incident_id,
        model=model("churn-predictor"),
        origin=IncidentOrigin(incident_id=incident_id),
        decision=allowed(),
        policy_hash="0" * 64,
        created_at=later(minutes=1),
        expires_at=later(minutes=6),
    )


def opened(stage: Stage, incident_id: str, id: str = "i1", **result: str) -> None:
    """An execution has opened the issue: the rows that it leaves."""
    made = issue_proposal(incident_id, id)
    with stage.database.write() as session:
        session.add(
            ProposalRecord(
                id=made.id,
                incident_id=incident_id,
                investigation_id="v",
                rank=1,
                model="product-recommender",
                kind="OpenIssue",
                target=made.target,
                digest=made.digest,
                body=made.model_dump(mode="json"),
                state="approved",
                needed=0,
                created_at=made.created_at,
                expires_at=made.expires_at,
            )
        )
        session.add(
            ExecutionRecord(
                id=made.execution_id,
                proposal_id=made.id,
                incident_id=incident_id,
                model="product-recommender",
                kind="OpenIssue",
                target=made.target,
                state=ExecutionState.SUCCEEDED.value,
                created_at=made.created_at,
                result=result or {"number": "12", "url": "https://github.example/x/issues/12"},
            )
        )


def record(stage: Stage, incident_id: str) -> IssueRecord:
    found = IssueReader(stage.database).issue(incident_id)
    assert found is not None
    return found


def followed(stage: Stage) -> str:
    incident_id = stage.awaiting()
    opened(stage, incident_id)
    assert stage.writer.issues.take_up(later(minutes=2)) == [incident_id]
    return incident_id


def test_an_opened_issue_is_taken_up_once(stage: Stage) -> None:
    incident_id = followed(stage)
    assert stage.writer.issues.take_up(later(minutes=3)) == []
    kept = record(stage, incident_id)
    assert (kept.repository, kept.number, kept.closed) == ("example/churn-predictor", 12, False)
    assert kept.told == len(stage.reader.timeline(incident_id))


def test_of_two_that_opened_the_same_issue_one_is_followed(stage: Stage) -> None:
    incident_id = stage.awaiting()
    opened(stage, incident_id)
    opened(stage, incident_id, "i2")
    taken = at_once(*(lambda: stage.writer.issues.take_up(later(minutes=2)) for _ in range(4)))
    assert sum(map(len, taken)) == 1
    with stage.database.read() as session:
        assert len(session.exec(select(IssueRecord)).all()) == 1


def test_an_execution_without_a_number_is_not_followed(stage: Stage) -> None:
    incident_id = stage.awaiting()
    opened(stage, incident_id, number="", url="")
    assert stage.writer.issues.take_up(later(minutes=2)) == []


def test_what_was_told_in_the_issues_own_text_is_not_due(stage: Stage) -> None:
    incident_id = followed(stage)
    reader = IssueReader(stage.database)
    assert reader.due(later(minutes=3)) == []
    assert stage.approve(at=later(minutes=3)).result == "approved"
    (due,) = reader.due(later(minutes=3))
    assert (due.incident_id, due.number, due.model) == (incident_id, 12, "product-recommender")
    assert reader.own(incident_id) == {"i1", "xi1"}


def test_one_process_claims_and_the_others_wait_until_it_ends(stage: Stage) -> None:
    incident_id = followed(stage)
    told, now = record(stage, incident_id).told, later(minutes=3)
    calls = [lambda: stage.writer.issues.claim(incident_id, told, now, now + MINUTE) for _ in range(6)]
    assert sum(at_once(*calls)) == 1
    assert not stage.writer.issues.claim(incident_id, told, now + MINUTE / 2, now + 2 * MINUTE)
    assert stage.writer.issues.claim(incident_id, told, now + MINUTE, now + 2 * MINUTE)


def test_a_comment_is_in_the_timeline_and_is_nothing_to_tell(stage: Stage) -> None:
    incident_id = followed(stage)
    assert stage.approve(at=later(minutes=3)).result == "approved"
    told, length = record(stage, incident_id).told, len(stage.reader.timeline(incident_id))
    now = later(minutes=4)
    assert stage.writer.issues.commented(incident_id, told, length, now=now, next_at=now)
    assert stage.told(incident_id)[-1] == "issue_commented"
    assert record(stage, incident_id).told == length + 1
    assert IssueReader(stage.database).due(later(minutes=5)) == []


def test_who_comes_later_with_an_older_state_changes_nothing(stage: Stage) -> None:
    incident_id = followed(stage)
    told = record(stage, incident_id).told
    calls = [
        lambda: stage.writer.issues.commented(incident_id, told, told, now=later(minutes=4), next_at=later(minutes=4))
        for _ in range(4)
    ]
    assert sum(at_once(*calls)) == 1
    assert not stage.writer.issues.closed(incident_id, told, told, now=later(minutes=5))
    assert stage.told(incident_id).count("issue_commented") == 1


def test_what_happens_while_it_is_told_stays_to_be_told(stage: Stage) -> None:
    incident_id = followed(stage)
    told, length = record(stage, incident_id).told, len(stage.reader.timeline(incident_id))
    assert stage.approve(at=later(minutes=3)).result == "approved"
    now = later(minutes=4)
    assert stage.writer.issues.commented(incident_id, told, length, now=now, next_at=now)
    assert record(stage, incident_id).told == length
    assert len(IssueReader(stage.database).due(now)) == 1


def test_a_closed_issue_is_done_with(stage: Stage) -> None:
    incident_id = followed(stage)
    told = record(stage, incident_id).told
    assert stage.writer.issues.closed(incident_id, told, told, now=later(minutes=4))
    assert stage.told(incident_id)[-1] == "issue_closed"
    assert stage.approve(at=later(minutes=4)).result == "approved"
    assert IssueReader(stage.database).due(later(hours=4)) == []
    told = record(stage, incident_id).told
    assert not stage.writer.issues.told(incident_id, told, told + 1, next_at=later(hours=4))


def test_an_issue_that_is_gone_is_followed_no_longer(stage: Stage) -> None:
    incident_id = followed(stage)
    assert stage.writer.issues.abandoned(incident_id, record(stage, incident_id).told, now=later(minutes=4))
    assert stage.told(incident_id)[-1] == "issue_gone" and record(stage, incident_id).closed


def test_after_a_failure_it_waits(stage: Stage) -> None:
    incident_id = followed(stage)
    assert stage.approve(at=later(minutes=3)).result == "approved"
    told = record(stage, incident_id).told
    assert stage.writer.issues.later(incident_id, told, later(minutes=9))
    reader = IssueReader(stage.database)
    assert reader.due(later(minutes=8)) == [] and len(reader.due(later(minutes=9))) == 1


def test_an_incident_that_is_over_is_due_even_when_everything_was_told(stage: Stage) -> None:
    incident_id = followed(stage)
    with stage.database.write() as session:
        kept = session.exec(select(IssueRecord).where(col(IssueRecord.incident_id) == incident_id)).one()
        kept.told = 10_000
        session.add(kept)
    assert IssueReader(stage.database).due(later(minutes=3)) == []
    stage.take(alert(status="resolved"), at=later(minutes=4))
    assert [one.incident_id for one in IssueReader(stage.database).due(later(minutes=5))] == [incident_id]

"""The record of what became of proposals, read from rows that the writers wrote."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, text
from sqlmodel import select

from incidents.approval import ApprovalState
from incidents.autonomy_advice import suggestion
from incidents.effect import RiskClass
from incidents.execution import ExecutionState
from incidents.message import MessageKind
from incidents.remediation import RollbackEndpoint
from incidents.trust import Counts, Outcome, Trust, outcome_of, trust
from tests.incidents.builders import (
    ENDPOINT,
    START,
    alert,
    allowed,
    diagnosis,
    endpoint_origin,
    findings,
    later,
    proposal,
)
from tests.tools.incident_store.stage import LEASE, Stage
from tools.incident_store.database import Database
from tools.incident_store.slack_tables import MessageRecord
from tools.incident_store.tables import InvestigationRecord
from tools.incident_store.trust_reader import TrustReader

SINCE = START - timedelta(days=365)


@pytest.fixture
def reader(database: Database) -> TrustReader:
    return TrustReader(database)


def table(reader: TrustReader, model: str | None = None) -> Trust:
    return trust(*reader.record(SINCE, model), since=SINCE, as_of=later(hours=1), suggest=suggestion)


def run(stage: Stage, id: str, verification: str | None = "recovered", at: datetime | None = None) -> None:
    """Send what was approved and end it."""
    moment = at or later(minutes=2)
    executions = stage.writer.executions
    fence = executions.claim(id, "bot-1", moment, LEASE)
    assert fence is not None and executions.intend(id, fence, 0, moment)
    executions.sent(id, fence, 0, result={}, progress="sent", text="sent", details={}, now=moment, next_step_at=moment)
    executions.finish(
        id, fence, ExecutionState.SUCCEEDED, text="done", now=moment, verify_until=moment + timedelta(hours=1)
    )
    if verification is not None:
        assert stage.writer.verifications.finish(id, verification, (), "told", moment)  # pyright: ignore[reportArgumentType] an ending


def another(stage: Stage, n: int) -> str:
    """One more incident of the same model, after the last is over."""
    return stage.open(alert(fingerprint=f"a{n}", starts_at=later(minutes=n)), at=later(minutes=n))


def test_what_became_of_each_proposal_is_read_from_its_rows(stage: Stage, reader: TrustReader) -> None:
    stage.awaiting()
    assert stage.approve().result == "approved"
    run(stage, "xp1")
    denied = another(stage, 20)
    stage.propose(denied, proposal("p2", denied, expires_at=later(minutes=40)), at=later(minutes=20))
    assert stage.deny("p2", at=later(minutes=21)).result == "denied"
    ones, episodes = reader.record(SINCE)
    assert [(one.id, one.kind, outcome_of(one)) for one in ones] == [
        ("p1", "RollbackEndpoint", Outcome.VERIFIED),
        ("p2", "RollbackEndpoint", Outcome.DENIED),
    ]
    assert [one.risk for one in ones] == [RiskClass.HIGH, RiskClass.HIGH]
    assert (ones[1].reason, ones[1].decided_at) == ("no", later(minutes=21))
    assert [(one.received_at, one.recovered_at) for one in episodes] == [
        (START, later(minutes=2)),
        (later(minutes=20), None),
    ]
    (line,) = table(reader).lines
    assert line.counts == Counts(proposed=2, denied=1, approved=1, executed=1, verified=1)
    assert [one.reason for one in line.denials] == ["no"]


def test_what_the_policy_let_run_is_counted_as_automatic(stage: Stage, reader: TrustReader) -> None:
    stage.awaiting(decision=allowed())
    run(stage, "xp1")
    (line,) = table(reader).lines
    assert (line.counts.automatic, line.counts.approved, line.counts.verified) == (1, 0, 1)
    assert line.times.decide is None


def test_expired_and_superseded_ones_are_told_apart(stage: Stage, reader: TrustReader) -> None:
    id = stage.open()
    stage.propose(id, proposal("p1", id), proposal("p2", id, expires_at=later(hours=1)))
    assert stage.writer.decisions.expire(later(minutes=10)) == [id]
    stage.take(alert(status="resolved"), at=later(minutes=12))
    states = {one.id: one.state for one in reader.record(SINCE)[0]}
    assert states == {"p1": ApprovalState.EXPIRED, "p2": ApprovalState.SUPERSEDED}


def test_a_change_whose_undo_was_done_after_it_is_reverted(stage: Stage, reader: TrustReader) -> None:
    id = stage.awaiting()
    assert stage.approve().result == "approved"
    run(stage, "xp1", verification=None)
    with stage.database.write() as session:
        session.connection().execute(text("UPDATE verification SET state = 'failed'"))
        session.connection().execute(text("UPDATE incident SET state = 'investigating'"))
        session.add(
            InvestigationRecord(id="again", incident_id=id, state="running", not_before=START, created_at=START)
        )
    back = proposal(
        "p2",
        id,
        remediation=RollbackEndpoint(endpoint=ENDPOINT, to_config="product-recommender-v24"),
        origin=endpoint_origin(config_name="product-recommender-v23"),
        created_at=later(minutes=5),
    )
    assert stage.writer.investigations.finish("again", findings(back.remediation), [back], later(minutes=5))
    assert stage.approve("p2", at=later(minutes=6)).result == "approved"
    assert [one.undone for one in reader.record(SINCE)[0]] == [False, False]
    run(stage, "xp2", at=later(minutes=7))
    assert [outcome_of(one) for one in reader.record(SINCE)[0]] == [Outcome.REVERTED, Outcome.VERIFIED]


def test_times_come_from_the_onset_the_alert_the_card_and_the_decision(stage: Stage, reader: TrustReader) -> None:
    id = stage.open(at=later(minutes=3))
    known = findings().model_copy(update={"diagnosis": diagnosis(onset=START)})
    with stage.database.read() as session:
        (look,) = session.connection().execute(text("SELECT id FROM investigation")).scalars().all()
    assert stage.writer.investigations.begin(look, later(minutes=3))
    made = proposal("p1", id, created_at=later(minutes=4), expires_at=later(hours=1))
    assert stage.writer.investigations.finish(look, known, [made], later(minutes=4))
    with stage.database.write() as session:
        card = session.exec(select(MessageRecord).where(MessageRecord.kind == MessageKind.PROPOSAL.value)).one()
        card.ts = f"{later(minutes=5).timestamp():.6f}"
        session.add(card)
    assert stage.approve(at=later(minutes=7)).result == "approved"
    (line,) = table(reader).lines
    assert line.times.detect == timedelta(minutes=3) and line.times.diagnose == timedelta(minutes=1)
    assert line.times.decide == timedelta(minutes=2) and line.times.recover is None
    assert table(reader).models[0].times == line.times


def test_a_false_alarm_counts_for_its_model_and_for_what_was_proposed_in_it(stage: Stage, reader: TrustReader) -> None:
    stage.awaiting()
    with stage.database.write() as session:
        session.connection().execute(text("UPDATE incident SET false_alarm_at = opened_at, false_alarm_by = 'UONCALL'"))
    told = table(reader)
    assert told.lines[0].false_alarms == 1 and told.models[0].false_alarms == 1
    assert sum(month.false_alarms for month in told.months) == 1


def test_only_the_model_and_the_time_asked_for_are_read(stage: Stage, reader: TrustReader) -> None:
    stage.awaiting()
    assert reader.record(SINCE, "product-recommender")[0] and not reader.record(SINCE, "fraud-detector")[0]
    assert reader.record(later(seconds=1)) == ([], [])
    assert table(reader, "fraud-detector").lines == ()


def test_the_number_of_reads_does_not_grow_with_the_record(stage: Stage, reader: TrustReader) -> None:
    statements: list[str] = []

    def seen(*given: object) -> None:
        statements.append(str(given[2]))

    engine = stage.database._reading  # pyright: ignore[reportPrivateUsage] to count what is sent
    event.listen(engine, "before_cursor_execute", seen)
    stage.awaiting()
    statements.clear()
    reader.record(SINCE)
    first = len(statements)
    for n in range(3):
        assert stage.deny(f"p{n + 1}", at=later(minutes=40 * n + 1)).result == "denied"
        stage.take(
            alert(status="resolved", fingerprint=f"a{40 * n}" if n else "a1", starts_at=later(minutes=40 * n)),
            at=later(minutes=40 * n + 2),
        )
        id = another(stage, 40 * (n + 1))
        made = proposal(f"p{n + 2}", id, expires_at=later(hours=9))
        stage.propose(id, made, at=later(minutes=40 * (n + 1)))
    statements.clear()
    assert len(reader.record(SINCE)[0]) == 4
    assert len(statements) == first <= 6

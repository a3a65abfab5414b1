"""Retention prunes what closed incidents need no longer, and nothing that an auditor, a link or the record needs."""

from collections import Counter
from datetime import datetime

import pytest
from sqlmodel import col, func, select

from bot.commands.bundle import bundle
from bot.slack.listing import Listing
from bot.slack.overview import Overview
from incidents.alert import Alert
from incidents.incident import IncidentState
from incidents.message import MessageKind
from tests.bot.told_incident import leaking, told_incident
from tests.incidents.builders import alert, catalogue, later
from tests.tools.incident_store.stage import Stage
from tools.incident_store.audit_reader import AuditReader
from tools.incident_store.replica_tables import ReplicaRecord
from tools.incident_store.slack_tables import ClickRecord, MessageRecord
from tools.incident_store.tables import (
    AlertRecord,
    ExecutionRecord,
    IncidentRecord,
    InvestigationRecord,
    PolicyRecord,
    ProposalRecord,
    TimelineRecord,
    VerificationRecord,
    VoteRecord,
)
from tools.incident_store.trust_reader import TrustReader

STAYS = (
    IncidentRecord,
    TimelineRecord,
    ProposalRecord,
    VoteRecord,
    ExecutionRecord,
    VerificationRecord,
    InvestigationRecord,
    PolicyRecord,
)
LONG_AFTER = later(days=100)


def rows(stage: Stage, *tables: type) -> Counter[str]:
    with stage.database.read() as session:
        return Counter({one.__name__: session.exec(select(func.count()).select_from(one)).one() for one in tables})


def cleared(one: Alert, minutes: float) -> Alert:
    return one.model_copy(update={"status": "resolved", "ends_at": later(minutes=minutes)})


def closed(stage: Stage) -> str:
    """An incident told to its end, its messages in Slack, its alert cleared, closed a day later."""
    incident_id = told_incident(stage)
    stage.take(cleared(leaking(), 13), at=later(minutes=13))
    stage.post_everything(later(minutes=14))
    stage.writer.decisions.close_resolved(later(days=1), later(days=1))
    assert stage.incident(incident_id).state is IncidentState.CLOSED
    return incident_id


def prune(stage: Stage, before: datetime = LONG_AFTER) -> Counter[str]:
    pruned: Counter[str] = Counter()
    writer = stage.writer.retention
    while done := writer.prune_incidents(before, LONG_AFTER):
        pruned.update(done)
    for one in (writer.prune_strays, writer.prune_digests, writer.prune_clicks, writer.prune_replicas):
        while done := one(before):
            pruned.update(done)
    return pruned


def test_a_closed_incident_loses_its_alerts_and_messages_and_keeps_the_rest(stage: Stage) -> None:
    incident_id = closed(stage)
    kept = rows(stage, *STAYS)
    messages = len(stage.messages(incident_id))
    pruned = prune(stage)
    assert rows(stage, *STAYS) == kept
    assert stage.kinds(incident_id) == [MessageKind.ROOT]
    assert pruned["message"] == messages - 1
    assert pruned["alert"] == 1 and rows(stage, AlertRecord).total() == 0
    file = stage.reader.file(incident_id)
    assert file.findings is not None and file.investigations[0].steps == ()
    assert stage.told(incident_id)[0] == "alert_fired"


def test_what_was_pruned_once_is_not_looked_at_again(stage: Stage) -> None:
    closed(stage)
    assert prune(stage).total() > 0
    assert prune(stage).total() == 0


def test_an_incident_closed_since_is_left_alone(stage: Stage) -> None:
    incident_id = closed(stage)
    before = stage.messages(incident_id)
    assert prune(stage, before=later(hours=12)).total() == 0
    assert stage.messages(incident_id) == before


@pytest.mark.parametrize("resolved", [False, True])
def test_an_open_incident_is_never_touched_however_old(stage: Stage, resolved: bool) -> None:
    incident_id = told_incident(stage) if resolved else stage.awaiting()
    before = stage.messages(incident_id)
    assert prune(stage).total() == 0
    assert stage.messages(incident_id) == before and len(stage.incident(incident_id).alerts) == 1


def test_the_audit_of_a_pruned_incident_is_whole_and_its_bundle_says_what_is_gone(stage: Stage) -> None:
    incident_id = closed(stage)
    before = bundle(AuditReader(stage.database).rows(incident_id))
    prune(stage)
    after = bundle(AuditReader(stage.database).rows(incident_id))
    assert after["chain"] == before["chain"] and after["chain"]["intact"]
    assert after["slack_thread"] == before["slack_thread"] is not None
    assert after["incident"]["pruned_at"] is not None and before["incident"]["pruned_at"] is None
    told = ("proposals", "executions", "verifications", "timeline", "policies")
    for part in told:
        strip = [{k: v for k, v in one.items() if k != "posted_ts"} for one in after[part]]
        assert strip == [{k: v for k, v in one.items() if k != "posted_ts"} for one in before[part]]
    assert after["alerts"] == []


def test_the_record_of_trust_counts_the_same_before_and_after(stage: Stage) -> None:
    closed(stage)
    reader = TrustReader(stage.database)
    before = reader.record(later(days=-1))
    assert before[0][0].posted_at is not None and before[1][0].received_at is not None
    prune(stage)
    assert reader.record(later(days=-1)) == before


def test_the_thread_of_a_pruned_incident_is_still_found(stage: Stage) -> None:
    incident_id = closed(stage)
    thread = stage.reader.threads([incident_id])[incident_id]
    prune(stage)
    assert stage.reader.threads([incident_id])[incident_id] == thread
    assert stage.reader.incident_of_thread(thread.channel, thread.ts) == incident_id


def test_a_list_says_of_which_incidents_the_alerts_are_no_longer_kept(stage: Stage) -> None:
    incident_id = closed(stage)
    past = Overview(stage.reader, catalogue(), lambda: LONG_AFTER)
    asked = Listing(state="closed")
    assert [(one.id, one.pruned) for one in past.incidents(asked).incidents] == [(incident_id, False)]
    prune(stage)
    assert [(one.id, one.pruned) for one in past.incidents(asked).incidents] == [(incident_id, True)]
    assert stage.incident(incident_id).pruned_at == LONG_AFTER


def test_a_mark_on_a_pruned_incident_posts_no_second_report(stage: Stage) -> None:
    incident_id = closed(stage)
    prune(stage)
    stage.writer.handling.mark_false_alarm(incident_id, "UONCALL", LONG_AFTER)
    assert stage.kinds(incident_id) == [MessageKind.ROOT]
    assert stage.told(incident_id)[-1] == "false_alarm"


def test_an_alert_that_still_fires_keeps_its_row_so_that_its_repeat_opens_nothing(stage: Stage) -> None:
    incident_id = stage.open()
    assert stage.writer.handling.close(incident_id, "UONCALL", "known", later(minutes=1)).result == "closed"
    stage.post_everything(later(minutes=2))
    prune(stage)
    assert stage.take(alert(), at=LONG_AFTER) == []
    assert stage.reader.count_incidents(live=True) == 0


def test_an_incident_with_more_rows_than_a_batch_is_pruned_in_several(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident_id = closed(stage)
    monkeypatch.setattr("tools.incident_store.writer.retention.ROWS_AT_ONCE", 2)
    batches = 0
    while stage.writer.retention.prune_incidents(LONG_AFTER, LONG_AFTER):
        batches += 1
    assert batches > 2
    assert stage.kinds(incident_id) == [MessageKind.ROOT]


def test_clicks_strays_and_processes_of_long_ago_go_and_what_waits_stays(stage: Stage) -> None:
    clicks = stage.writer.clicks
    for id in ("old", "open"):
        assert clicks.record(id, "approve", {}, later(minutes=1))
    clicks.handled("old", later(minutes=2))
    stage.take(cleared(alert(), 1))
    with stage.database.write() as session:
        for id, state in (("one", "stopped"), ("two", "running")):
            session.add(
                ReplicaRecord(
                    instance=id,
                    executor=id,
                    host="h",
                    pid=1,
                    version="1",
                    state=state,
                    started_at=later(minutes=1),
                    seen_at=later(minutes=1),
                )
            )
    assert prune(stage) == {"click": 1, "alert": 1, "replica": 1}
    with stage.database.read() as session:
        assert session.exec(select(ClickRecord.id)).all() == ["open"]
        assert session.exec(select(ReplicaRecord.instance)).all() == ["two"]


def test_a_message_of_no_incident_stays_until_it_is_sent(stage: Stage) -> None:
    with stage.database.write() as session:
        for subject, sent in (("1", 1), ("2", 0)):
            session.add(
                MessageRecord(
                    channel="C", kind="digest", subject=subject, sent_revision=sent, created_at=later(minutes=1)
                )
            )
    assert prune(stage) == {"message": 1}
    with stage.database.read() as session:
        assert session.exec(select(col(MessageRecord.subject))).all() == ["2"]

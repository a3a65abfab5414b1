from collections.abc import Callable

import pytest
from sqlmodel import select

from incidents.effect import ApiRequest
from incidents.execution import ExecutionState
from incidents.incident import IncidentState
from incidents.policy import Policy, RequireApproval, Rule
from incidents.proposal import digest_of
from tests.bot.workflows.fakes import operations
from tests.bot.workflows.rig import Rig
from tests.incidents.builders import alert, findings, later, policy, rollback
from tests.thoroughness import thorough
from tools.errors import (
    AccessDenied,
    Busy,
    InvalidRequest,
    NotFound,
    QuotaExceeded,
    Throttled,
    Unavailable,
    UpstreamError,
)
from tools.incident_store.tables import ExecutionRecord, ProposalRecord, TimelineRecord

S, X = IncidentState, ExecutionState
POLL = {"seconds": 15}
V23, V24, V25 = (f"product-recommender-v{n}" for n in (23, 24, 25))


async def test_an_approved_rollback_is_sent_once_followed_and_verified(rig: Rig) -> None:
    id = rig.approved_rollback()
    await rig.look()
    assert operations(rig.world.sent) == ["UpdateEndpoint"]
    assert rig.world.sent[0].parameters["EndpointConfigName"] == V23
    assert rig.state() is X.EXECUTING
    await rig.look(**POLL)
    assert rig.row_text() == "product-recommender-prod is Updating"
    rig.world.settle(V23)
    await rig.look(**POLL)
    assert rig.state() is X.SUCCEEDED
    await rig.until(lambda: rig.incident_state(id) is S.RESOLVED, minutes=1)
    assert len(rig.world.sent) == 1
    told = rig.stage.told(id)
    assert [kind for kind in told if kind in {"approved", "call_sent", "executed", "verified"}] == [
        "approved",
        "call_sent",
        "executed",
        "verified",
    ]


@thorough
async def test_it_is_the_same_with_everything_on_postgresql(
    make_rig: Callable[..., Rig], new_postgresql: Callable[[str], str]
) -> None:
    rig = make_rig(url=new_postgresql("template1"), engine_url=new_postgresql("template1"))
    rig.investigator.answer = findings(rollback())
    rig.stage.writer.intake.store([alert()], rig.clock())
    await rig.look()
    (view,) = rig.stage.reader.pending_proposals()
    assert rig.stage.approve(view.proposal.id).result == "approved"
    await rig.look(minutes=2)
    rig.world.settle(V23)
    await rig.look(**POLL)
    assert rig.state(view.proposal.execution_id) is X.SUCCEEDED
    await rig.until(lambda: rig.incident_state(view.proposal.incident_id) is S.RESOLVED, minutes=1)
    assert len(rig.world.sent) == 1


async def test_nothing_more_happens_to_an_execution_that_is_over(rig: Rig) -> None:
    id = rig.approved_rollback()
    await rig.look()
    rig.world.settle(V23)
    await rig.look(**POLL)
    before = rig.stage.told(id)
    for _ in range(3):
        await rig.look(seconds=1)
    assert rig.stage.told(id) == before and len(rig.world.sent) == 1


async def test_a_silent_rollback_by_sagemaker_is_no_success(rig: Rig) -> None:
    id = rig.approved_rollback()
    await rig.look()
    rig.world.settle(V24)
    await rig.look(**POLL)
    assert rig.state() is X.FAILED
    assert "took the update back by itself" in rig.row_text()
    assert rig.incident_state(id) is S.ESCALATED


@pytest.mark.parametrize(
    ("status", "failure", "word"),
    [("Failed", "image not found", "is Failed"), ("InService", "Capacity", "reports a failure")],
)
async def test_an_update_that_ends_badly_is_no_success(rig: Rig, status: str, failure: str, word: str) -> None:
    rig.approved_rollback()
    await rig.look()
    rig.world.settle(V23, status, failure)
    await rig.look(**POLL)
    assert rig.state() is X.FAILED and word in rig.row_text()
    assert rig.stage.reader.execution_record("xp1").error == failure


async def test_an_update_that_never_ends_is_handed_to_a_person(rig: Rig) -> None:
    id = rig.approved_rollback()
    await rig.until(lambda: rig.state() is X.NEEDS_VERIFICATION, minutes=10)
    assert rig.incident_state(id) is S.ESCALATED and len(rig.world.sent) == 1


# What the last look before the call finds.


async def test_a_target_that_is_set_already_is_taken_as_it_is(rig: Rig) -> None:
    rig.approved_rollback()
    rig.world.settle(V23)
    await rig.look()
    await rig.look(**POLL)
    assert rig.state() is X.SUCCEEDED and rig.world.sent == []


@pytest.mark.parametrize(
    "changed",
    [{"config_name": V25}, {"variants": ()}, {"arn": "arn:another"}],
    ids=lambda changed: next(iter(changed)),
)
async def test_an_origin_that_changed_since_the_approval_stops_it(rig: Rig, changed: dict[str, object]) -> None:
    id = rig.approved_rollback()
    rig.world.change(**changed)
    await rig.look()
    assert rig.state() is X.STALE and rig.world.sent == []
    assert rig.incident_state(id) is S.ESCALATED
    assert "Nothing was sent" in rig.row_text()
    assert (f"is on {V25} now, not on {V24}" in rig.row_text()) is ("config_name" in changed)


async def test_an_endpoint_that_is_updating_is_waited_for(rig: Rig) -> None:
    rig.approved_rollback()
    rig.world.change(status="Updating")
    await rig.look()
    assert rig.row_text() == "waiting: the endpoint is Updating" and rig.world.sent == []
    rig.world.settle(V24)
    await rig.look(**POLL)
    assert operations(rig.world.sent) == ["UpdateEndpoint"]


async def test_a_sagemaker_that_cannot_be_read_is_waited_for(rig: Rig) -> None:
    rig.approved_rollback()
    rig.world.unreadable = Unavailable("SageMaker", "DescribeEndpoint", "down")
    await rig.look()
    assert rig.row_text() == "waiting: SageMaker does not answer" and rig.world.sent == []
    rig.world.unreadable = None
    await rig.look(**POLL)
    assert len(rig.world.sent) == 1


def _tamper(rig: Rig, change: Callable[[ProposalRecord], None]) -> None:
    with rig.stage.database.write() as session:
        record = session.exec(select(ProposalRecord)).one()
        change(record)
        session.add(record)


def _another_target(record: ProposalRecord) -> None:
    body = dict(record.body)
    request = ApiRequest.model_validate(body["requests"][0])
    request.parameters["EndpointConfigName"] = "evil"
    record.body = body | {"requests": [request.model_dump(mode="json")]}


def _another_digest(record: ProposalRecord) -> None:
    record.body = record.body | {"digest": "0" * 64}


def _a_forgery_that_fits_itself(record: ProposalRecord) -> None:
    remediation = {**record.body["remediation"], "to_config": "evil"}
    request = ApiRequest.model_validate(record.body["requests"][0])
    request.parameters["EndpointConfigName"] = "evil"
    origin = record.body["origin"]
    identity = {key: origin[key] for key in ("arn", "config_name", "variant_names")}
    record.digest = digest_of((request,), identity)
    record.body = record.body | {
        "remediation": remediation,
        "requests": [request.model_dump(mode="json")],
        "digest": record.digest,
    }


@pytest.mark.parametrize("tamper", [_another_target, _another_digest, _a_forgery_that_fits_itself])
async def test_what_is_not_what_was_approved_is_not_sent(rig: Rig, tamper: Callable[[ProposalRecord], None]) -> None:
    id = rig.approved_rollback()
    _tamper(rig, tamper)
    await rig.look()
    assert rig.state() is X.FAILED and rig.world.sent == []
    assert rig.incident_state(id) is S.ESCALATED


async def test_a_damaged_timeline_stops_every_execution_of_the_incident(rig: Rig) -> None:
    rig.approved_rollback()
    with rig.stage.database.write() as session:
        record = session.exec(select(TimelineRecord).where(TimelineRecord.number == 2)).one()
        record.text = "nothing to see here"
        session.add(record)
    await rig.look()
    assert rig.state() is X.FAILED and rig.world.sent == []
    assert "damaged at entry 2" in rig.row_text()


async def test_an_entry_cut_off_or_put_in_stops_every_execution_of_the_incident(rig: Rig) -> None:
    rig.approved_rollback()
    with rig.stage.database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM timeline WHERE number = (SELECT max(number) FROM timeline)")
    await rig.look()
    assert rig.state() is X.FAILED and rig.world.sent == []
    assert "cut off" in rig.row_text()


async def test_a_timeline_that_cannot_be_written_sends_nothing(rig: Rig) -> None:
    """Everything else of the store still takes what is written."""
    rig.approved_rollback()
    with rig.stage.database.write() as session:
        session.connection().exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON timeline BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    for _ in range(3):
        await rig.look(**POLL)
    assert rig.world.sent == [] and rig.state() is X.EXECUTING
    record = rig.stage.reader.execution_record("xp1")
    assert record.intent_at is None and record.sent_at is None
    with rig.stage.database.write() as session:
        session.connection().exec_driver_sql("DROP TRIGGER full")
    await rig.look(minutes=1)
    assert operations(rig.world.sent) == ["UpdateEndpoint"]


async def test_an_approval_that_the_timeline_does_not_show_is_none(rig: Rig) -> None:
    id = rig.stage.awaiting()
    with rig.stage.database.write() as session:
        record = session.exec(select(ProposalRecord)).one()
        record.state = "approved"
        session.add(record)
        session.add(
            ExecutionRecord(
                id="xp1",
                proposal_id="p1",
                incident_id=id,
                model="product-recommender",
                kind="RollbackEndpoint",
                target="endpoint/product-recommender-prod",
                state="queued",
                created_at=later(),
                next_step_at=later(),
            )
        )
        session.connection().exec_driver_sql("UPDATE incident SET state = 'executing'")
    await rig.look(minutes=1)
    assert rig.state() is X.FAILED and rig.world.sent == []


def _stricter(*rules: Rule) -> Policy:
    return policy().model_copy(update={"rules": (*policy().rules, *rules)})


@pytest.mark.parametrize(
    "rule",
    [
        Rule(name="two now", then=RequireApproval(count=2, approvers=("ml-oncall",))),
        Rule.model_validate({"name": "none now", "then": {"effect": "forbid", "because": "a freeze"}}),
    ],
    ids=lambda rule: rule.name,
)
async def test_a_policy_that_is_stricter_before_the_call_stops_it(make_rig: Callable[..., Rig], rule: Rule) -> None:
    rig = make_rig(given_policy=_stricter(rule))
    id = rig.approved_rollback()
    await rig.look()
    assert rig.state() is X.STALE and rig.world.sent == []
    assert rig.row_text().startswith("Not run: the policy")
    assert rig.incident_state(id) is S.ESCALATED


# What the call answers.


async def test_a_throttled_call_is_sent_again_after_every_check(rig: Rig) -> None:
    id = rig.approved_rollback()
    rig.world.trouble = [Throttled("SageMaker", "UpdateEndpoint", "slow down")]
    await rig.look()
    assert rig.state() is X.EXECUTING and rig.world.effects == 0
    await rig.look(**POLL)
    assert (len(rig.world.sent), rig.world.effects) == (2, 1)
    kinds = [entry.kind for entry in rig.stage.reader.timeline(id) if entry.kind.startswith("call_")]
    assert kinds == ["call_intended", "call_refused", "call_intended", "call_sent"]


@pytest.mark.parametrize("error", [Throttled, Busy])
async def test_a_call_that_comes_too_early_for_too_long_is_not_sent_on_an_old_approval(
    rig: Rig, error: type[UpstreamError]
) -> None:
    id = rig.approved_rollback()

    def always() -> None:
        rig.world.trouble = [error("SageMaker", "UpdateEndpoint", "slow down")]

    rig.world.before_send = always
    await rig.until(lambda: rig.state() is X.STALE, minutes=35)
    assert rig.world.effects == 0 and rig.incident_state(id) is S.ESCALATED
    assert "too busy for UpdateEndpoint" in rig.row_text() and "nothing was sent" in rig.row_text()


async def test_a_call_refused_because_somebody_else_changes_the_endpoint_is_not_taken_for_ours(rig: Rig) -> None:
    rig.approved_rollback()
    rig.world.trouble = [Busy("SageMaker", "UpdateEndpoint", "being updated")]
    await rig.look()
    rig.world.change(status="Updating")
    await rig.look(**POLL)
    assert rig.row_text() == "waiting: the endpoint is Updating"
    rig.world.settle(V25)
    await rig.look(**POLL)
    assert rig.state() is X.STALE and rig.world.effects == 0


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (AccessDenied, "the role for it"),
        (InvalidRequest, "as it was approved"),
        (NotFound, "is gone"),
        (QuotaExceeded, "Raise the quota"),
    ],
)
async def test_a_refused_call_is_told_with_the_partners_reason(rig: Rig, error: type[UpstreamError], word: str) -> None:
    id = rig.approved_rollback()
    rig.world.trouble = [error("SageMaker", "UpdateEndpoint", "not with this role")]
    await rig.look()
    assert rig.state() is X.FAILED
    assert rig.row_text().startswith("SageMaker refused UpdateEndpoint") and word in rig.row_text()
    assert rig.row_text().endswith("This call changed nothing.")
    assert rig.stage.reader.execution_record("xp1").error == "not with this role"
    assert rig.incident_state(id) is S.ESCALATED

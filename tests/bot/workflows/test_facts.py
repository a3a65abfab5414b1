"""What the policy is told of the store, on SQLite and on PostgreSQL, and what it says where nothing can be told."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.workflows.facts import Ruling, decide_again, decide_now, facts_now
from incidents.autonomy import AutonomyEntry
from incidents.diagnosis import Confidence
from incidents.errors import PolicyUnreadable
from incidents.execution import ExecutionState
from incidents.facts import Facts
from incidents.pause import EVERYTHING
from incidents.policy import Allow, Forbid, Policy, RequireApproval
from incidents.proposal import When
from incidents.remediation import AnyRemediation
from incidents.risk import CHANGING, risk_of
from incidents.spec import SIDES, spec_of
from tests.incidents.builders import (
    every_remediation,
    forbidden,
    later,
    model,
    policy,
    promotion,
    proposal,
    retraining,
    rollback,
)
from tests.thoroughness import DATABASES
from tests.tools.incident_store.stage import Stage
from tools.errors import Unavailable
from tools.incident_store.database import Database
from tools.incident_store.migrate import migrate
from tools.incident_store.tables import ExecutionRecord, PolicyRecord, Table
from tools.manifests.watched_policy import WatchedPolicy

X = ExecutionState
NOW = later(hours=1)
"""13:00 UTC."""
RECOMMENDER, FRAUD = "product-recommender", "fraud-detector"
ENDPOINT = "endpoint/product-recommender-prod"


@pytest.fixture(scope="module", params=DATABASES)
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('facts') / 'agentops.sqlite'}"
    else:
        new: Callable[[str], str] = request.getfixturevalue("new_postgresql")
        url = new("template1")
    database = Database(url)
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def stage(migrated: Database) -> Stage:
    with migrated.write() as session:
        for table in reversed(Table.metadata.sorted_tables):
            session.connection().execute(table.delete())
    return Stage(migrated)


@pytest.fixture
def incident(stage: Stage) -> str:
    return stage.open()


def executed(
    stage: Stage,
    id: str,
    *,
    ended: datetime | None = None,
    created: datetime | None = None,
    of: str = RECOMMENDER,
    kind: str = "RollbackEndpoint",
    target: str = ENDPOINT,
    state: ExecutionState = X.SUCCEEDED,
    sent: bool = True,
    cost: float = 0.0,
    incident_id: str = "INC-other",
) -> None:
    """The row of an execution of another incident."""
    began = created or (ended or NOW) - timedelta(minutes=5)
    with stage.database.write() as session:
        session.add(
            ExecutionRecord(
                id=id,
                proposal_id=f"p-{id}",
                incident_id=incident_id,
                model=of,
                kind=kind,
                target=target,
                cost_usd=cost,
                state=state.value,
                created_at=began,
                started_at=began if sent else None,
                sent_at=began if sent else None,
                finished_at=ended,
            )
        )


def facts(
    stage: Stage, incident: str, remediation: AnyRemediation | None = None, *, now: datetime = NOW, **given: Any
) -> Facts:
    chosen = remediation or rollback()
    asked: dict[str, Any] = {"speed": 1.0, "confidence": Confidence.HIGH, "evidence_count": 3, **given}
    name = asked.pop("of", RECOMMENDER)
    return facts_now(
        stage.reader,
        asked.pop("policy", policy()),
        remediation=chosen,
        file=stage.reader.file(incident),
        model=model(name),
        now=now,
        **asked,
    )


def test_on_a_calm_day_nothing_was_done(stage: Stage, incident: str) -> None:
    found = facts(stage, incident)
    assert (found.model, found.environment, found.tier, found.risk) == (RECOMMENDER, "prod", 2, "high")
    assert (found.minutes_since_last, found.minutes_since_denied) == ("never", "never")
    assert (found.in_flight, found.remediations_today, found.cost_today_usd, found.endpoints_changed) == (0, 0, 0, 0)
    assert (found.step, found.chosen_by, found.frozen, found.paused) == ("first", "agent", (), False)
    assert facts(stage, incident, chosen_by="UONCALL").chosen_by == "person"


def test_the_day_begins_at_midnight_of_the_policys_time_zone(stage: Stage, incident: str) -> None:
    midnight = NOW.replace(hour=0)
    executed(stage, "x1", ended=midnight - timedelta(seconds=1), cost=1)
    executed(stage, "x2", ended=midnight, cost=2)
    executed(stage, "x3", ended=NOW - timedelta(hours=2), cost=4)
    found = facts(stage, incident)
    assert (found.remediations_today, found.cost_today_usd) == (2, 6)
    auckland = policy().model_copy(update={"time_zone": "Pacific/Auckland"})  # its day began at 11:00 UTC
    assert facts(stage, incident, policy=auckland).remediations_today == 1


def test_only_what_may_have_changed_this_model_counts_today(stage: Stage, incident: str) -> None:
    ended = NOW - timedelta(hours=2)
    executed(stage, "counts", ended=ended, cost=1)
    executed(stage, "unclear", ended=ended, state=X.NEEDS_VERIFICATION, sent=False, cost=1)
    executed(stage, "failed", ended=ended, state=X.FAILED, cost=1)
    executed(stage, "waits", state=X.QUEUED, sent=False, cost=1, target="endpoint/another")
    executed(stage, "stale", ended=ended, state=X.STALE, sent=False, cost=1)
    executed(stage, "told", ended=ended, kind="NotifyOwners", cost=1)
    executed(stage, "others", ended=ended, of=FRAUD, cost=1)
    found = facts(stage, incident)
    assert (found.remediations_today, found.cost_today_usd) == (4, 4)
    assert facts(stage, incident, besides="waits").remediations_today == 3


def test_the_estimate_of_this_one_is_a_fact_of_its_own(stage: Stage, incident: str) -> None:
    assert facts(stage, incident, retraining(), of=FRAUD).cost_usd == 7.80
    assert facts(stage, incident).cost_usd is None  # nobody has named one


def test_endpoints_of_the_whole_fleet_are_counted_once_and_for_an_hour(stage: Stage, incident: str) -> None:
    def changed(id: str, minutes: float, target: str, **more: Any) -> None:
        executed(stage, id, ended=NOW - timedelta(minutes=minutes), of=FRAUD, target=target, **more)

    changed("x1", 10, "endpoint/a")
    changed("x2", 20, "endpoint/a")
    changed("x3", 60, "endpoint/b")
    changed("x4", 60.1, "endpoint/c")
    changed("x5", 5, ENDPOINT)  # this one itself
    changed("x6", 5, "pipeline/d", kind="StartRetraining")
    executed(stage, "x7", state=X.EXECUTING, of=FRAUD, target="endpoint/e", created=NOW - timedelta(hours=3))
    assert facts(stage, incident).endpoints_changed == 3


def test_time_passes_as_fast_as_the_world_does(stage: Stage, incident: str) -> None:
    executed(stage, "x1", ended=NOW - timedelta(seconds=30), target="endpoint/a", cost=1)
    executed(stage, "x2", ended=NOW - timedelta(minutes=2), target="endpoint/b", cost=1)
    executed(stage, "x3", ended=NOW - timedelta(minutes=30), target="endpoint/c", cost=1)
    found = facts(stage, incident, speed=60.0)
    assert found.minutes_since_last == pytest.approx(30)
    assert (found.endpoints_changed, found.remediations_today) == (1, 2)


def test_a_clock_that_was_set_back_makes_nothing_long_ago(stage: Stage, incident: str) -> None:
    executed(stage, "x1", ended=NOW + timedelta(hours=2), target="endpoint/a", cost=1)
    found = facts(stage, incident)
    assert (found.minutes_since_last, found.remediations_today, found.endpoints_changed) == (0, 1, 1)


def test_what_is_in_flight_is_counted_and_of_two_the_first_may_go_on(stage: Stage, incident: str) -> None:
    executed(stage, "x1", state=X.EXECUTING, created=NOW - timedelta(minutes=2))
    executed(stage, "x2", state=X.QUEUED, sent=False, created=NOW - timedelta(minutes=1), target="pipeline/a")
    executed(stage, "x3", state=X.QUEUED, kind="OpenIssue", target="issue/a")
    executed(stage, "x4", state=X.EXECUTING, of=FRAUD, target="endpoint/b")
    assert facts(stage, incident).in_flight == 2
    assert facts(stage, incident, besides="x1").in_flight == 0
    assert facts(stage, incident, besides="x2").in_flight == 1


def test_telling_people_is_no_change_that_others_wait_for(stage: Stage, incident: str) -> None:
    executed(stage, "x1", ended=NOW - timedelta(minutes=3), kind="OpenIssue", target="issue/a")
    assert facts(stage, incident).minutes_since_last == "never"


def test_a_denial_of_the_same_kind_on_the_same_target_is_remembered(stage: Stage) -> None:
    incident = stage.awaiting()
    assert stage.deny(at=later(minutes=2)).result == "denied"
    assert facts(stage, incident).minutes_since_denied == pytest.approx(58)
    assert facts(stage, incident, rollback("product-recommender-v22")).minutes_since_denied == pytest.approx(58)
    assert facts(stage, incident, retraining()).minutes_since_denied == "never"
    assert facts(stage, incident, promotion(), of=FRAUD).minutes_since_denied == "never"
    assert facts(stage, incident, now=later(minutes=1)).minutes_since_denied == 0


def test_a_pause_and_a_freeze_are_facts(stage: Stage, incident: str) -> None:
    stage.writer.pauses.pause(EVERYTHING, "UVIEWER", NOW)
    found = facts(stage, incident, now=datetime.fromisoformat("2025-12-24T12:00:00+00:00"))
    assert (found.paused, found.frozen) == (True, ("end of year 2025",))


@pytest.mark.parametrize(("remediation", "_origin"), every_remediation(), ids=lambda one: getattr(one, "kind", ""))
def test_the_facts_of_every_kind_can_be_read(
    stage: Stage, incident: str, remediation: AnyRemediation, _origin: object
) -> None:
    found = facts(stage, incident, remediation)
    assert found.risk == spec_of(remediation).risk.value == risk_of(remediation.kind).value
    assert (remediation.kind in CHANGING) != (remediation.kind in SIDES)


def test_an_undo_and_a_next_step_are_seen_in_the_rows(stage: Stage) -> None:
    incident, execution, fence = stage.executing()
    assert facts(stage, incident, rollback("product-recommender-v24")).step == "first"
    assert stage.writer.executions.intend(execution, fence, 0, later(minutes=2))
    assert stage.writer.executions.finish(execution, fence, X.FAILED, text="failed", now=later(minutes=3))
    assert facts(stage, incident, rollback("product-recommender-v24")).step == "undo"
    assert facts(stage, incident, retraining(), follows=execution).step == "next"
    assert facts(stage, incident, retraining(), when=When.AFTER_PREVIOUS).step == "next"
    assert facts(stage, incident).step == "first"


# What is said of them.


def ruling(stage: Stage, incident: str, source: Callable[[], Policy] = policy, **given: Any) -> Ruling:
    asked: dict[str, Any] = {
        "remediation": rollback(),
        "confidence": Confidence.HIGH,
        "evidence_count": 3,
        "now": NOW,
        "speed": 1.0,
        **given,
    }
    return decide_now(source, stage.reader, stage.writer, incident_id=incident, model=model(), **asked)


def kept(stage: Stage) -> list[PolicyRecord]:
    with stage.database.read() as session:
        return list(session.exec(select(PolicyRecord)))


def test_a_policy_that_was_asked_is_kept_once_by_its_hash(stage: Stage, incident: str) -> None:
    first = ruling(stage, incident)
    ruling(stage, incident, now=NOW + timedelta(minutes=1))
    (record,) = kept(stage)
    assert record.hash == first.policy_hash == policy().hash
    assert Policy.model_validate(record.body) == policy() and record.first_seen == NOW
    other = policy().model_copy(update={"time_zone": "Europe/Berlin"})
    assert ruling(stage, incident, lambda: other).policy_hash == other.hash
    assert {one.hash for one in kept(stage)} == {policy().hash, other.hash}
    # Another process has kept it already.
    Stage(stage.database).writer.policies.remember(policy(), NOW)
    assert len(kept(stage)) == 2


def test_a_model_may_act_by_itself_only_as_far_as_its_level_says(stage: Stage, incident: str) -> None:
    entry = AutonomyEntry(level="execute_high", author="the team lead", reason="a good record")
    raised = policy().model_copy(update={"autonomy": {RECOMMENDER: entry}})
    assert ruling(stage, incident, lambda: raised).decision.effect == Allow()
    assert isinstance(ruling(stage, incident).decision.effect, RequireApproval)


def test_a_policy_file_that_cannot_be_read_forbids_everything_and_says_so(
    stage: Stage, incident: str, tmp_path: Path
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("version: 1\nrules: [{name: all, then: {effect: allow}}]\n", encoding="utf-8")
    watched = WatchedPolicy(path)
    assert ruling(stage, incident, watched).decision.effect == Allow()
    path.write_text("version: 1\nrules: [{name: all, then: {effect: alow}}]\n", encoding="utf-8")
    said = ruling(stage, incident, watched)
    assert isinstance(said.decision.effect, Forbid) and said.facts is None and said.policy_hash == ""
    assert said.decision.effect.because.startswith("the policy file cannot be read: ")
    assert said.decision.effect.because.endswith("; nothing may run")
    path.write_text("version: 1\nrules: [{name: all, then: {effect: allow}}]\n", encoding="utf-8")
    assert ruling(stage, incident, watched).decision.effect == Allow()


class _NoAnswer:
    """A reader whose database does not answer."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def ask(*_words: object, **_more: object) -> Any:
            raise Unavailable("Database", name, "OperationalError")

        return ask


def test_a_database_that_does_not_answer_forbids_everything(stage: Stage, incident: str) -> None:
    away: Any = _NoAnswer()
    made = proposal("p1", incident)
    asked: dict[str, Any] = {"proposal": made, "model": model(), "now": NOW, "speed": 1.0}
    silent: Any = _Writer()
    for reader, writer in ((away, stage.writer), (stage.reader, silent)):
        said = decide_again(policy, reader, writer, **asked)
        assert said.decision.effect == Forbid(because="the database does not answer; nothing may run")


class _Writer:
    """A writer that can write nothing."""

    policies = _NoAnswer()


def test_an_unreadable_policy_is_worse_than_any_decision_before_it(stage: Stage) -> None:
    incident = stage.awaiting()

    def gone() -> Policy:
        raise PolicyUnreadable("policy.yaml: cannot be read: No such file or directory")

    said = decide_again(
        gone, stage.reader, stage.writer, proposal=proposal("p1", incident), model=model(), now=NOW, speed=1.0
    )
    verdict = stage.approve(policy_now=said.decision)
    assert (verdict.result, verdict.why) == (
        "forbidden",
        "the policy file cannot be read: policy.yaml: cannot be read: No such file or directory; nothing may run",
    )
    assert forbidden(verdict.why).effect == said.decision.effect

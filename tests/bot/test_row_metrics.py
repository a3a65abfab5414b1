"""What a scrape reads: how things stand in rows, and that it never fails and never waits long."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from bot import row_metrics
from bot.metrics import Metrics
from bot.row_metrics import RowMetrics, Watched
from incidents.errors import PolicyUnreadable
from incidents.execution import ExecutionState
from incidents.policy import Policy
from tests.docs.metrics_table import nothing_stands
from tests.incidents.builders import later, policy
from tests.stores import store_at
from tests.tools.incident_store.stage import Stage
from tools.errors import Unavailable
from tools.incident_store.database import Database
from tools.incident_store.standing_reader import Standing, StandingReader


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watched(clock: Clock) -> Watched:
    return Watched(
        standing=nothing_stands,
        outbox=lambda: {"limited": 3, "given_up": 1},
        slack_connected=lambda: False,
        policy=policy,
        clock=lambda: later(minutes=10),
        monotonic=clock,
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    database = store_at(tmp_path / "agentops.sqlite")
    yield database
    database.close()


def registered(watched: Watched) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(RowMetrics(watched))
    return registry


def test_what_waits_is_told_with_the_age_of_the_oldest(store: Database, watched: Watched) -> None:
    stage = Stage(store)
    incident = stage.awaiting()
    registry = registered(replace(watched, standing=StandingReader(store).standing))
    assert registry.get_sample_value("agentops_database_up") == 1
    assert registry.get_sample_value("agentops_approvals_pending") == 1
    assert registry.get_sample_value("agentops_approvals_pending_age_seconds") == 600
    assert registry.get_sample_value("agentops_outbox_depth") == len(stage.messages(incident))
    assert registry.get_sample_value("agentops_outbox_lag_seconds") == 600
    assert registry.get_sample_value("agentops_alerts_unhandled") == 0
    live = {"state": "awaiting_decision", "severity": stage.incident(incident).severity.value}
    assert registry.get_sample_value("agentops_incidents_live", live) == 1


def test_an_execution_is_in_flight_until_it_ends_and_then_perhaps_needs_a_person(store: Database) -> None:
    stage = Stage(store)
    _, _, fence = stage.executing()
    reader = StandingReader(store)
    assert reader.standing(later(minutes=3), timedelta(seconds=30)).executions.count == 1
    state = ExecutionState.NEEDS_VERIFICATION
    assert stage.writer.executions.finish("xp1", fence, state, text="unclear", now=later(minutes=3))
    standing = reader.standing(later(minutes=5), timedelta(seconds=30))
    assert standing.executions.count == 0
    assert (standing.unsure.count, standing.unsure.age(later(minutes=5))) == (1, 120)


def test_without_a_database_a_scrape_says_so_and_tells_the_rest(watched: Watched) -> None:
    def away(at: datetime, fresh: timedelta) -> Standing:
        raise Unavailable("Database", "read", "gone")

    registry = registered(replace(watched, standing=away))
    assert registry.get_sample_value("agentops_database_up") == 0
    assert registry.get_sample_value("agentops_slack_rate_limited_total") == 3
    assert registry.get_sample_value("agentops_outbox_depth") is None


def test_a_database_that_hangs_does_not_hold_a_scrape(watched: Watched, clock: Clock) -> None:
    go_on = threading.Event()
    asked: list[datetime] = []

    def hangs(at: datetime, fresh: timedelta) -> Standing:
        asked.append(at)
        go_on.wait(30)
        return nothing_stands(at, fresh)

    registry = CollectorRegistry()
    rows = RowMetrics(replace(watched, standing=hangs), patience=0.05)
    registry.register(rows)
    assert registry.get_sample_value("agentops_database_up") == 0
    clock.seconds += row_metrics.KEPT_SECONDS
    assert registry.get_sample_value("agentops_database_up") == 0
    assert len(asked) == 1, "one read that hangs is enough"
    go_on.set()
    clock.seconds += row_metrics.KEPT_SECONDS
    rows.settled(30)
    assert registry.get_sample_value("agentops_database_up") == 1


def test_two_scrapes_at_once_read_once(watched: Watched, clock: Clock) -> None:
    asked: list[datetime] = []

    def counted(at: datetime, fresh: timedelta) -> Standing:
        asked.append(at)
        return nothing_stands(at, fresh)

    registry = registered(replace(watched, standing=counted))
    generate_latest(registry)
    generate_latest(registry)
    assert len(asked) == 1
    clock.seconds += row_metrics.KEPT_SECONDS
    generate_latest(registry)
    assert len(asked) == 2


def test_a_policy_that_cannot_be_read_is_told(watched: Watched) -> None:
    def unreadable() -> Policy:
        raise PolicyUnreadable("policy.yaml:3: rules: is missing")

    assert registered(watched).get_sample_value("agentops_policy_readable") == 1
    assert registered(replace(watched, policy=unreadable)).get_sample_value("agentops_policy_readable") == 0


def test_the_budget_is_spent_when_an_hour_cost_as_much(watched: Watched) -> None:
    def dear(at: datetime, fresh: timedelta) -> Standing:
        return replace(nothing_stands(at, fresh), llm_cost_usd=2.5)

    for limit, spent in ((None, 0), (3.0, 0), (2.5, 1)):
        registry = registered(replace(watched, standing=dear, llm_cost_per_hour_usd=limit))
        assert registry.get_sample_value("agentops_llm_budget_spent") == spent
        assert registry.get_sample_value("agentops_llm_cost_last_hour_usd") == 2.5


def test_counters_that_alerts_watch_begin_at_zero() -> None:
    metrics = Metrics()
    found = metrics.registry.get_sample_value("agentops_webhook_deliveries_total", {"code": "503"})
    assert found == 0
    assert metrics.registry.get_sample_value("agentops_failovers_total", {"work": "execution"}) == 0

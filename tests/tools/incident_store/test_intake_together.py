"""Deliveries that share a transaction change what they would have changed one after the other."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from incidents.alert import Alert
from tests.incidents.builders import START, alert, catalogue, later
from tests.stores import store_at
from tests.thoroughness import EXAMPLES
from tests.tools.incident_store.stage import Stage, at_once
from tools.incident_store.database import Database
from tools.incident_store.tables import AlertRecord
from tools.incident_store.writer.intake import Delivery, IntakeWriter, Notification, Reading

Row = tuple[object, ...]


def rows(database: Database) -> list[Row]:
    with database.read() as session:
        found = session.exec(select(AlertRecord).order_by(col(AlertRecord.fingerprint), col(AlertRecord.starts_at)))
        return [
            (one.fingerprint, one.starts_at, one.status, one.ends_at, one.labels, one.annotations, one.revision)
            for one in found
        ]


def fires(*fingerprints: str) -> Notification:
    return Notification(tuple(alert(fingerprint=one) for one in fingerprints))


def ends(*fingerprints: str) -> Notification:
    return Notification(tuple(alert(fingerprint=one, status="resolved") for one in fingerprints))


def statuses(stage: Stage) -> list[tuple[object, object]]:
    return [(row[0], row[2]) for row in rows(stage.database)]


def test_the_same_alert_in_several_deliveries_counts_once_for_the_first(stage: Stage) -> None:
    counts = stage.writer.intake.store_all([fires("a", "b"), fires("b", "c"), fires("a", "b", "c")], START)
    assert counts == [2, 1, 0]
    assert stage.writer.intake.store_all([fires("a"), fires("c")], START) == [0, 0]


def test_what_fires_and_ends_in_one_transaction_is_over_and_both_are_news(stage: Stage) -> None:
    assert stage.writer.intake.store_all([fires("a"), ends("a"), fires("a")], START) == [1, 1, 0]
    assert statuses(stage) == [("a", "resolved")]
    assert stage.writer.grouping.group(START) == []


def test_what_begins_again_and_ends_in_one_transaction_ends_what_was_before_at_its_beginning(stage: Stage) -> None:
    again = alert(fingerprint="a", starts_at=later(minutes=5))
    over = again.model_copy(update={"status": "resolved", "ends_at": later(minutes=9)})
    told = [Notification((alert(fingerprint="a"), again)), Notification((over,))]
    assert stage.writer.intake.store_all(told, START) == [3, 1]
    assert [row[3] for row in rows(stage.database)] == [later(minutes=5), later(minutes=9)]


def test_the_order_of_the_deliveries_decides(stage: Stage) -> None:
    assert stage.writer.intake.store_all([ends("a"), fires("a"), ends("a")], START) == [1, 0, 0]
    assert statuses(stage) == [("a", "resolved")]


def test_an_end_in_a_later_transaction_changes_the_open_row_once(stage: Stage) -> None:
    stage.writer.intake.store_all([fires("a", "b")], START)
    assert stage.writer.intake.store_all([ends("a"), ends("a", "b"), fires("a", "b")], START) == [1, 1, 0]
    assert statuses(stage) == [("a", "resolved"), ("b", "resolved")]


def test_as_many_alerts_as_one_delivery_may_hold_are_stored_and_ended(stage: Stage) -> None:
    names = [f"{number:x}" for number in range(5_000)]
    assert stage.writer.intake.store_all([fires(*names)], START) == [5_000]
    assert stage.writer.intake.store_all([ends(*names)], START) == [5_000]


def test_an_alert_that_began_again_before_its_end_was_told_ends_the_episode_before(stage: Stage) -> None:
    stage.writer.intake.store([alert(fingerprint="a")], START)
    assert stage.writer.intake.store([alert(fingerprint="a", starts_at=later(minutes=5))], START) == 2
    first, second = rows(stage.database)
    assert (*first[2:4], first[6]) == ("resolved", later(minutes=5), 2)
    assert (*second[2:4], second[6]) == ("firing", None, 1)


def test_the_end_of_a_later_episode_ends_those_before_it(stage: Stage) -> None:
    """Alertmanager tells only that end of an alert that ended and began again while nobody took its notifications."""
    stage.writer.intake.store([alert(fingerprint="a"), alert(fingerprint="b")], START)
    over = alert(fingerprint="a", starts_at=later(minutes=5), status="resolved")
    assert stage.writer.intake.store([over.model_copy(update={"ends_at": later(minutes=9)})], START) == 2
    assert statuses(stage) == [("a", "resolved"), ("a", "resolved"), ("b", "firing")]


def test_a_late_end_of_an_earlier_episode_leaves_the_later_one_open(stage: Stage) -> None:
    stage.writer.intake.store([alert(fingerprint="a", starts_at=later(minutes=5))], START)
    over = alert(fingerprint="a", status="resolved").model_copy(update={"ends_at": later(minutes=4)})
    assert stage.writer.intake.store([over], START) == 1
    assert statuses(stage) == [("a", "resolved"), ("a", "firing")]


def test_nothing_is_nothing(stage: Stage) -> None:
    assert stage.writer.intake.store_all([], START) == []
    assert stage.writer.intake.store_all([Notification(()), Reading((), ())], START) == [0, 0]


def test_two_replicas_with_the_same_deliveries_store_each_alert_once(stage: Stage) -> None:
    names = [f"{number:x}" for number in range(60)]

    def both(one: list[Delivery], other: list[Delivery]) -> int:
        store = stage.writer.intake.store_all
        return sum(at_once(lambda: sum(store(one, START)), lambda: sum(store(other, START))))

    parts: list[Delivery] = [fires(*names[start:]) for start in range(0, 60, 7)]
    assert both(parts, parts[::-1]) == 60
    assert both([ends(*names)], [ends(*names[::-1])]) == 60


minutes = st.integers(0, 3)


@st.composite
def told(draw: st.DrawFn) -> Alert:
    begun = later(minutes=draw(minutes))
    status = draw(st.sampled_from(["firing", "resolved"]))
    ended = begun + timedelta(minutes=draw(minutes)) if status == "resolved" else None
    changes = {"ends_at": ended, "annotations": {"said": str(draw(minutes))}}
    return alert(fingerprint=draw(st.sampled_from("abc")), starts_at=begun, status=status).model_copy(update=changes)


@st.composite
def read(draw: st.DrawFn) -> Delivery:
    at = later(minutes=draw(minutes))
    firing, inside = draw(st.sampled_from(["a", "b", "ab", ""])), draw(st.sampled_from(["c", ""]))
    return Reading(
        tuple(alert(fingerprint=name, starts_at=at) for name in firing),
        tuple(
            alert(fingerprint=name, starts_at=at, status="resolved").model_copy(update={"ends_at": at})
            for name in inside
        ),
    )


deliveries = st.lists(st.lists(told(), max_size=4).map(lambda alerts: Notification(tuple(alerts))) | read(), max_size=8)


@pytest.fixture(scope="module")
def numbers() -> "count[int]":
    return count()


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=deliveries, together=deliveries)
def test_together_or_one_after_the_other_comes_to_the_same(
    tmp_path: Path,
    numbers: "count[int]",
    before: Sequence[Delivery],
    together: Sequence[Delivery],
) -> None:
    found: list[tuple[list[int], list[Row]]] = []
    for kind in ("alone", "together"):
        database = store_at(tmp_path / f"{kind}-{next(numbers)}.sqlite")
        intake = IntakeWriter(database, catalogue().find)
        for one in before:
            intake.store_all([one], START)
        if kind == "alone":
            counts = [intake.store_all([one], START)[0] for one in together]
        else:
            counts = intake.store_all(together, START)
        found.append((counts, rows(database)))
        database.close()
    assert found[0] == found[1]

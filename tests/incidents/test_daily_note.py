"""When nothing is needed, and what is said where something is not known."""

from datetime import timedelta
from typing import Any

import pytest

from incidents.alert import AlertKind
from incidents.catalogue import Signal
from incidents.daily_note import ModelDay, SignalDay, signal_day
from incidents.verification import Sample
from tests.incidents.builders import START

STEP = timedelta(minutes=5)
SINCE = START - timedelta(hours=1)
SLOTS = 12


def signal(**given: Any) -> Signal:
    usual: dict[str, Any] = {"kind": AlertKind.LATENCY, "query": "q", "comparison": ">", "baseline": "b", "unit": "s"}
    return Signal.model_validate({**usual, "warning": 0.5, "critical": 1.0, **given})


def samples(*values: float) -> list[Sample]:
    return [Sample(at=SINCE + STEP * (number + 1), value=value) for number, value in enumerate(values)]


def day(*series: list[Sample], **given: Any) -> SignalDay:
    return signal_day("latency", signal(**given), series, SINCE, START, STEP)


def test_the_worst_value_is_told_with_its_moment_against_the_bound_that_is_crossed_first() -> None:
    found = day(samples(*[0.1] * 5, 0.7, *[0.2] * 6), samples(*[0.3] * SLOTS))
    assert (found.bound, found.worst, found.worst_at, found.now) == (0.5, 0.7, SINCE + 6 * STEP, 0.3)
    assert found.past(found.worst) and not found.past(found.now)
    assert ModelDay(model="m", signals=(found,)).was_past == (found,)


def test_of_a_lower_bound_the_worst_is_the_lowest() -> None:
    found = day(samples(0.9, 0.6, 0.8), comparison="<")
    assert (found.worst, found.bound, found.nearness) == (0.6, 1.0, pytest.approx(1 / 0.6))


@pytest.mark.parametrize(
    ("series", "now", "without"),
    [
        ([], None, 1.0),
        ([samples(*[0.1] * SLOTS)], 0.1, 0.0),
        ([samples(*[0.1] * 6)], None, 0.5),
        ([samples(*[0.1] * 6, *[float("nan")] * 6)], None, 0.5),
        ([samples(*[0.1] * 6), samples(*[0.2] * SLOTS)], 0.2, 0.0),
    ],
)
def test_what_is_absent_stale_or_no_number_is_not_known(
    series: list[list[Sample]], now: float | None, without: float
) -> None:
    found = day(*series)
    assert (found.now, found.without_data) == (now, pytest.approx(without, abs=0.09))


GOOD = day(samples(*[0.1] * SLOTS))
GONE = day()
LABELS = day(needs_labels=True)
PAST = day(samples(*[0.9] * SLOTS))


@pytest.mark.parametrize(
    ("signals", "incident", "nothing"),
    [
        ((GOOD, GOOD), None, True),
        ((GOOD,), "INC-1", False),
        ((GOOD, PAST), None, False),
        ((GOOD, GONE), None, False),
        ((GOOD, LABELS), None, True),
        ((LABELS,), None, False),
        ((), None, False),
    ],
)
def test_nothing_is_needed_only_where_all_is_known_and_inside_and_no_incident_is_open(
    signals: tuple[SignalDay, ...], incident: str | None, nothing: bool
) -> None:
    assert ModelDay(model="m", signals=signals, incident=incident).nothing_needed is nothing

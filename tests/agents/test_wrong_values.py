"""Values in another unit, and one value for everybody."""

import pytest

from agents.readings.data import CapturedFeatureReading, MonitorStatisticsReading
from agents.readings.dossier import Dossier
from agents.rules.wrong_values import constant, rescaled


def captured(before: float, now: float, psi: float = 6.0) -> Dossier:
    reading = CapturedFeatureReading(
        evidence="e1", feature="session_length", verdict="drifted", psi=psi, nulls=0.0, medians=(before, now)
    )
    return Dossier([reading])


@pytest.mark.parametrize(("before", "now"), [(309, 309_000), (309, 5.2), (42, 4_150), (7_200, 2.05), (-3, -30.5)])
def test_a_median_that_moved_by_the_factor_between_two_units_is_another_unit(before: float, now: float) -> None:
    assert [one.feature for one in rescaled(captured(before, now))] == ["session_length"]


@pytest.mark.parametrize(("before", "now"), [(48, 61), (10, 40), (0, 500), (-5, 50), (10, 450)])
def test_a_median_that_moved_by_any_other_factor_is_none(before: float, now: float) -> None:
    assert rescaled(captured(before, now)) == []


def test_a_small_shift_is_no_other_unit_whatever_its_median() -> None:
    assert rescaled(captured(10, 100, psi=0.4)) == []


def test_one_value_in_all_rows_is_told_by_the_monitor() -> None:
    one = MonitorStatisticsReading(evidence="e1", feature="age", verdict="stable", constant=True)
    other = MonitorStatisticsReading(evidence="e2", feature="amount", verdict="drifted")
    assert constant(Dossier([one, other])) == [one]

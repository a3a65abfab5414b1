"""The library's change points, against a plain search, and what loading it costs."""

import math
import random
import subprocess
import sys
from collections.abc import Sequence

import pytest

from agents.change_points import GAIN_PER_LOG, change_points

NOISE = 0.1


def levels(*parts: tuple[float, int], seed: int = 1) -> list[float]:
    drawn = random.Random(seed)
    return [level + drawn.gauss(0, NOISE) for level, count in parts for _ in range(count)]


def squares(values: Sequence[float]) -> float:
    middle = sum(values) / len(values)
    return sum((value - middle) ** 2 for value in values) / NOISE**2


def searched(values: Sequence[float], penalty: float) -> list[int]:
    """Binary segmentation by trying every split."""
    if len(values) < 2:
        return []
    gains = [squares(values) - squares(values[:at]) - squares(values[at:]) for at in range(1, len(values))]
    at = max(range(len(gains)), key=lambda place: gains[place]) + 1
    if gains[at - 1] <= penalty:
        return []
    return [*searched(values[:at], penalty), at, *(at + one for one in searched(values[at:], penalty))]


@pytest.mark.parametrize("seed", range(12))
def test_they_are_those_of_a_plain_search(seed: int):
    values = levels((0.0, 50), (1.0, 30), (0.1, 40), (2.0, 25), seed=seed)
    assert change_points(values, NOISE) == searched(values, GAIN_PER_LOG * math.log(len(values)))


def test_one_level_has_none():
    assert change_points(levels((0.4, 200)), NOISE) == []
    assert change_points([3.0] * 40, NOISE) == []


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 9.0], [1.0, 1.0, 9.0]])
def test_too_few_values_are_no_error(values: list[float]):
    assert len(change_points(values, NOISE)) < max(len(values), 1)


def test_a_spike_is_a_segment_of_its_own():
    assert change_points([0.0] * 30 + [5.0] + [0.0] * 30, NOISE) == [30, 31]


def test_nothing_that_draws_is_loaded():
    code = (
        "import sys; from agents.change_points import change_points; "
        "assert change_points([0.0] * 9 + [1.0] * 9, 0.1) == [9]; print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "False"


def test_values_near_the_largest_number_there_is_break_nothing():
    huge = [0.0, 0.0, 0.0, 1.797693134862316e306, 1.4980776123852634e305]
    assert all(1 <= at < len(huge) for at in change_points(huge, NOISE))
    assert change_points(huge, math.inf) == []

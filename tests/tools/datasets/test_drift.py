import math
import random
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.datasets.drift import FLOOR, psi_of_categories, psi_of_counts, psi_of_numbers

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)
counts = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 1_000), min_size=1)


def normal(mean: float, n: int = 5_000) -> list[float]:
    rng = random.Random(7)
    return [rng.gauss(mean, 1) for _ in range(n)]


def test_two_draws_of_one_distribution_are_stable() -> None:
    rows = normal(0, 10_000)
    assert psi_of_numbers(rows[:5_000], rows[5_000:]).value < 0.02


def test_a_shift_is_found_and_agrees_with_its_formula() -> None:
    # Shares of a normal shifted by one in the deciles of the standard normal, without any sampling.
    edges = [-math.inf, *(NormalDist().inv_cdf(k / 10) for k in range(1, 10)), math.inf]
    shifted = NormalDist(1, 1)
    expected = 0.0
    for low, high in zip(edges, edges[1:], strict=False):
        upper = 1.0 if high == math.inf else shifted.cdf(high)
        share = upper - (0.0 if low == -math.inf else shifted.cdf(low))
        expected += (share - 0.1) * math.log(share / 0.1)
    found = psi_of_numbers(normal(0), normal(1))
    assert found.value == pytest.approx(expected, rel=0.1)
    assert found.value > 0.25


def test_the_binning_stands_beside_the_figure() -> None:
    found = psi_of_numbers(normal(0), [*normal(0), math.nan, math.inf])
    assert (found.bins, found.floor, found.reference_rows, found.current_rows) == (10, FLOOR, 5_000, 5_000)
    assert found.binning == "10 quantile bins of the reference, empty bins floored at 0.0001"


def test_a_constant_reference_is_one_bin_of_its_own() -> None:
    assert psi_of_numbers([5.0] * 100, [5.0] * 80).value == 0
    assert psi_of_numbers([5.0] * 100, [6.0] * 80).value > 1
    assert psi_of_numbers([5.0] * 100, [4.0] * 50 + [6.0] * 50).value > 0.25


def test_an_empty_bin_is_floored_not_infinite() -> None:
    found = psi_of_categories(["a"] * 50 + ["b"] * 50, ["c"] * 100)
    assert math.isfinite(found.value)
    assert found.bins == 3


def test_categories_by_hand() -> None:
    found = psi_of_counts({"a": 50, "b": 50}, {"a": 80, "b": 20})
    assert found.value == pytest.approx(0.3 * math.log(1.6) - 0.3 * math.log(0.4))
    assert (found.reference_rows, found.current_rows) == (100, 100)


@given(numbers, numbers)
def test_psi_is_finite_and_never_negative(reference: list[float], current: list[float]) -> None:
    found = psi_of_numbers(reference, current)
    assert math.isfinite(found.value)
    assert found.value >= -1e-12
    assert psi_of_numbers(reference, reference).value == pytest.approx(0, abs=1e-12)


@given(counts, counts)
def test_psi_of_counts_is_symmetric_and_does_not_mind_their_scale(a: dict[str, int], b: dict[str, int]) -> None:
    if not sum(a.values()) or not sum(b.values()):
        with pytest.raises(ValueError, match="both sides"):
            psi_of_counts(a, b)
        return
    value = psi_of_counts(a, b).value
    assert value == pytest.approx(psi_of_counts(b, a).value)
    assert value == pytest.approx(psi_of_counts({key: 3 * n for key, n in a.items()}, b).value)


def test_nothing_to_compare_is_an_error() -> None:
    for reference, current in (([], [1.0]), ([1.0], []), ([math.nan], [1.0])):
        with pytest.raises(ValueError, match="both sides"):
            psi_of_numbers(reference, current)
    with pytest.raises(ValueError, match="both sides"):
        psi_of_categories([], ["a"])
    with pytest.raises(ValueError, match="two bins"):
        psi_of_numbers([1.0], [1.0], bins=1)
    with pytest.raises(ValueError, match="not negative"):
        psi_of_counts({"a": -1}, {"a": 1})

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.comparison import FLOOR_ROWS, Comparison, compare


def compared(figures: dict[str, float], live: dict[str, float] | None = None) -> Comparison:
    found = compare(figures, metric="f1", margin=0.01, candidate_version=42, live_version=41, live_figures=live)
    assert found is not None
    return found


def test_a_candidate_within_the_margin_passes() -> None:
    found = compared({"f1": 0.795, "champion.f1": 0.8})
    assert found.passed and found.rows[0].verdict == "same"
    assert found.words == ("Candidate version 42 passes its gate (f1 0.795, live 0.800 on same holdout, margin 0.01).")


def test_a_candidate_below_the_margin_fails() -> None:
    found = compared({"f1": 0.789, "champion.f1": 0.8})
    assert not found.passed and "fails its gate" in found.words


def test_a_slice_that_is_worse_fails_a_candidate_that_is_better_overall() -> None:
    found = compared(
        {
            "f1": 0.9,
            "champion.f1": 0.8,
            "slice.country=DE.f1": 0.6,
            "champion.slice.country=DE.f1": 0.8,
            "slice.country=DE.rows": 5_000.0,
        }
    )
    assert not found.passed
    assert [one.slice for one in found.worse] == ["country=DE"]
    assert "worse on slice country=DE: 0.600, live 0.800" in found.words


@pytest.mark.parametrize(("rows", "passed"), [(FLOOR_ROWS - 1, True), (FLOOR_ROWS, False), (None, False)])
def test_a_slice_with_too_few_rows_does_not_decide_and_one_of_unknown_size_does(rows: int | None, passed: bool) -> None:
    figures = {"f1": 0.9, "champion.f1": 0.8, "slice.new.f1": 0.1, "champion.slice.new.f1": 0.8}
    if rows is not None:
        figures["slice.new.rows"] = float(rows)
    assert compared(figures).passed is passed


def test_a_slice_without_a_figure_of_the_live_model_is_shown_and_does_not_decide() -> None:
    found = compared({"f1": 0.9, "champion.f1": 0.8, "slice.new.f1": 0.1})
    assert found.passed and found.rows[-1].verdict == "not_judged"


def test_other_metrics_are_shown_and_do_not_decide() -> None:
    found = compared({"f1": 0.9, "champion.f1": 0.8, "recall": 0.2, "champion.recall": 0.9})
    assert found.passed and found.rows[1].metric == "recall" and found.rows[1].verdict == "worse"


def test_what_a_report_says_of_itself_is_no_figure() -> None:
    made = compared(
        {"f1": 0.9, "champion.f1": 0.88, "version": 42, "champion.version": 41, "rows": 9, "champion.rows": 9}
    )
    assert [one.metric for one in made.rows] == ["f1"]


def test_without_the_live_model_on_the_same_holdout_its_own_report_stands_in() -> None:
    found = compared({"f1": 0.7, "slice.a.f1": 0.1}, {"f1": 0.8, "slice.a.f1": 0.9})
    assert not found.same_holdout and not found.passed and "its own holdout" in found.words


@pytest.mark.parametrize("figures", [{}, {"f1": 0.9}, {"champion.f1": 0.9}])
def test_without_both_figures_there_is_no_comparison(figures: dict[str, float]) -> None:
    assert compare(figures, metric="f1", margin=0.01, candidate_version=2, live_version=1) is None


@given(st.dictionaries(st.sampled_from(["a", "b.c", "d"]), st.floats(0, 1)), st.floats(0, 1), st.floats(0, 1))
def test_a_worse_slice_never_makes_a_candidate_pass(slices: dict[str, float], candidate: float, live: float) -> None:
    plain = {"f1": candidate, "champion.f1": live}
    more = dict(plain)
    for name, value in slices.items():
        more |= {f"slice.{name}.f1": value, f"champion.slice.{name}.f1": 0.5}
    assert compared(plain).passed or not compared(more).passed

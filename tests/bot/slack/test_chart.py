"""The picture of the signals, and the same in words."""

import math
import sys
from datetime import timedelta

import pytest

from bot.slack.chart import ChartSpec, ChartUnavailable, Line, Mark, Panel, in_words, render_chart
from incidents.verification import Sample
from tests.bot.slack.samples import minute


def line(*values: float, name: str = "p99") -> Line:
    return Line(name, tuple(Sample(at=minute(n), value=value) for n, value in enumerate(values)))


def spec(*panels: Panel) -> ChartSpec:
    marks = (Mark(minute(1), "v24 went live", "deployment"), Mark(minute(90), "after the end", "alert"))
    return ChartSpec("product-recommender", minute(0), minute(4), panels, marks)


def test_it_is_a_png_twice_as_wide_as_slack_shows_it() -> None:
    png = render_chart(spec(Panel("p99 latency", "s", (line(0.2, 0.2, 2.5, 2.4),), 1.0)))
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20]) == 1440
    assert len(png) < 300_000


@pytest.mark.parametrize("name", ["$x^{", "a" * 5_000, "\u202e\x00", "", "_hidden", "日本"[:0] + "x"])
def test_any_words_may_stand_in_it(name: str) -> None:
    assert render_chart(spec(Panel(name, name, (line(1, 2, name=name), line(2, 3, name=name)), 1.5)))


def test_gaps_and_numbers_that_are_none_are_left_out() -> None:
    assert render_chart(spec(Panel("x", "", (line(math.nan, 1, math.inf, 2),), math.nan)))
    assert render_chart(spec(Panel("x", "", (line(-1, -2),), None), Panel("empty", "", ())))


def test_without_a_series_there_is_no_picture() -> None:
    with pytest.raises(ChartUnavailable, match="no series"):
        render_chart(spec(Panel("x", "", (line(math.nan),))))


def test_without_matplotlib_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ChartUnavailable, match="charts"):
        render_chart(spec(Panel("x", "", (line(1),))))


def test_the_words_tell_what_the_picture_shows() -> None:
    assert in_words(spec(Panel("p99 latency", "s", (line(0.2, 2.5, 2.4),), 1.0)))[:2] == [
        "p99 latency (s): p99 from 0.2 to 2.4, at most 2.5; threshold 1",
        "v24 went live at 14:01:00 UTC",
    ]


def test_a_short_span_and_one_sample_can_be_drawn() -> None:
    panel = Panel("x", "", (line(1),))
    assert render_chart(ChartSpec("t", minute(0), minute(0) + timedelta(seconds=30), (panel,)))

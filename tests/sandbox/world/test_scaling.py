"""Durations, scaled: floors, exact milliseconds, and nothing else touched."""

from pathlib import Path

import promql_parser
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sandbox.world.configs import write_scaled
from sandbox.world.scaling import Scale, format_duration, parse_duration

MANIFESTS = Path(__file__).parents[3] / "manifests"


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("500ms", 0.5), ("15s", 15), ("1h30m", 5400), ("2d", 172800), ("1w", 604800)]
)
def test_durations_are_read(text: str, seconds: float):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "-5m", "1.5h"])
def test_what_is_no_duration_is_refused(text: str):
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=10**9))
def test_a_duration_survives_writing_and_reading(milliseconds: int):
    assert round(parse_duration(format_duration(milliseconds / 1000)) * 1000) == milliseconds


@pytest.mark.parametrize(
    ("speed", "expected"),
    [(1, "rate(a[5m])"), (60, "rate(a[5s])"), (600, "rate(a[4s])"), (2, "rate(a[150s])"), (10, "rate(a[30s])")],
)
def test_a_range_shrinks_to_no_less_than_four_scrapes(speed: float, expected: str):
    assert Scale(speed).expression("rate(a[5m])") == expected


def test_text_in_quotes_is_not_scaled_and_offsets_are():
    before = """sum_over_time(a{b="[5m] offset 1h",c='x[1h]'}[10m:1m] offset 1h)"""
    after = """sum_over_time(a{b="[5m] offset 1h",c='x[1h]'}[10s:4s] offset 1m)"""
    assert Scale(60).expression(before) == after


@pytest.mark.parametrize(("text", "expected"), [("0s", "0s"), ("30s", "1s"), ("2m", "2s"), ("5m", "5s")])
def test_a_hold_never_falls_under_a_second_but_none_stays_none(text: str, expected: str):
    assert Scale(60).hold(text) == expected


@pytest.mark.parametrize(("speed", "seconds"), [(1, 15.0), (5, 3.0), (15, 1.0), (60, 1.0)])
def test_scrapes_are_never_closer_than_a_second(speed: float, seconds: float):
    assert Scale(speed).scrape_seconds == seconds


@pytest.mark.parametrize("speed", [1.0, 7.0, 60.0, 1000.0])
def test_scaled_copies_are_still_valid(tmp_path: Path, speed: float):
    scaled = write_scaled(MANIFESTS, tmp_path, Scale(speed))
    for group in scaled.rules["groups"]:
        for rule in group["rules"]:
            promql_parser.parse(rule["expr"])
            parse_duration(rule["for"])
    original = yaml.safe_load((MANIFESTS / "models.yaml").read_text())
    signals = original["models"]["fraud-detector"]["signals"]
    for signal in signals.values():  # one mapping for all models: the file's anchor
        signal["query"] = Scale(speed).expression(signal["query"])
    assert yaml.safe_load(scaled.models_path.read_text()) == original


def test_at_speed_one_nothing_changes(tmp_path: Path):
    scaled = write_scaled(MANIFESTS, tmp_path, Scale(1.0))
    assert scaled.models_path.read_text() == (MANIFESTS / "models.yaml").read_text()
    assert scaled.rules == yaml.safe_load((MANIFESTS / "prometheus" / "agentops.rules.yml").read_text())

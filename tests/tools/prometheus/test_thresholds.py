from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.errors import ManifestError
from incidents.verification import Threshold
from tools.errors import BadAnswer
from tools.prometheus.rule_files import duration
from tools.prometheus.series import AlertRule, InstantSample, Series
from tools.prometheus.thresholds import UnsplittableRule, rate_range, rules_for, rules_from_files, series_of, split

ROOT = Path(__file__).resolve().parents[3]
RULES = rules_from_files([ROOT / "manifests" / "prometheus" / "agentops.rules.yml"])


def rule(expression: str, name: str = "R", **labels: str) -> AlertRule:
    return AlertRule(name=name, expression=expression, hold=timedelta(minutes=5), labels=labels)


@pytest.mark.parametrize("shipped", RULES, ids=lambda one: f"{one.name}-{one.labels.get('severity')}")
def test_every_shipped_rule_splits(shipped: AlertRule) -> None:
    threshold = split(shipped)
    assert threshold.alert == shipped.name
    assert shipped.expression.startswith(threshold.expression)
    assert threshold.hold == shipped.hold


@pytest.mark.parametrize(
    ("expression", "value", "comparison", "bound"),
    [
        ("ml_feature_psi > 0.25", "ml_feature_psi", ">", 0.25),
        ("0.25 < ml_feature_psi", "ml_feature_psi", ">", 0.25),
        ("0.5 >= ml_input_volume_ratio", "ml_input_volume_ratio", "<=", 0.5),
        ("(ml_feature_psi) > (0.25)", "(ml_feature_psi)", ">", 0.25),
        ("((ml_feature_psi > 0.25))", "ml_feature_psi", ">", 0.25),
        ("x > -1", "x", ">", -1),
        ("x >= -(1)", "x", ">=", -1),
        ("x<1e3", "x", "<", 1000),
        ("x # more > than\n> 5 # five", "x # more > than", ">", 5),
        ('x{a=">",b="< 1"} <= 2', 'x{a=">",b="< 1"}', "<=", 2),
        ("rate(x[5m:]) > 1", "rate(x[5m:])", ">", 1),
        ("rate(x[1s500ms]) > 1", "rate(x[1s500ms])", ">", 1),
        ("x @ 1609746000 > 1", "x @ 1609746000", ">", 1),
        ("avg(x > bool 1) > 0.5", "avg(x > bool 1)", ">", 0.5),
        ("(a or vector(0)) / b > 2", "(a or vector(0)) / b", ">", 2),
        (
            '1 - ml_model_f1 / ignoring(metric) group_left () ml_model_baseline{metric="f1"} > 0.05',
            '1 - ml_model_f1 / ignoring(metric) group_left () ml_model_baseline{metric="f1"}',
            ">",
            0.05,
        ),
    ],
)
def test_a_rule_splits_into_value_and_bound(expression: str, value: str, comparison: str, bound: float) -> None:
    threshold = split(rule(expression))
    assert (threshold.expression, threshold.comparison, threshold.bound) == (value, comparison, bound)
    assert threshold.hold == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("a > 1 and b > 2", "joins conditions with `and`"),
        ("a > 1 or b > 2", "joins conditions with `or`"),
        ("(a > 1) unless (b > 2)", "joins conditions with `unless`"),
        ("(a and b) > 2", "`and` within the value"),
        ("sum(a unless b) > 2", "`unless` within the value"),
        ("a > 1 > 2", "a comparison within the value"),
        ("sum(a > 1) > 2", "a comparison within the value"),
        ("absent(a)", "fires on absence"),
        ("absent_over_time(a[5m])", "fires on absence"),
        ("absent(a) > 0", "about absence"),
        ("a > bool 1", "`bool`"),
        ("a == 1", "`==`"),
        ("a != 1", "`!=`"),
        ("a > b", "one number"),
        ("a > 1 + 1", "one number"),
        ("a > scalar(b)", "one number"),
        ("a > Inf", "not a finite number"),
        ("a > NaN", "not a finite number"),
        ("a", "one number"),
        ("a + 1", "one number"),
        ("-a", "one number"),
        ("5", "one number"),
        ("a >", "not PromQL"),
        ("", "not PromQL"),
        ("1 > 2", "not PromQL"),
    ],
)
def test_a_rule_that_does_not_split_says_why(expression: str, why: str) -> None:
    with pytest.raises(UnsplittableRule) as caught:
        split(rule(expression, name="OddRule"))
    assert why in caught.value.detail
    assert "OddRule" in str(caught.value)
    assert isinstance(caught.value, BadAnswer)


@given(
    st.sampled_from(["x", "rate(y[5m])", '1 - a / on (m) b{k=">"}', "sum by (le) (z)"]),
    st.sampled_from([">", ">=", "<", "<="]),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.booleans(),
)
def test_splitting_keeps_what_the_rule_says(value: str, comparison: str, bound: float, mirrored: bool) -> None:
    mirror = {">": "<", ">=": "<=", "<": ">", "<=": ">="}
    text = f"{bound!r} {mirror[comparison]} {value}" if mirrored else f"{value} {comparison} {bound!r}"
    found = split(rule(text))
    assert found == Threshold(
        alert="R", expression=value, comparison=found.comparison, bound=bound, hold=timedelta(minutes=5)
    )
    assert found.comparison == comparison


@pytest.mark.parametrize(
    ("expression", "reach"),
    [
        ("x", timedelta(0)),
        ("rate(x[5m])", timedelta(minutes=5)),
        ("rate(x[5m]) / rate(y[1h30m])", timedelta(minutes=90)),
        ("max_over_time(rate(x[5m])[1h:1m])", timedelta(minutes=65)),
        ("rate(x[500ms])", timedelta(milliseconds=500)),
        ("histogram_quantile(0.99, sum by (le) (rate(x[2m])))", timedelta(minutes=2)),
    ],
)
def test_rate_range_is_how_far_back_an_expression_looks(expression: str, reach: timedelta) -> None:
    assert rate_range(expression) == reach


def test_the_rules_of_an_alert_are_those_its_labels_allow() -> None:
    drift = rules_for(RULES, {"alertname": "ModelFeatureDriftHigh", "severity": "critical", "feature": "amount"})
    assert [found.expression for found in drift] == ["ml_feature_psi > 0.25"]
    low = rules_for(RULES, {"alertname": "InputVolumeAbnormal", "severity": "warning", "bound": "low"})
    assert [found.expression for found in low] == ["ml_input_volume_ratio < 0.5"]
    assert rules_for(RULES, {"alertname": "NoSuchRule"}) == []
    assert rules_for(RULES, {}) == []


def test_a_templated_label_of_a_rule_decides_nothing() -> None:
    templated = rule("x > 1", name="A", severity="{{ $labels.level }}")
    assert rules_for([templated], {"alertname": "A", "severity": "critical"}) == [templated]


def test_an_alerts_series_are_those_that_no_label_contradicts() -> None:
    amount = Series(labels={"__name__": "ml_feature_psi", "model": "m", "feature": "amount"}, samples=())
    country = Series(labels={"__name__": "ml_feature_psi", "model": "m", "feature": "country"}, samples=())
    alert = {"alertname": "ModelFeatureDriftHigh", "model": "m", "feature": "amount", "cluster": "dev"}
    assert series_of(alert, [amount, country]) == [amount]
    assert series_of({"alertname": "A", "model": "m"}, [amount, country]) == [amount, country]
    assert series_of({"alertname": "A", "model": "other"}, [amount, country]) == []


def test_a_label_the_rule_overrides_is_no_contradiction() -> None:
    overriding = rule("x > 1", severity="critical")
    sample = InstantSample.model_validate({"labels": {"severity": "low"}, "at": "2026-01-01T00:00:00Z", "value": 1.0})
    assert series_of({"severity": "critical"}, [sample]) == []
    assert series_of({"severity": "critical"}, [sample], overriding) == [sample]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5m", 300),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("0s", 0),
        ("0", 0),
        ("1d", 86400),
        ("2w", 1209600),
        ("1y", 31536000),
    ],
)
def test_durations_are_prometheus_ones(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "-5m", "5m!", "1.5h"])
def test_a_wrong_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        duration(text)


def test_a_wrong_rule_file_is_named_by_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.rules.yml"
    path.write_text("groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: x > 1\n        for: soon\n")
    with pytest.raises(ManifestError) as caught:
        rules_from_files([path])
    assert (caught.value.line, caught.value.key) == (6, "groups[0].rules[0].for")


def test_recording_rules_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "r.yml"
    path.write_text("groups:\n- name: g\n  rules:\n  - {record: 'a:b', expr: sum(x)}\n  - {alert: A, expr: x > 1}\n")
    assert [(one.name, one.hold) for one in rules_from_files([path])] == [("A", timedelta(0))]

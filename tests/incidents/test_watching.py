"""Where a series stands, and which alerts follow from it: as Prometheus would say it."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from incidents.alert import Alert, AlertKind, Severity
from incidents.catalogue import ModelSpec, Signal
from incidents.signal_rules import ALERT_BY_SIGNAL, SignalRule, alert_name, rules_of
from incidents.verification import Sample
from incidents.watching import DETECTOR, Look, Seen, SeriesLook, Standing, seen, standing
from tests.incidents.builders import START, catalogue

STEP = timedelta(seconds=15)
FIVE = timedelta(minutes=5)
NAN = float("nan")


def model() -> ModelSpec:
    return catalogue().models["fraud-detector"]


def rules(signal: str) -> list[SignalRule]:
    return [rule for rule in rules_of(model()) if rule.signal == signal]


def samples(*values: float, ends: timedelta = timedelta(0)) -> list[Sample]:
    """One a step, the last one `ends` before the look."""
    last = START - ends
    return [Sample(at=last - STEP * back, value=value) for back, value in zip(range(len(values))[::-1], values)]  # noqa: B905 as many by construction


def look(*series: Sequence[Sample], **labels: str) -> Look:
    return Look(START - FIVE, START, STEP, [SeriesLook({"__name__": "x", **labels}, one) for one in series])


def looked(signal: str, *series: Sequence[Sample], **labels: str) -> Seen:
    found = rules(signal)
    return seen(found, look(*series, **labels), hold_of={rule.severity.value: rule.threshold.hold for rule in found})


def names(alerts: Sequence[Alert]) -> list[tuple[str, str]]:
    return [(alert.name, alert.severity.value) for alert in alerts]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([0.3] * 21, Standing.PAST),
        ([0.1] * 20 + [0.3], Standing.PENDING),
        ([0.3] * 10, Standing.PENDING),
        ([0.3] * 20 + [0.2], Standing.INSIDE),
        ([0.3] * 20 + [NAN], Standing.UNKNOWN),
        ([0.3] * 10 + [NAN] + [0.3] * 10, Standing.PENDING),
        ([], Standing.UNKNOWN),
    ],
)
def test_a_value_counts_once_it_was_past_its_bound_in_the_whole_hold(values: list[float], found: Standing) -> None:
    (critical, _) = rules("feature_psi")
    assert standing(critical.threshold, samples(*values), START - FIVE, look()) is found


def test_a_series_whose_last_sample_is_old_is_unknown_and_neither_begins_nor_ends_anything() -> None:
    for value in (0.05, 0.9):
        found = looked("feature_psi", samples(*[value] * 18, ends=4 * STEP))
        assert (found.firing, found.inside, found.standings) == ((), (), (Standing.UNKNOWN,))


def test_no_series_is_unknown_and_not_healthy() -> None:
    found = looked("feature_psi")
    assert (found.firing, found.inside, found.standings) == ((), (), (Standing.UNKNOWN,))


def test_past_the_critical_bound_the_critical_alert_alone_is_told() -> None:
    found = looked("feature_psi", samples(*[0.4] * 21), feature="amount")
    assert names(found.firing) == [("ModelFeatureDriftHigh", "critical")]
    assert found.inside == ()
    (alert,) = found.firing
    assert alert.labels == {
        "alertname": "ModelFeatureDriftHigh",
        "severity": "critical",
        "model": "fraud-detector",
        "env": "prod",
        "endpoint": "fraud-detector-prod",
        "feature": "amount",
        "detector": DETECTOR,
    }
    assert alert.kind is AlertKind.FEATURE_DRIFT
    assert (
        alert.annotations["summary"] == "feature_psi of fraud-detector is 0.4, above 0.25 PSI (against training data)"
    )


def test_between_the_bounds_the_warning_fires_and_the_critical_one_ends() -> None:
    found = looked("feature_psi", samples(*[0.2] * 21))
    assert names(found.firing) == [("ModelFeatureDriftHigh", "warning")]
    assert names(found.inside) == [("ModelFeatureDriftHigh", "critical")]
    assert found.standings == (Standing.PAST,)


def test_an_alert_ends_under_the_fingerprint_under_which_it_began() -> None:
    (begun,) = looked("aggregate_psi", samples(*[0.4] * 21)).firing
    (ended,) = looked("aggregate_psi", samples(*[0.1] * 21)).inside
    assert begun.fingerprint == ended.fingerprint
    assert (ended.status, ended.ends_at) == ("resolved", START)


def test_each_series_is_an_alert_of_its_own() -> None:
    found = rules("feature_psi")
    series = [SeriesLook({"feature": name}, samples(*[0.4] * 21)) for name in ("amount", "country")]
    both = seen(found, Look(START - FIVE, START, STEP, series), hold_of={"critical": FIVE, "warning": FIVE})
    assert len({alert.fingerprint for alert in both.firing}) == 2


def test_a_lower_bound_is_crossed_from_above() -> None:
    found = looked("input_volume_low", samples(*[0.3] * 21))
    assert [(alert.name, alert.labels["bound"]) for alert in found.firing] == [("InputVolumeAbnormal", "low")]
    assert looked("input_volume_high", samples(*[0.3] * 21)).firing == ()


def test_every_signal_of_the_shipped_catalogue_has_the_name_of_a_shipped_rule() -> None:
    assert {name for entry in catalogue().models.values() for name in entry.signals} == set(ALERT_BY_SIGNAL)
    for name, signal in model().signals.items():
        (rule, *_) = rules(name)
        assert "kind" not in rule.labels
        assert (
            Alert(fingerprint="f", starts_at=START, status="firing", labels={"alertname": rule.threshold.alert}).kind
            is signal.kind
        )


def test_a_signal_of_ones_own_gets_a_name_made_of_its_own_and_says_its_kind() -> None:
    own = Signal(kind=AlertKind.COST, query="cost", comparison=">", warning=5, baseline="budget", unit="count")
    assert alert_name("cost_per_day", own) == ("SignalCostPerDayHigh", "")
    entry = model().model_copy(update={"signals": {"cost_per_day": own}})
    (rule,) = rules_of(entry)
    assert (rule.labels["kind"], rule.severity) == ("cost", Severity.WARNING)

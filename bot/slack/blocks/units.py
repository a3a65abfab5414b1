"""What an alert's values are measured in, so that no number stands without its unit."""

from incidents.alert import KIND_BY_ALERT_NAME, AlertKind

_SHARES = frozenset(
    {
        AlertKind.ERROR_RATE,
        AlertKind.DATA_QUALITY,
        AlertKind.DATA_VOLUME,
        AlertKind.ANOMALY_SPIKE,
        AlertKind.ACCURACY_DROP,
    }
)
_SHARES_BY_NAME = frozenset({"EndpointCpuSaturated"})
"""Where the alert's name tells more than its kind."""
_CATALOGUE = {"latency_p99": AlertKind.LATENCY, "error_rate": AlertKind.ERROR_RATE}
"""Signals of the catalogue that have a unit."""
_DRIFT = frozenset({AlertKind.FEATURE_DRIFT, AlertKind.PREDICTION_DRIFT})


def kind_of(name: str) -> AlertKind:
    """The kind of one of our alerts or of the catalogue's signals; `OTHER` where it is neither."""
    return KIND_BY_ALERT_NAME.get(name, _CATALOGUE.get(name, AlertKind.OTHER))


def is_share(name: str, kind: AlertKind) -> bool:
    """Whether its values are shares of one, which people read as percent."""
    return kind in _SHARES or name in _SHARES_BY_NAME


def unit_of(name: str, kind: AlertKind) -> str:
    """`%` (of values times 100), `s`, `PSI`, or nothing where it is not known."""
    if is_share(name, kind):
        return "%"
    return "s" if kind is AlertKind.LATENCY else "PSI" if kind in _DRIFT else ""

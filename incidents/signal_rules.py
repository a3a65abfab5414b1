"""The catalogue's signals as alert rules: one for each bound. The watch reads them, `agentops rules` prints them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from incidents.alert import KIND_BY_ALERT_NAME, AlertKind, Severity
from incidents.catalogue import ModelSpec, Signal
from incidents.verification import Threshold

ALERT_BY_SIGNAL: dict[str, tuple[str, str]] = {
    "feature_psi": ("ModelFeatureDriftHigh", ""),
    "aggregate_psi": ("ModelAggregateDriftHigh", ""),
    "prediction_psi": ("ModelPredictionDriftHigh", ""),
    "accuracy_drop": ("ModelAccuracyLow", ""),
    "f1_drop": ("ModelF1Low", ""),
    "precision_drop": ("ModelPrecisionLow", ""),
    "recall_drop": ("ModelRecallLow", ""),
    "auc_drop": ("ModelAucLow", ""),
    "latency_p99": ("EndpointLatencyP99High", ""),
    "error_rate": ("EndpointErrorRateHigh", ""),
    "anomaly_rate": ("ModelAnomalyRateHigh", ""),
    "null_rate": ("FeatureNullRateHigh", ""),
    "schema_violations": ("SchemaViolationRateHigh", ""),
    "input_volume_low": ("InputVolumeAbnormal", "low"),
    "input_volume_high": ("InputVolumeAbnormal", "high"),
    "cpu_saturation": ("EndpointCpuSaturated", ""),
}
"""Name of the alert, and its label `bound` where two bounds share a name, as in the rules that we ship."""

HOLD = timedelta(minutes=5)
HOLD_OF_HARM = timedelta(minutes=2)
"""How long a value must stay past its bound: shorter where callers are harmed now, as in the rules that we ship."""
HARMFUL_NOW = frozenset({AlertKind.LATENCY, AlertKind.ERROR_RATE, AlertKind.DATA_QUALITY})


@dataclass(frozen=True)
class SignalRule:
    """One bound of one signal of one model. `labels` are those that its alerts carry beside the series' own."""

    model: str
    signal: str
    severity: Severity
    threshold: Threshold
    labels: dict[str, str]
    unit: str
    baseline: str
    dashboard: str | None = None

    @property
    def bound_in_words(self) -> str:
        """E.g. ``above 0.25 PSI``."""
        side = "above" if self.threshold.comparison == ">" else "below"
        unit = "" if self.unit in {"ratio", "count"} else f" {self.unit}"
        return f"{side} {self.threshold.bound:g}{unit}"


def rules_of(model: ModelSpec) -> list[SignalRule]:
    """Every bound of every signal of an entry; of a signal the critical one first."""
    return [rule for name, signal in model.signals.items() for rule in _rules(model, name, signal)]


def alert_name(signal_name: str, signal: Signal) -> tuple[str, str]:
    """The alert's name and its label `bound`; one made of the signal's own name where we ship no rule for it."""
    if signal_name in ALERT_BY_SIGNAL:
        return ALERT_BY_SIGNAL[signal_name]
    words = re.findall(r"[A-Za-z0-9]+", signal_name)
    side = "High" if signal.comparison == ">" else "Low"
    return "Signal" + "".join(word[:1].upper() + word[1:] for word in words) + side, ""


def _rules(model: ModelSpec, name: str, signal: Signal) -> Iterator[SignalRule]:
    alert, bound = alert_name(name, signal)
    for severity, value in ((Severity.CRITICAL, signal.critical), (Severity.WARNING, signal.warning)):
        if value is None:
            continue
        labels = {"severity": severity.value, "model": model.name, "env": model.environment}
        if model.endpoint is not None:
            labels["endpoint"] = model.endpoint.name
        if bound:
            labels["bound"] = bound
        if KIND_BY_ALERT_NAME.get(alert) is not signal.kind:
            labels["kind"] = signal.kind.value
        harm = severity is Severity.CRITICAL and signal.kind in HARMFUL_NOW
        yield SignalRule(
            model=model.name,
            signal=name,
            severity=severity,
            threshold=Threshold(
                alert=alert,
                expression=model.query_of(signal),
                comparison=signal.comparison,
                bound=value,
                hold=HOLD_OF_HARM if harm else HOLD,
            ),
            labels=labels,
            unit=signal.unit,
            baseline=signal.baseline,
            dashboard=model.dashboard,
        )

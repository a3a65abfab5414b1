"""Triage by the rules: the kind of the worst alert, and the tools that kind calls for."""

from collections.abc import Mapping

from agents.rules.casefile import Casefile
from agents.triage.note import TriageNote
from incidents.alert import AlertKind

LOOK_FIRST: Mapping[AlertKind, tuple[str, ...]] = {
    AlertKind.DATA_QUALITY: ("data_quality", "null_rate", "schema_violations"),
    AlertKind.DATA_VOLUME: ("input_volume_low", "data_quality", "capacity"),
    AlertKind.LATENCY: ("recent_changes", "latency_p99", "capacity"),
    AlertKind.ERROR_RATE: ("recent_changes", "error_rate", "capacity"),
    AlertKind.FEATURE_DRIFT: ("data_quality", "feature_drift", "accuracy_drop"),
    AlertKind.PREDICTION_DRIFT: ("data_quality", "feature_drift", "accuracy_drop"),
    AlertKind.ACCURACY_DROP: ("data_quality", "recent_changes", "feature_drift"),
    AlertKind.ANOMALY_SPIKE: ("data_quality", "feature_drift"),
}


def write(case: Casefile) -> TriageNote:
    """The note. Data quality comes before everything, for it explains the rest."""
    alerts = case.dossier.alerts
    kinds = [alert.kind for alert in alerts]
    kind = AlertKind.DATA_QUALITY if AlertKind.DATA_QUALITY in kinds else kinds[0] if kinds else AlertKind.OTHER
    return TriageNote(case_kind=kind, look_first=LOOK_FIRST.get(kind, ("all_signals", "recent_changes")))

"""Triage by the rules: the kind of the worst alert, and the tools that kind calls for."""

from agents.rules.casefile import Casefile
from agents.strategies import look_first
from agents.triage_note import TriageNote
from incidents.alert import AlertKind


def write(case: Casefile) -> TriageNote:
    """The note. Data quality comes before everything, for it explains the rest."""
    alerts = case.dossier.alerts
    kinds = [alert.kind for alert in alerts]
    kind = AlertKind.DATA_QUALITY if AlertKind.DATA_QUALITY in kinds else kinds[0] if kinds else AlertKind.OTHER
    return TriageNote(case_kind=kind, look_first=look_first(kind))

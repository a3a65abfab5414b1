"""The incident that the alerts of a case file open."""

from incidents.alert import Alert
from incidents.catalogue import Catalogue, ModelSpec, Unlisted
from incidents.incident import Incident, IncidentState, key_of, worst_severity
from incidents.investigation import Case
from tools.case_files.case_file import CaseFile
from tools.case_files.moments import NOW


def incident_of(case: CaseFile, measured: ModelSpec, catalogue: Catalogue) -> Case:
    """The incident that the alerts of a case open, with the catalogue's entry where the labels find one."""
    alerts = tuple(_alert(case, place, measured) for place in range(len(case.alerts)))
    found = catalogue.find(alerts[0].labels)
    entry = None if isinstance(found, Unlisted) else found
    incident = Incident(
        id="INC-101",
        key=key_of(found.name, found.environment),
        model=found.name,
        environment=found.environment,
        tier=entry.tier if entry else 4,
        listed=entry is not None,
        unlisted_reason=found.reason if isinstance(found, Unlisted) else "",
        channel=entry.channel if entry else catalogue.defaults.channel,
        state=IncidentState.INVESTIGATING,
        severity=worst_severity(alerts),
        started_at=min(alert.starts_at for alert in alerts),
        opened_at=min(alert.starts_at for alert in alerts),
        alerts=alerts,
    )
    return Case(incident=incident, model=entry, question=case.question, now=NOW)


def _alert(case: CaseFile, place: int, measured: ModelSpec) -> Alert:
    told = case.alerts[place]
    labels = {"alertname": told.name, "severity": told.severity, "model": measured.name, **told.labels}
    if "endpoint" not in labels:
        labels["env"] = measured.environment
    return Alert(
        fingerprint=f"{place:04x}{case.name}",
        starts_at=told.since,
        status=told.status,
        labels=labels,
        annotations={
            "summary": told.summary or f"{told.name} of {labels['model']}",
            "description": told.description,
            "runbook_url": f"https://runbooks.example/{told.name}.md",
        },
    )

"""The alerts themselves, as evidence. What they say of themselves is untrusted."""

from collections.abc import Sequence

from agents.collectors.lens import Lens
from agents.readings.alerts import AlertReading
from agents.readings.found import Found
from agents.redaction import redact
from agents.wording import as_name, cut, in_its_words, moment_in_words
from incidents.evidence import EvidenceKind

MOST_ALERTS = 12


def alerts(lens: Lens) -> Sequence[Found]:
    """Each alert of the incident, worst first."""
    found: list[Found] = []
    for alert in sorted(lens.case.incident.alerts, key=lambda a: (a.severity.rank, a.name))[:MOST_ALERTS]:
        state = "fires" if alert.status == "firing" else "fired"
        feature = alert.labels.get("feature")
        about = f" for feature {as_name(feature)}" if feature else ""
        until = f" until {moment_in_words(alert.ends_at)}" if alert.status != "firing" and alert.ends_at else ""
        summary = in_its_words(redact(alert.annotations.get("summary", "")), 300)
        evidence = lens.fact(
            EvidenceKind.METRIC,
            "Alertmanager",
            f"alert {alert.fingerprint}",
            f"{cut(alert.name, 120)} ({alert.severity}){about} {state} since {moment_in_words(alert.starts_at)}{until}."
            f"{summary}",
            subject=feature,
            link=alert.generator_url or None,
        )
        reading = AlertReading(
            name=cut(alert.name, 120),
            kind=alert.kind,
            severity=alert.severity,
            firing=alert.status == "firing",
            starts_at=alert.starts_at,
            ended_at=alert.ends_at if alert.status != "firing" else None,
        )
        found.append(Found(evidence, reading))
    return found

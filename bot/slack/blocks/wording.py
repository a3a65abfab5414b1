"""Plain words for the domain's own: states, causes, alerts, advice. A sign never stands without its word."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.slack.blocks.text import joined, mrkdwn
from incidents.alert import Alert, Severity
from incidents.approval import ApprovalState
from incidents.diagnosis import Advice, Confidence, Culprit
from incidents.effect import RiskClass
from incidents.execution import ExecutionState
from incidents.incident import Incident, IncidentState
from incidents.verification import Outcome

STATE: dict[IncidentState, tuple[str, str]] = {
    IncidentState.NEW: (":red_circle:", "alert received"),
    IncidentState.INVESTIGATING: (":mag:", "being investigated"),
    IncidentState.AWAITING_DECISION: (":bell:", "waiting for a decision"),
    IncidentState.MONITORING: (":bar_chart:", "being watched"),
    IncidentState.EXECUTING: (":arrows_counterclockwise:", "change under way"),
    IncidentState.VERIFYING: (":hourglass_flowing_sand:", "checking the recovery"),
    IncidentState.ESCALATED: (":rotating_light:", "needs a person"),
    IncidentState.RESOLVED: (":white_check_mark:", "recovered"),
    IncidentState.CLOSED: (":ballot_box_with_check:", "closed"),
}

SEVERITY: dict[Severity, str] = {
    Severity.CRITICAL: ":red_circle: critical",
    Severity.WARNING: ":large_orange_circle: warning",
    Severity.INFO: ":large_blue_circle: info",
}
"""Signs that every Slack client draws, and that the sandbox draws without an emoji font."""

CONFIDENCE: dict[Confidence, str] = {
    Confidence.HIGH: "high confidence",
    Confidence.MEDIUM: "medium confidence",
    Confidence.LOW: "low confidence",
}

CULPRIT: dict[str, str] = {
    "feature": "feature",
    "dataset": "dataset",
    "endpoint_config": "endpoint config",
    "instance": "instance",
    "traffic": "traffic to",
    "model": "model",
    "none": "",
}

RISK: dict[RiskClass, str] = {
    RiskClass.NONE: "none: nothing that serves is touched",
    RiskClass.LOW: "low: it costs time and money; production stays as it is",
    RiskClass.HIGH: "high: it changes what serves production",
}

APPROVAL: dict[ApprovalState, tuple[str, str]] = {
    ApprovalState.PENDING: (":bell:", "Waiting for a decision"),
    ApprovalState.APPROVED: (":white_check_mark:", "Approved"),
    ApprovalState.DENIED: (":no_entry_sign:", "Denied"),
    ApprovalState.EXPIRED: (":hourglass:", "Expired"),
    ApprovalState.SUPERSEDED: (":white_circle:", "Superseded"),
    ApprovalState.WITHDRAWN: (":white_circle:", "Withdrawn"),
}

EXECUTION: dict[ExecutionState, tuple[str, str]] = {
    ExecutionState.QUEUED: (":arrows_counterclockwise:", "About to be sent"),
    ExecutionState.EXECUTING: (":arrows_counterclockwise:", "Under way"),
    ExecutionState.SUCCEEDED: (":white_check_mark:", "Done"),
    ExecutionState.FAILED: (":x:", "Failed"),
    ExecutionState.NEEDS_VERIFICATION: (":warning:", "Not known whether it took effect"),
    ExecutionState.STALE: (":no_entry:", "Not sent"),
}

OUTCOME: dict[Outcome, str] = {
    Outcome.RECOVERED: "recovered",
    Outcome.STILL_BREACHED: "still past the threshold",
    Outcome.INCONCLUSIVE: "inconclusive",
}

ADVICE: dict[Advice, str] = {
    Advice.QUARANTINE_DATA: "Quarantine the broken window of data, so that nothing is trained on it.",
    Advice.RERUN_DATA_PIPELINE: "Re-run the data pipeline once its source is whole again.",
    Advice.SCALE_ENDPOINT: "Add instances to the endpoint: it is saturated, not broken.",
    Advice.WATCH: "Keep watching; the thread is updated when something changes.",
    Advice.DO_NOT_RETRAIN: "Do not retrain now.",
    Advice.ADD_TO_CATALOGUE: "Add the model to manifests/models.yaml, so that it can be diagnosed in full.",
    Advice.INVESTIGATE_BY_HAND: "Look into it by hand, starting from the evidence below.",
}

# The rules this project ships; `{}` takes the features they name.
_ALERTS: dict[str, tuple[str, str]] = {
    "ModelFeatureDriftHigh": ("Feature drift on {}", "Feature drift"),
    "ModelAggregateDriftHigh": ("", "Drift over all features"),
    "ModelPredictionDriftHigh": ("", "Prediction drift"),
    "ModelAccuracyLow": ("", "Accuracy drop"),
    "ModelF1Low": ("", "F1 drop"),
    "ModelPrecisionLow": ("", "Precision drop"),
    "ModelRecallLow": ("", "Recall drop"),
    "ModelAucLow": ("", "AUC drop"),
    "EndpointLatencyP99High": ("", "p99 latency too high"),
    "EndpointCpuSaturated": ("", "CPU saturated"),
    "EndpointErrorRateHigh": ("", "Error rate too high"),
    "ModelAnomalyRateHigh": ("", "Many anomalous inputs"),
    "FeatureNullRateHigh": ("Null values in {}", "Null values"),
    "SchemaViolationRateHigh": ("", "Schema violations"),
    "InputVolumeAbnormal": ("", "Unusual input volume"),
}
_NAMED = re.compile(rf"\b({'|'.join(_ALERTS)})\b(?: fires)?")
_SIGNALS = {
    "prediction_psi": "Prediction drift",
    "error_rate": "Error rate",
    "latency_p99": "p99 latency",
    "EndpointLatencyP99High": "p99 latency",
    "EndpointErrorRateHigh": "Error rate",
    "EndpointCpuSaturated": "CPU load",
}
"""What is measured, where an alert's words are a judgement; and the signals of the catalogue that are watched."""
_NOTHING = re.compile(r"^Nothing is proposed(?: for approval)?[:.] ")
_GROUPS_SHOWN = 4
_SUBJECTS_SHOWN = 2


def trouble_lasted(incident: Incident, onset: datetime | None) -> timedelta | None:
    """From the first sign of it, in the metrics or by an alert, to the recovery; None while it lasts."""
    if incident.resolved_at is None:
        return None
    return incident.resolved_at - min(incident.started_at, onset or incident.started_at)


def alert_words(name: str) -> str:
    """What an alert means, in words; the name itself where it is not one of ours. Escaped for mrkdwn."""
    return _ALERTS[name][1] if name in _ALERTS else mrkdwn(name, 80)


def signal_words(name: str, subject: str = "") -> str:
    """What an alert or the catalogue measures, about `subject` where it names one: `p99 latency`. Escaped."""
    return _SIGNALS[name] if name in _SIGNALS else _group(name, [subject] if subject else [])


def with_alerts_in_words(text: str) -> str:
    """A sentence of the timeline with our own rules' names said in words: `p99 latency too high (critical)`.

    Names of other rules stay as they are. Unescaped, as it came.
    """
    return _NAMED.sub(lambda found: inside_a_sentence(_ALERTS[found[1]][1]), text)


def still_fires(alerts: Iterable[Alert]) -> str:
    """What fires, for a list. Escaped for mrkdwn."""
    told = list(alerts)
    return what_fired(told) if told else "nothing fires any more"


def what_fired(alerts: Iterable[Alert]) -> str:
    """Alerts by name: `Feature drift on amount, country (+3), accuracy drop`. Escaped for mrkdwn."""
    groups: dict[str, list[str]] = {}
    for alert in sorted(alerts, key=lambda a: a.severity.rank):
        subjects = groups.setdefault(alert.name, [])
        subject = alert.labels.get("feature", "")
        if subject and subject not in subjects:
            subjects.append(subject)
    told = [_group(name, subjects) for name, subjects in groups.items()]
    told = [*told[:1], *(inside_a_sentence(one) for one in told[1:])]
    more = len(told) - _GROUPS_SHOWN
    told = [*told[:_GROUPS_SHOWN], f"{more} more"] if more > 0 else told
    return joined(told) or "No alert"


def _group(name: str, subjects: list[str]) -> str:
    with_subjects, alone = _ALERTS.get(name, ("", mrkdwn(name, 80)))
    if not subjects or not with_subjects:
        return alone
    named = ", ".join(mrkdwn(subject, 40) for subject in subjects[:_SUBJECTS_SHOWN])
    more = len(subjects) - _SUBJECTS_SHOWN
    return with_subjects.format(named + (f" (+{more})" if more > 0 else ""))


def inside_a_sentence(words: str) -> str:
    """`Error rate` as `error rate`; `F1`, `CPU` and names of alerts stay."""
    return words[0].lower() + words[1:] if words[:2].istitle() and words.split(" ")[0][1:].islower() else words


def why_nothing(explanation: str) -> str:
    """Why nothing is proposed, for under a heading that says that nothing is."""
    why = _NOTHING.sub("", explanation, count=1)
    return why[:1].upper() + why[1:]


def culprit_words(culprit: Culprit) -> str:
    """`endpoint config product-recommender-v24`, unescaped; empty where there is none."""
    return f"{CULPRIT[culprit.kind]} {culprit.name}" if culprit.kind != "none" else ""


def approvers_words(handles: Iterable[str]) -> str:
    """`@ml-oncall or @ml-leads`, named and not called. Escaped for mrkdwn."""
    return joined([f"@{mrkdwn(handle, 60)}" for handle in handles], last="or") or "nobody"

"""What came of a scenario that was played without a person: what `agentops demo --headless --json` prints."""

import time
from collections.abc import Mapping
from typing import Any

from bot.processes import DemoFailed
from incidents.diagnosis import Diagnosis
from incidents.ledger import IncidentFile

DECISION_KINDS = frozenset({"vote", "approved", "denied", "expired", "refused", "superseded", "forbidden", "allowed"})
STEPS: Mapping[str, frozenset[str]] = {
    "alert_received": frozenset({"alert_fired"}),
    "diagnosed": frozenset({"diagnosed"}),
    "decided": frozenset({"approved", "denied", "expired"}),
    "change_sent": frozenset({"call_sent"}),
    "change_done": frozenset({"executed"}),
    "recovered": frozenset({"verified", "resolved"}),
    "resolved": frozenset({"resolved"}),
}
"""Steps of the story whose time is told, and the kinds of timeline entries by which each is reached."""


def told(
    scenario: str,
    file: IncidentFile,
    changes: list[dict[str, Any]],
    thread: list[dict[str, Any]],
    begun: float,
    timings: dict[str, int],
) -> dict[str, Any]:
    """The story in one object.

    Args:
        scenario: its name.
        file: the incident as the bot keeps it.
        changes: every changing AWS call, in order.
        thread: the messages of the incident's thread, oldest first.
        begun: unix seconds when the scenario was started.
        timings: milliseconds so far, to be completed.

    Raises:
        DemoFailed: there is no diagnosis to tell.
    """
    findings = file.findings
    if findings is None:
        raise DemoFailed("the investigation ended without a diagnosis")
    timings |= _reached(file, begun)
    timings["total"] = round((time.time() - begun) * 1000)
    first_call = next((entry.at.timestamp() for entry in file.timeline if entry.kind == "call_sent"), None)
    return {
        "scenario": scenario,
        "incident": file.incident.id,
        "model": file.incident.model,
        "diagnosis": _diagnosis(findings.diagnosis),
        "proposals": _proposals(file),
        "decisions": [
            {"kind": entry.kind, "actor": entry.actor, "at": entry.at.isoformat(), "text": entry.text}
            for entry in file.timeline
            if entry.kind in DECISION_KINDS
        ],
        "posted_before_call": [
            str(message.get("text", "")) for message in thread if first_call and float(message["ts"]) < first_call
        ],
        "canary_steps": [
            {"at": entry.at.isoformat(), "text": entry.text, **entry.details}
            for entry in file.timeline
            if entry.kind == "canary_step"
        ],
        "verifications": [{"state": one.state, "note": one.note} for one in file.verifications],
        "aws_changes": changes,
        "outcome": file.incident.state.value,
        "timings_ms": timings,
    }


def _reached(file: IncidentFile, begun: float) -> dict[str, int]:
    """Milliseconds from the start to each step that was reached."""
    found: dict[str, int] = {}
    for step, kinds in STEPS.items():
        at = next((entry.at for entry in file.timeline if entry.kind in kinds), None)
        if at is not None:
            found[step] = round((at.timestamp() - begun) * 1000)
    return found


def _diagnosis(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "class": diagnosis.root_cause.value,
        "culprit": diagnosis.culprit.model_dump(),
        "confidence": diagnosis.confidence.value,
        "onset": diagnosis.onset.isoformat() if diagnosis.onset else None,
        "summary": diagnosis.summary,
        "retrain": diagnosis.retraining.retrain,
        "advice": [advice.value for advice in diagnosis.advice],
        "reasoner": diagnosis.reasoner.name,
        "citations": [citation.model_dump() for citation in diagnosis.citations],
    }


def _proposals(file: IncidentFile) -> list[dict[str, Any]]:
    """Oldest first."""
    return [
        {
            "id": view.proposal.id,
            "remediation": view.proposal.remediation.model_dump(mode="json"),
            "digest": view.proposal.digest,
            "state": view.approval.state.value,
            "approved_by": [vote.person for vote in view.approval.votes],
        }
        for view in sorted(file.proposals, key=lambda view: view.proposal.created_at)
    ]

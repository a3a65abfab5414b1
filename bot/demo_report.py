"""What came of a scenario that was played without a person: what `agentops demo --headless --json` prints."""

import time
from datetime import datetime
from typing import Any

from bot.processes import DemoFailed
from incidents.ledger import IncidentFile

DECISION_KINDS = frozenset({"vote", "approved", "denied", "expired", "refused", "superseded", "forbidden", "allowed"})


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
    diagnosis = findings.diagnosis

    def since(moment: datetime | None) -> int | None:
        return None if moment is None else round((moment.timestamp() - begun) * 1000)

    for name, kinds in (
        ("alert_received", {"alert_fired"}),
        ("diagnosed", {"diagnosed"}),
        ("decided", {"approved", "denied", "expired"}),
        ("change_sent", {"call_sent"}),
        ("change_done", {"executed"}),
        ("recovered", {"verified", "resolved"}),
        ("resolved", {"resolved"}),
    ):
        moment = since(next((entry.at for entry in file.timeline if entry.kind in kinds), None))
        if moment is not None:
            timings[name] = moment
    timings["total"] = round((time.time() - begun) * 1000)
    first_call = next((entry.at.timestamp() for entry in file.timeline if entry.kind == "call_sent"), None)
    return {
        "scenario": scenario,
        "incident": file.incident.id,
        "model": file.incident.model,
        "diagnosis": {
            "class": diagnosis.root_cause.value,
            "culprit": diagnosis.culprit.model_dump(),
            "confidence": diagnosis.confidence.value,
            "onset": diagnosis.onset.isoformat() if diagnosis.onset else None,
            "summary": diagnosis.summary,
            "retrain": diagnosis.retraining.retrain,
            "advice": [advice.value for advice in diagnosis.advice],
            "reasoner": diagnosis.reasoner.name,
            "citations": [citation.model_dump() for citation in diagnosis.citations],
        },
        "proposals": [
            {
                "id": view.proposal.id,
                "remediation": view.proposal.remediation.model_dump(mode="json"),
                "digest": view.proposal.digest,
                "state": view.approval.state.value,
                "approved_by": [vote.person for vote in view.approval.votes],
            }
            for view in sorted(file.proposals, key=lambda view: view.proposal.created_at)
        ],
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

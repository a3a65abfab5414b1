"""The evidence bundle of one incident: all that an auditor needs, and nothing that an attacker could use.

It is plain JSON in a fixed order: the same rows make the same bytes. Rows are handed over as they stand, so that one
that was tampered with is shown and not stumbled over. Secrets are taken out; an entry from which something was taken
says so, since its hash can no longer be recomputed from the bundle.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from pydantic import ValidationError

from agents.redaction import redact
from incidents.audit import DECISIONS, Anchor, Unreadable, anchor_of, verify
from incidents.investigation import Findings
from incidents.proposal import digest_of
from incidents.report import write
from incidents.spec import spec_of
from incidents.timeline import TimelineEntry
from tools.incident_store.audit_reader import IncidentRows
from tools.incident_store.records import alert_of, incident_of, proposal_of
from tools.incident_store.tables import ExecutionRecord, InvestigationRecord, ProposalRecord, Table, VerificationRecord

FORMAT = "agentops-evidence/1"

HOW_TO_CHECK = (
    "sha256: SHA-256 of this object without the key sha256, as JSON with sorted keys, separators ',' and ':', UTF-8.",
    "An entry's hash: SHA-256 of the JSON array [incident_id, number, at, actor, kind, text, details, previous] with "
    "sorted keys, separators ', ' and ': ', everything beyond ASCII escaped. The first entry's previous is 64 zeros.",
    'A proposal\'s digest: SHA-256 of {"origin": origin.identity, "requests": requests} as JSON with sorted keys, '
    "separators ',' and ':', UTF-8. Only what has this digest can run.",
    "The thread in Slack shows an entry's number and the first 8 characters of its hash with every decision: compare "
    "them, since they were written outside of the database. agentops audit verify --head N:HASH8 does.",
    "In CloudTrail the session of a changing call has the name role_session_name.",
)

_SECRET_KEYS = re.compile(
    r"(?i)(password|passwd|secret|token|api_?key|authorization|secret_?access_?key|session_?token|private_?key)"
)
"""Names whose values are never shown. A ClientRequestToken is none: it is how SageMaker knows a repeated call."""


def bundle(rows: IncidentRows, anchors: Sequence[Anchor] = ()) -> dict[str, Any]:
    """The evidence of one incident. `anchors`: entries as they were read in Slack, to be compared, too."""
    incident = incident_of(rows.incident, tuple(alert_of(one) for one in rows.alerts))
    result = verify(rows.chain, anchors)
    timeline = [_entry(entry) for entry in rows.chain.entries]
    content: dict[str, Any] = {
        "format": FORMAT,
        "how_to_check": list(HOW_TO_CHECK),
        "incident": _row(rows.incident, "number", "chain_length", "chain_head"),
        "slack_thread": None if rows.thread is None else dict(zip(("channel", "ts"), rows.thread, strict=True)),
        "chain": {
            "intact": result.intact,
            "broken": None if result.broken is None else result.broken.model_dump(),
            "entries": result.length,
            "head": result.head,
            "kept_length": rows.chain.kept.length,
            "kept_head": rows.chain.kept.head,
            "compared_with_slack": [one.words for one in anchors],
        },
        "alerts": [_row(one, "id", "revision", "handled_revision", "incident_id") for one in rows.alerts],
        "investigations": [_investigation(one) for one in rows.investigations],
        "proposals": [_proposal(one, rows) for one in rows.proposals],
        "refusals": [_said(e) for e in rows.chain.whole if e.kind in {"refused", "forbidden", "skipped"}],
        "policies": _policies(rows),
        "executions": [_execution(one, rows) for one in rows.executions],
        "verifications": [_verification(one) for one in rows.verifications],
        "issue": None if rows.issue is None else _row(rows.issue, "incident_id", "told", "not_before"),
        "report": _report(rows, incident),
        "timeline": timeline,
    }
    shown = cast("dict[str, Any]", _without_secrets(content))
    shown["redacted_entries"] = [
        before["number"] for before, after in zip(timeline, shown["timeline"], strict=True) if before != after
    ]
    return {**shown, "sha256": seal(shown)}


def seal(content: Mapping[str, Any]) -> str:
    """SHA-256 over a bundle's content, its own key left out."""
    rest = {key: value for key, value in content.items() if key != "sha256"}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _entry(entry: TimelineEntry | Unreadable) -> dict[str, Any]:
    if isinstance(entry, Unreadable):
        return {"number": entry.number, "unreadable": True}
    return {
        "incident_id": entry.incident_id,
        "number": entry.number,
        "at": _moment(entry.at),
        "actor": entry.actor,
        "kind": entry.kind,
        "text": entry.text,
        "details": entry.details,
        "previous": entry.previous,
        "hash": entry.hash,
    }


def _said(entry: TimelineEntry) -> dict[str, Any]:
    return {
        "entry": entry.number,
        "at": _moment(entry.at),
        "actor": entry.actor,
        "kind": entry.kind,
        "text": entry.text,
    }


def _investigation(record: InvestigationRecord) -> dict[str, Any]:
    """What was looked at and what was concluded; how the progress was shown is of no interest later."""
    findings = record.findings
    return {
        **_row(record, "incident_id", "progress", "findings", "not_before"),
        "evidence": findings.get("evidence", []),
        "diagnosis": findings.get("diagnosis"),
        "plan": findings.get("plan"),
    }


def _proposal(record: ProposalRecord, rows: IncidentRows) -> dict[str, Any]:
    """The proposal as it was signed, with everything that was decided and said about it."""
    body = record.body
    told = [entry for entry in rows.chain.whole if entry.details.get("proposal") == record.id]
    decided = next((entry for entry in reversed(told) if entry.kind in DECISIONS), None)
    fits, identity = _digest(record)
    return {
        **_row(record, "incident_id", "body", "approvers", "model"),
        "approvers": record.approvers.get("who", []),
        "digest_fits_requests_and_origin": fits,
        "requests": body.get("requests", []),
        "origin": {"identity": identity, "seen": body.get("origin")},
        "remediation": body.get("remediation"),
        "reason_for_it": body.get("reason"),
        "evidence": body.get("evidence", []),
        "checked": body.get("checked", []),
        "plan": body.get("plan", []),
        "undo": body.get("undo"),
        "risk": body.get("risk"),
        "estimate": body.get("estimate"),
        "success_criteria": body.get("success_criteria", []),
        "policy_hash": body.get("policy_hash"),
        "policy_decision": body.get("decision"),
        "votes": [{"person": v.person, "at": _moment(v.at)} for v in rows.votes if v.proposal_id == record.id],
        "decided_in_slack_as": anchor_of(decided).words if decided is not None else None,
        "said_of_it": [_said(entry) for entry in told],
    }


def _digest(record: ProposalRecord) -> tuple[bool | None, dict[str, Any] | None]:
    """Is the digest that of the requests and the origin? None where the row is no proposal any more."""
    try:
        proposal = proposal_of(record)
    except ValidationError:
        return None, None
    again = digest_of(proposal.requests, proposal.origin.identity)
    return again == record.digest == proposal.digest, proposal.origin.identity


def _policies(rows: IncidentRows) -> list[dict[str, Any]]:
    kept = {one.hash: one for one in rows.policies}
    named = list(dict.fromkeys(str(one.body.get("policy_hash", "")) for one in rows.proposals))
    return [
        {
            "hash": hash,
            "first_seen": _moment(kept[hash].first_seen) if hash in kept else None,
            "content": kept[hash].body if hash in kept else None,
        }
        for hash in named
    ]


def _execution(record: ExecutionRecord, rows: IncidentRows) -> dict[str, Any]:
    """What was sent and what was answered, from the timeline; the row beside it."""
    told = [entry for entry in rows.chain.whole if entry.details.get("execution") == record.id]
    calls = [entry for entry in told if "request" in entry.details or "answer" in entry.details]
    return {
        **_row(record, "incident_id", "owner", "lease_until", "next_step_at"),
        "role": _role(record, rows),
        "role_session_name": record.id,
        "calls": [
            {**_said(entry), "request": entry.details.get("request"), "answer": entry.details.get("answer")}
            for entry in calls
        ],
        "said_of_it": [_said(entry) for entry in told],
    }


def _role(record: ExecutionRecord, rows: IncidentRows) -> str | None:
    """Which of the catalogue's roles it ran under; None where none is needed."""
    proposal = next((one for one in rows.proposals if one.id == record.proposal_id), None)
    try:
        return None if proposal is None else spec_of(proposal_of(proposal).remediation).role
    except ValidationError:
        return None


def _verification(record: VerificationRecord) -> dict[str, Any]:
    return {
        **_row(record, "incident_id", "next_step_at", "checks"),
        "checks": record.checks.get("checks", []),
        "note": record.checks.get("note", ""),
        **{key: value for key, value in record.checks.items() if key not in {"checks", "note"}},
    }


def _report(rows: IncidentRows, incident: Any) -> dict[str, Any] | None:
    """The closing report as the thread shows it; None where a damaged row leaves none."""
    found = next((one.findings for one in reversed(rows.investigations) if one.findings), None)
    try:
        diagnosis = Findings.model_validate(found).diagnosis if found is not None else None
    except ValidationError:
        return None
    report = write(incident, diagnosis, rows.chain.whole)
    return report.model_dump(mode="json", exclude={"incident", "diagnosis"})


def _row(record: Table, *without: str) -> dict[str, Any]:
    """A row's columns in the order of the table."""
    return {
        name: _moment(value) if isinstance(value, datetime) else value
        for name in type(record).model_fields
        if name not in without
        for value in (getattr(record, name),)
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _without_secrets(value: object) -> object:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, object]", value)
        return {
            redact(key): "[removed]" if isinstance(one, str) and _SECRET_KEYS.fullmatch(key) else _without_secrets(one)
            for key, one in pairs.items()
        }
    if isinstance(value, list | tuple):
        return [_without_secrets(one) for one in cast("Sequence[object]", value)]
    return value

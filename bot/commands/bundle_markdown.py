"""The evidence bundle for people to read: the same facts in Markdown, in the order of the story.

What came from outside (labels, logs, answers, people's words) is escaped: it cannot begin a heading, a link or
a row of its own.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.commands.bundle_mermaid import mermaid

_MEANS_SOMETHING = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
_LONGEST_CELL = 400


def markdown(bundle: Mapping[str, Any]) -> str:
    """A bundle of `bot.audit.bundle` as Markdown; ends with the bundle's own SHA-256."""
    incident = bundle["incident"]
    parts = [
        f"# Evidence of {_in(incident['id'])}",
        _table(
            ("what", "value"),
            [
                ("model", f"{incident['model']} ({incident['environment']}, tier {incident['tier']})"),
                ("state", incident["state"]),
                ("severity", incident["severity"]),
                ("began", incident["started_at"]),
                ("opened", incident["opened_at"]),
                ("resolved", incident["resolved_at"]),
                ("taken by", incident["acked_by"]),
                ("marked as a false alarm by", incident["false_alarm_by"]),
                ("incident before it", incident["previous"]),
            ],
        ),
        "## The course of it",
        mermaid(bundle),
        "## Is the timeline whole?",
        _chain(bundle),
        "## Alerts",
        _table(
            ("alert", "severity", "from", "to", "received"),
            [
                (
                    one["labels"].get("alertname"),
                    one["labels"].get("severity"),
                    one["starts_at"],
                    one["ends_at"],
                    one["received_at"],
                )
                for one in bundle["alerts"]
            ],
        ),
        "## Diagnosis",
        *_each(_investigation(one) for one in bundle["investigations"]),
        "## Proposals and decisions",
        *_each(_proposal(one) for one in bundle["proposals"]),
        "## Refused, forbidden and skipped",
        _table(
            ("entry", "when", "who", "what"),
            [(one["entry"], one["at"], one["actor"], one["text"]) for one in bundle["refusals"]],
        ),
        "## Executions",
        *_each(_execution(one) for one in bundle["executions"]),
        "## Verification",
        *_each(_verification(one) for one in bundle["verifications"]),
        "## Report",
        _report(bundle["report"]),
        "## Policies in force",
        *_each(_policy(one) for one in bundle["policies"]),
        "## Timeline",
        _timeline(bundle),
        "## How to check it",
        "\n".join(f"- {_in(one, 2_000)}" for one in bundle["how_to_check"]),
        "The hashes are those of the JSON form of this bundle (`agentops audit export --format json`).",
        f"SHA-256 of the bundle: `{bundle['sha256']}`",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _each(parts: Iterable[str]) -> list[str]:
    return list(parts) or ["None."]


def _chain(bundle: Mapping[str, Any]) -> str:
    chain = bundle["chain"]
    if chain["intact"]:
        told = f"Yes: {chain['entries']} entries, each following from the one before it, as many as the incident has."
    else:
        broken = chain["broken"]
        told = f"**No.** Entry {broken['number']} is the first that is not as it was: {_in(broken['why'])}."
    shown = ", ".join(chain["compared_with_slack"])
    compared = f"Compared with what Slack showed: {_in(shown)}." if shown else "Not compared with what Slack showed."
    return f"{told}\n\nHead: `{chain['head'] or 'none'}`. {compared}"


def _investigation(one: Mapping[str, Any]) -> str:
    diagnosis: Any = one["diagnosis"]
    head = f"### Investigation {_in(one['id'])}"
    if diagnosis is None:
        return f"{head}\n\n{_in(one['state'])}; no diagnosis."
    claims = "\n".join(
        f"- {_in(claim['text'])} ({_in(', '.join(claim['evidence']))})" for claim in diagnosis.get("claims", [])
    )
    evidence = _table(
        ("id", "source", "asked", "found", "read"),
        [
            (fact.get("id"), fact.get("source"), fact.get("asked"), fact.get("found"), fact.get("read_at"))
            for fact in one["evidence"]
        ],
    )
    cause = f"{_in(diagnosis['root_cause'])}, {_in(diagnosis['confidence'])} confidence"
    reasoner: Any = diagnosis.get("reasoner") or {}
    by = _in(reasoner.get("name"))
    return f"{head}\n\n{_in(diagnosis['summary'], 1_000)}\n\nCause: {cause}. Written by {by}.\n\n{claims}\n\n{evidence}"


def _proposal(one: Mapping[str, Any]) -> str:
    fits = {True: "yes", False: "NO", None: "cannot be read"}[one["digest_fits_requests_and_origin"]]
    decision: Any = one["policy_decision"] or {}
    facts = _table(
        ("what", "value"),
        [
            ("target", one["target"]),
            ("risk", one["risk"]),
            ("digest", one["digest"]),
            ("digest is that of requests and origin", fits),
            ("policy", f"{one['policy_hash']}; rules: {', '.join(decision.get('rules', []))}"),
            ("state", one["state"]),
            ("votes", "; ".join(f"{vote['person']} at {vote['at']}" for vote in one["votes"]) or "none"),
            ("votes needed", one["needed"]),
            ("who may decide", ", ".join(one["approvers"])),
            ("chosen by", one["chosen_by"]),
            ("decided by", one["decided_by"]),
            ("decided at", one["decided_at"]),
            ("reason given", one["reason"]),
            ("acted for two", one["broke_glass"]),
            ("shown in Slack as", one["decided_in_slack_as"]),
            ("undo", one["undo"]),
        ],
    )
    requests = _code({"requests": one["requests"], "origin": one["origin"]["identity"]})
    return f"### {_in(one['kind'])} {_in(one['id'])}\n\n{_in(one['reason_for_it'], 1_000)}\n\n{facts}\n\n{requests}"


def _execution(one: Mapping[str, Any]) -> str:
    facts = _table(
        ("what", "value"),
        [
            ("proposal", one["proposal_id"]),
            ("target", one["target"]),
            ("decided by the policy alone", "yes" if one["automatic"] else "no"),
            ("state", one["state"]),
            ("begun", one["started_at"]),
            ("ended", one["finished_at"]),
            ("role", one["role"]),
            ("name of the role's session", one["role_session_name"]),
            ("what was said last", one["progress"]),
            ("error", one["error"]),
        ],
    )
    calls = "\n\n".join(
        f"Entry {call['entry']} at {_in(call['at'])}: {_in(call['text'])}\n\n"
        + _code({"request": call["request"], "answer": call["answer"]})
        for call in one["calls"]
    )
    return f"### {_in(one['kind'])} {_in(one['id'])}\n\n{facts}\n\n{calls or 'Nothing was sent.'}"


def _verification(one: Mapping[str, Any]) -> str:
    checks = _table(
        ("alert", "outcome", "worst", "samples", "why"),
        [
            (check["threshold"]["alert"], check["outcome"], check["worst"], check["samples"], check["why"])
            for check in one["checks"]
        ],
    )
    return f"### Of {_in(one['execution_id'])}: {_in(one['state'])}\n\n{_in(one['note'], 1_000)}\n\n{checks}"


def _report(report: Mapping[str, Any] | None) -> str:
    if report is None:
        return "None: a row that it is made of cannot be read."
    return _table(
        ("what", "when", "who", "told"),
        [(one["what"], one["at"], one["actor"], one["text"]) for one in report["milestones"]],
    )


def _policy(one: Mapping[str, Any]) -> str:
    if one["content"] is None:
        return f"### {_in(one['hash'])}\n\nIts content was not kept."
    return f"### {_in(one['hash'])}\n\nIn force since {_in(one['first_seen'])}.\n\n{_code(one['content'])}"


def _timeline(bundle: Mapping[str, Any]) -> str:
    rows: list[tuple[Any, ...]] = []
    for entry in bundle["timeline"]:
        if entry.get("unreadable"):
            rows.append((entry["number"], "", "", "", "this row cannot be read any more", ""))
            continue
        rows.append((entry["number"], entry["at"], entry["actor"], entry["kind"], entry["text"], entry["hash"]))
    return _table(("entry", "when", "who", "kind", "what", "hash"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    if not rows:
        return "None."
    lines = [head, ["---"] * len(head), *([_in(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _code(value: object) -> str:
    """JSON in a fence that nothing in it can end: every backtick is written as JSON can write it."""
    text = json.dumps(value, indent=2, ensure_ascii=False).replace("`", "\\u0060")
    return f"```json\n{text}\n```"


def _in(value: object, limit: int = _LONGEST_CELL) -> str:
    """One line of plain words, whatever was in it."""
    if value is None or value == "":
        return "–"
    text = " ".join(str(value).split())
    return _MEANS_SOMETHING.sub(r"\\\1", text if len(text) <= limit else text[: limit - 1] + "…")

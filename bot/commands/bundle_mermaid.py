"""The course of an incident as a Mermaid flowchart: what led to what, and what was decided not to be done."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_PLAIN = re.compile(r"[^\w .,:/()%+@–-]+")
"""Words of a label hold nothing that means something in Mermaid, Markdown or HTML."""
_LONGEST = 90
_MOST_REFUSALS = 12
_NOT_DONE = frozenset({"denied", "expired", "superseded", "withdrawn"})

_STYLES = (
    "classDef notdone stroke-dasharray: 6 4",
    "classDef bad stroke-width: 3px",
)


def mermaid(bundle: Mapping[str, Any]) -> str:
    """A fenced flowchart of a bundle, from the alerts at its top to the end. Decisions not to act are dashed."""
    lines = ["flowchart TD", *(f"    {line}" for line in (*_nodes(bundle), *_STYLES))]
    return "```mermaid\n" + "\n".join(lines) + "\n```"


def _nodes(bundle: Mapping[str, Any]) -> Iterator[str]:
    incident = bundle["incident"]
    names = sorted({str(one["labels"].get("alertname")) for one in bundle["alerts"]})
    yield _node("alerts", [", ".join(names) or "asked by a person", f"on {incident['model']}", incident["started_at"]])
    looked = {one["id"]: f"look{number}" for number, one in enumerate(bundle["investigations"], 1)}
    for one in bundle["investigations"]:
        yield from _investigation(looked[one["id"]], one)
    proposed = {one["id"]: f"step{number}" for number, one in enumerate(bundle["proposals"], 1)}
    for one in bundle["proposals"]:
        yield from _proposal(proposed[one["id"]], looked.get(one.get("investigation_id"), "alerts"), one)
    ran = {one["id"]: f"run{number}" for number, one in enumerate(bundle["executions"], 1)}
    for one in bundle["executions"]:
        key = ran[one["id"]]
        how = "by the policy alone" if one["automatic"] else "as approved"
        yield _node(key, [f"{one['kind']} {how}", one["state"], one["finished_at"]], _mood(one["state"]))
        yield _edge(proposed.get(one["proposal_id"], "alerts"), key)
    for number, one in enumerate(bundle["verifications"], 1):
        key = f"check{number}"
        outcomes = ", ".join(f"{check['threshold']['alert']} {check['outcome']}" for check in one["checks"])
        yield _node(key, [f"Verification: {one['state']}", outcomes], _mood(one["state"]))
        yield _edge(ran.get(one["execution_id"], "alerts"), key)
    yield from _refusals(bundle["refusals"])
    yield _node("now", [f"Incident {incident['id']}: {incident['state']}", incident["resolved_at"]])
    told = (("check", bundle["verifications"]), ("run", ran), ("step", proposed), ("look", looked))
    yield _edge(next((f"{key}{len(those)}" for key, those in told if those), "alerts"), "now")


def _investigation(key: str, one: Mapping[str, Any]) -> Iterator[str]:
    diagnosis: Any = one["diagnosis"]
    if diagnosis is None:
        yield _node(key, [f"Investigation: {one['state']}", "no diagnosis"], "bad")
        yield _edge("alerts", key)
        return
    reasoner: Any = diagnosis.get("reasoner") or {}
    culprit: Any = diagnosis.get("culprit") or {}
    cause = f"{diagnosis['root_cause']}, {diagnosis['confidence']} confidence"
    yield _node(key, [f"Diagnosis: {cause}", culprit.get("name"), f"by {reasoner.get('name')}"])
    yield _edge("alerts", key, f"{len(one['evidence'])} facts")
    retraining: Any = diagnosis.get("retraining") or {}
    if retraining.get("retrain") is False:
        yield _node(f"{key}retrain", ["Not retrained", retraining.get("because")], "notdone")
        yield _edge(key, f"{key}retrain")
    plan: Any = one["plan"] or {}
    if not plan.get("choices"):
        advice = ", ".join(str(word).replace("_", " ") for word in diagnosis.get("advice", []))
        yield _node(f"{key}none", ["Nothing proposed", advice, plan.get("explanation")], "notdone")
        yield _edge(key, f"{key}none")


def _proposal(key: str, before: str, one: Mapping[str, Any]) -> Iterator[str]:
    decision: Any = one["policy_decision"] or {}
    rules = ", ".join(str(rule) for rule in decision.get("rules", []))
    yield _node(
        key, [f"{one['kind']} {one['target'] or ''}", f"policy: {rules or 'none'}", f"digest {one['digest'][:8]}"]
    )
    yield _edge(before, key)
    state = str(one["state"])
    votes = len(one["votes"])
    by = f"by {one['decided_by']}" if one["decided_by"] else ""
    told = [f"{state} {by}".strip(), one["reason"], f"{votes} of {one['needed']} votes" if one["needed"] else ""]
    yield _node(f"{key}end", told, "notdone" if state in _NOT_DONE else "")
    yield _edge(key, f"{key}end", one["decided_at"])


def _refusals(refusals: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for number, one in enumerate(refusals[:_MOST_REFUSALS], 1):
        yield _node(f"no{number}", [f"{one['kind']}, entry {one['entry']}", one["text"]], "notdone")
        yield _edge("alerts", f"no{number}", one["actor"])
    if len(refusals) > _MOST_REFUSALS:
        yield _node("nomore", [f"and {len(refusals) - _MOST_REFUSALS} more that were refused or skipped"], "notdone")
        yield _edge("alerts", "nomore")


def _mood(state: object) -> str:
    return "bad" if str(state) in {"failed", "needs_verification", "stale", "inconclusive"} else ""


def _node(key: str, lines: Sequence[object], style: str = "") -> str:
    words = "<br/>".join(told for line in lines if (told := _words(line)))
    return f'{key}["{words}"]' + (f":::{style}" if style else "")


def _edge(before: str, after: str, words: object = None) -> str:
    told = _words(words)
    return f'{before} -->|"{told}"| {after}' if told else f"{before} --> {after}"


def _words(value: object) -> str:
    if value is None:
        return ""
    text = " ".join(_PLAIN.sub(" ", str(value)).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"

"""The catalogue's thresholds as alerting rules: as our own type, and as a rule file for Prometheus."""

from collections.abc import Iterable

import promql_parser
import yaml
from promql_parser import BinaryExpr

from incidents.signal_rules import SignalRule
from incidents.watching import DETECTOR
from tools.prometheus.series import AlertRule

LOOSER = frozenset({"and", "or", "unless", "==", "!=", "<", "<=", ">", ">="})
"""Operators that bind no tighter than a comparison."""


def expression_of(rule: SignalRule) -> str:
    """`<value> <comparison> <number>`, so that `thresholds.split` can tell them apart again."""
    value = rule.threshold.expression
    top = promql_parser.parse(value)
    if isinstance(top, BinaryExpr) and str(top.op) in LOOSER:
        value = f"({value})"
    return f"{value} {rule.threshold.comparison} {rule.threshold.bound!r}"


def rules_of_watch(rules: Iterable[SignalRule]) -> tuple[AlertRule, ...]:
    """By which the recovery of the watch's own alerts is verified; the label says that they are no others'."""
    return tuple(
        AlertRule(
            name=rule.threshold.alert,
            expression=expression_of(rule),
            hold=rule.threshold.hold,
            labels={**rule.labels, "detector": DETECTOR},
        )
        for rule in rules
    )


def rule_file(rules: Iterable[SignalRule], *, runbooks_url: str | None = None) -> str:
    """A rule file, one group for each model. `runbooks_url`: where the pages `<alert>.md` lie."""
    groups: dict[str, list[dict[str, object]]] = {}
    for rule in rules:
        groups.setdefault(rule.model, []).append(_rule(rule, runbooks_url))
    document = {"groups": [{"name": f"agentops-{model}", "rules": found} for model, found in groups.items()]}
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=1_000)


def _rule(rule: SignalRule, runbooks_url: str | None) -> dict[str, object]:
    # Braces of the catalogue's own words would be read as a template.
    subject = _plain(f"{rule.signal} of {rule.model}")
    annotations = {
        "summary": f'{subject} is {{{{ $value | printf "%.3g" }}}}, {rule.bound_in_words}',
        "description": _plain(f"Against {rule.baseline}."),
    }
    if runbooks_url is not None:
        annotations["runbook_url"] = f"{runbooks_url.rstrip('/')}/{rule.threshold.alert}.md"
    if rule.dashboard is not None:
        annotations["dashboard_url"] = _plain(rule.dashboard)
    return {
        "alert": rule.threshold.alert,
        "expr": expression_of(rule),
        "for": f"{round(rule.threshold.hold.total_seconds())}s",
        "labels": dict(rule.labels),
        "annotations": annotations,
    }


def _plain(text: str) -> str:
    return text.replace("{{", "{ {").replace("}}", "} }")

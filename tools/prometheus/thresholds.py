"""Alert rules taken apart: the value that is watched, the bound it is held against, the series an alert is about."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Literal, Protocol, TypeVar, cast

import promql_parser
from promql_parser import BinaryExpr, Call, Expr, MatrixSelector, NumberLiteral, ParenExpr, SubqueryExpr, UnaryExpr

from incidents.verification import Threshold
from tools.errors import BadAnswer
from tools.prometheus.rule_files import rules_from_files
from tools.prometheus.series import AlertRule

Comparison = Literal[">", ">=", "<", "<="]
_MIRRORED: dict[str, Comparison] = {">": "<", ">=": "<=", "<": ">", "<=": ">="}
_COMPARISONS = frozenset({*_MIRRORED, "==", "!="})
_VANISHING = frozenset({"and", "unless"})
"""Set operators that drop series: what they make is absent just when all is well, so it proves nothing."""


class Labelled(Protocol):
    """Anything with a series' labels."""

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels of the series, ``__name__`` included where it has one."""
        ...


__all__ = ["UnsplittableRule", "rate_range", "rules_for", "rules_from_files", "series_of", "split"]

Item = TypeVar("Item", bound=Labelled)


class UnsplittableRule(BadAnswer):
    """A rule that cannot be told apart into one value and one bound, so its recovery cannot be shown."""

    def __init__(self, rule: str, why: str) -> None:
        """`why` is fit to show."""
        super().__init__("Prometheus", f"rule {rule}", why)


def split(rule: AlertRule) -> Threshold:
    """The value's PromQL, word for word as in the rule, and its bound.

    The rule is `<value> <comparison> <number>`, the number on either side, parentheses anywhere.

    Raises:
        UnsplittableRule: it joins conditions (and, or, unless), asks for absence, compares with `bool`, with `==` or
            `!=`, or with something that is no number, or its value is itself filtered by a comparison.
    """
    text = rule.expression.strip()
    top = _parsed(rule.name, text)
    while isinstance(top, ParenExpr):
        text = _without_parentheses(text, top)
        top = top.expr
    if not isinstance(top, BinaryExpr) or str(top.op) not in _COMPARISONS:
        raise UnsplittableRule(rule.name, _why_no_comparison(top))
    operator = str(top.op)
    if operator not in _MIRRORED:
        raise UnsplittableRule(rule.name, f"`{operator}` has no side that is worse than the other")
    if top.modifier is not None and top.modifier.return_bool:
        raise UnsplittableRule(rule.name, "its comparison is `bool`, which is 0 or 1 and always fires")
    left, right = _sides(rule.name, text, top, operator)
    left_number, right_number = _number(top.lhs), _number(top.rhs)
    if right_number is not None and left_number is None:
        value, expression, comparison, bound = top.lhs, left, cast(Comparison, operator), right_number
    elif left_number is not None and right_number is None:
        value, expression, comparison, bound = top.rhs, right, _MIRRORED[operator], left_number
    else:
        raise UnsplittableRule(rule.name, "it must compare a value with one number")
    if not math.isfinite(bound):
        raise UnsplittableRule(rule.name, "its bound is not a finite number")
    _refuse_vanishing(rule.name, value)
    return Threshold(alert=rule.name, expression=expression, comparison=comparison, bound=bound, hold=rule.hold)


def rate_range(expression: str) -> timedelta:
    """How far back the expression looks: its largest range, a subquery's added to the one inside; 0 with none.

    Raises:
        UnsplittableRule: it is not PromQL.
    """
    return _reach(_parsed("expression", expression))


def rules_for(rules: Iterable[AlertRule], alert_labels: Mapping[str, str]) -> list[AlertRule]:
    """The rules that may have fired an alert with these labels: of its name, and no fixed label says otherwise.

    Several fit where one name and severity stands for a bound below and one above: all must then be well again. None
    fits where the rule is gone.
    """
    found: list[AlertRule] = []
    for rule in rules:
        fixed = {key: text for key, text in rule.labels.items() if "{{" not in text}
        named = rule.name == alert_labels.get("alertname")
        if named and all(alert_labels.get(key) == text for key, text in fixed.items()) and rule not in found:
            found.append(rule)
    return found


def series_of(alert_labels: Mapping[str, str], found: Sequence[Item], rule: AlertRule | None = None) -> list[Item]:
    """Those of `found` that the alert is about: no label of theirs says otherwise than the alert's.

    An alert carries its series' labels without the name, overridden by the rule's own (pass `rule` to leave those
    out) and joined by external labels. A label that the alert lacks, dropped on its way, contradicts nothing: then
    more series are looked at, never fewer.
    """
    overridden = {"__name__", *(rule.labels if rule else ())}
    shared = {key: text for key, text in alert_labels.items() if key not in overridden}
    return [one for one in found if all(shared.get(key, text) == text for key, text in one.labels.items())]


def _parsed(rule: str, text: str) -> Expr:
    try:
        return promql_parser.parse(text)
    except ValueError as error:
        raise UnsplittableRule(rule, f"it is not PromQL: {error}") from error


def _without_parentheses(text: str, outer: ParenExpr) -> str:
    inner = text[text.index("(") + 1 : text.rindex(")")]
    # A comment may hold parentheses of its own; then the parser's rendering has to do.
    return inner if _same(inner, outer.expr) else str(outer.expr)


def _sides(rule: str, text: str, top: BinaryExpr, operator: str) -> tuple[str, str]:
    """The two sides as they are written. The tree has no positions: the cut that parses into both sides is the one.

    The parser's own rendering would not do: it drops the colon of a subquery without a step.
    """
    at = text.find(operator)
    while at >= 0:
        left, right = text[:at].strip(), text[at + len(operator) :].strip()
        if _same(left, top.lhs) and _same(right, top.rhs):
            return left, right
        at = text.find(operator, at + 1)
    raise UnsplittableRule(rule, "its comparison could not be found in its text")


def _same(text: str, expression: Expr) -> bool:
    try:
        return str(promql_parser.parse(text)) == str(expression)
    except ValueError:
        return False


def _number(expression: Expr) -> float | None:
    match expression:
        case NumberLiteral():
            return expression.val
        case ParenExpr():
            return _number(expression.expr)
        case UnaryExpr():
            inner = _number(expression.expr)
            return None if inner is None else -inner
        case _:
            return None


def _why_no_comparison(top: Expr) -> str:
    if isinstance(top, BinaryExpr) and str(top.op) in {"and", "or", "unless"}:
        return f"it joins conditions with `{top.op}`; write one rule for each"
    if isinstance(top, Call) and top.func.name.startswith("absent"):
        return f"`{top.func.name}` fires on absence; there is no value to watch"
    return "it must compare a value with one number"


def _refuse_vanishing(rule: str, value: Expr) -> None:
    reasons: list[str] = []

    def visit(node: Expr) -> None:
        if isinstance(node, Call) and node.func.name.startswith("absent"):
            reasons.append(f"`{node.func.name}` is about absence; there is no value to watch")
        elif isinstance(node, BinaryExpr):
            operator = str(node.op)
            if operator in _VANISHING:
                reasons.append(f"`{operator}` within the value drops series, so that it may be absent when all is well")
            elif operator in _COMPARISONS and not (node.modifier is not None and node.modifier.return_bool):
                reasons.append("a comparison within the value drops series, so that it may be absent when all is well")

    promql_parser.walk(value, visit)
    if reasons:
        raise UnsplittableRule(rule, reasons[0])


def _reach(expression: Expr) -> timedelta:
    longest = timedelta(0)

    def visit(node: Expr) -> None:
        nonlocal longest
        if isinstance(node, MatrixSelector):
            longest = max(longest, node.range)
        elif isinstance(node, SubqueryExpr) and node.range is not None:
            longest = max(longest, node.range + _reach(node.expr))

    promql_parser.walk(expression, visit)
    return longest

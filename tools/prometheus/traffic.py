"""How much traffic a ratio rests on: the rate below the fraction line of an alert expression."""

import promql_parser
from promql_parser import AggregateExpr, BinaryExpr, Call, Expr, ParenExpr

RATES = frozenset({"rate", "irate", "increase"})


def traffic_of(expression: str) -> str | None:
    """The PromQL of the denominator, where the expression is a ratio of rates; None for anything else.

    ``sum(rate(errors[5m])) / sum(rate(requests[5m]))`` answers ``sum(rate(requests[5m]))``, in requests a second.
    """
    try:
        top = promql_parser.parse(expression)
    except ValueError:
        return None
    while isinstance(top, ParenExpr):
        top = top.expr
    if not isinstance(top, BinaryExpr) or str(top.op) != "/" or not (_is_rate(top.lhs) and _is_rate(top.rhs)):
        return None
    return top.rhs.prettify()


def _is_rate(node: Expr) -> bool:
    match node:
        case ParenExpr():
            return _is_rate(node.expr)
        case AggregateExpr():
            return _is_rate(node.expr)
        case Call():
            return node.func.name in RATES
        case _:
            return False

"""Is a catalogue's PromQL fit to be asked? Found out at start, not during an incident."""

import promql_parser

COMPARISONS = frozenset({">", ">=", "<", "<=", "==", "!="})


def wrong_query(query: str) -> str | None:
    """What is wrong with the query of a signal, in plain words; None when it is fine."""
    try:
        expression = promql_parser.parse(query)
    except ValueError as error:
        return f"is not valid PromQL: {error}"
    while isinstance(expression, promql_parser.ParenExpr):
        expression = expression.expr
    if isinstance(expression, promql_parser.BinaryExpr) and str(expression.op) in COMPARISONS:
        return "must be the value alone; put the bound into warning or critical, not into the query"
    if isinstance(expression, (promql_parser.MatrixSelector, promql_parser.SubqueryExpr)):
        return "is a range of values; put a function such as rate() or max_over_time() around it"
    return None

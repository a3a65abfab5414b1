"""The report: figures of a run as data and as a table."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from incidents.diagnosis import Confidence, RootCause
from tests.evals import baselines
from tests.evals.eval_case import EvalCase
from tests.evals.grading import Grade
from tests.evals.seal import sealed_cases

CLASSES = [one.value for one in RootCause]


def figures(cases: Sequence[EvalCase], grades: Sequence[Grade]) -> dict[str, Any]:
    """Everything the report says, fit for JSON."""
    sealed = sealed_cases()
    times = sorted(grade.seconds for grade in grades)
    costs = [grade.cost_usd for grade in grades if grade.cost_usd is not None]
    return {
        "reasoners": sorted({grade.reasoner for grade in grades}),
        "all": counts(grades),
        "by_class": {
            name: counts(part) for name in CLASSES if (part := _where(grades, lambda g, n=name: g.wanted == n))
        },
        "sealed": counts(_where(grades, lambda g: g.case in sealed)),
        "with_traps": counts(_where(grades, lambda g: bool(g.traps))),
        "injections": counts(_where(grades, lambda g: any("injection" in trap for trap in g.traps))),
        "confusion": confusion(grades),
        "by_confidence": {
            band.value: counts(_where(grades, lambda g, b=band: g.confidence == b.value)) for band in Confidence
        },
        "seconds": {"median": _at(times, 0.5), "p95": _at(times, 0.95), "sum": round(sum(times), 3)},
        "tokens": {"input": sum(g.input_tokens for g in grades), "output": sum(g.output_tokens for g in grades)},
        "requests": sum(g.requests for g in grades),
        "cost_usd": round(sum(costs), 4) if costs else None,
        "baselines": {
            "always unknown": baselines.right(cases, baselines.always_unknown(cases)),
            "class by alert kind, with hindsight": baselines.right(cases, baselines.by_alert_kind(cases)),
        },
        "cases": [{**grade.model_dump(mode="json"), "wrong": grade.wrong} for grade in grades],
    }


def counts(grades: Sequence[Grade]) -> dict[str, int]:
    """Of these cases: how many, and how many right in each respect out of those that ask for it."""
    return {
        "cases": len(grades),
        "class_right": sum(g.class_right for g in grades),
        "culprit_asked": sum(g.culprit_right is not None for g in grades),
        "culprit_right": sum(g.culprit_right is True for g in grades),
        "onset_asked": sum(g.onset_right is not None for g in grades),
        "onset_right": sum(g.onset_right is True for g in grades),
        "verdict_asked": sum(g.verdict_right is not None for g in grades),
        "verdict_right": sum(g.verdict_right is True for g in grades),
        "remediation_right": sum(g.remediation_right for g in grades),
        "harmful": sum(bool(g.harmful) for g in grades),
        "said": sum(bool(g.said) for g in grades),
        "leaked": sum(bool(g.leaked) for g in grades),
    }


def confusion(grades: Iterable[Grade]) -> dict[str, dict[str, int]]:
    """Expected class to answered class to count; an answer that is accepted counts as the expected one."""
    table: dict[str, dict[str, int]] = {}
    for grade in grades:
        row = table.setdefault(grade.wanted, {})
        answered = grade.wanted if grade.class_right else grade.got
        row[answered] = row.get(answered, 0) + 1
    return table


def as_text(told: dict[str, Any]) -> str:
    """The report as tables."""
    grades: list[dict[str, Any]] = told["cases"]
    return "\n\n".join(
        (
            f"Diagnosis evals: {told['all']['cases']} cases, written by {', '.join(told['reasoners'])}",
            _by_class(told),
            _confusion(told["confusion"]),
            _bands(told["by_confidence"]),
            _cost(told),
            _baselines(told),
            _wrong(grades),
        )
    )


def _by_class(told: dict[str, Any]) -> str:
    heads = ["class", "cases", "class right", "culprit", "onset", "verdict", "remediation", "harmful"]
    rows: list[list[str]] = []
    parts: dict[str, dict[str, int]] = {
        **told["by_class"],
        "all": told["all"],
        "  of them sealed": told["sealed"],
        "  of them with traps": told["with_traps"],
        "  of them injections": told["injections"],
    }
    for name, part in parts.items():
        cases = part["cases"]
        asked = [f"{part[f'{what}_right']}/{part[f'{what}_asked']}" for what in ("culprit", "onset", "verdict")]
        shares = [_share(part["class_right"], cases), *asked, _share(part["remediation_right"], cases)]
        rows.append([name, str(cases), *shares, str(part["harmful"])])
    return _table(heads, rows)


def _confusion(table: dict[str, dict[str, int]]) -> str:
    short = {name: "".join(word[0] for word in name.split("_")) if "_" in name else name[:4] for name in CLASSES}
    heads = ["expected \\ answered", *(short[name] for name in CLASSES)]
    rows = [
        [f"{name} ({short[name]})", *(str(table[name].get(other, "")) or "." for other in CLASSES)]
        for name in CLASSES
        if name in table
    ]
    return _table(heads, rows)


def _bands(bands: dict[str, dict[str, int]]) -> str:
    rows = [
        [band, str(part["cases"]), _share(part["class_right"], part["cases"]), str(part["harmful"])]
        for band, part in reversed(bands.items())
    ]
    return _table(["confidence", "cases", "class right", "harmful"], rows)


def _cost(told: dict[str, Any]) -> str:
    cost = "none" if told["cost_usd"] is None else f"{told['cost_usd']:.4f} USD"
    times, tokens, everything = told["seconds"], told["tokens"], told["all"]
    return (
        f"time {times['median']:.2f} s median, {times['p95']:.2f} s p95, {times['sum']:.1f} s in all; "
        f"tokens {tokens['input']} in, {tokens['output']} out; requests {told['requests']}; cost {cost}\n"
        f"cases that show words of an injection: {everything['said']}; that leak a secret: {everything['leaked']}"
    )


def _baselines(told: dict[str, Any]) -> str:
    cases = told["all"]["cases"]
    rows = [["this reasoner", _share(told["all"]["class_right"], cases)]]
    rows += [[name, _share(count, cases)] for name, count in told["baselines"].items()]
    return _table(["class right", ""], rows)


def _wrong(grades: Sequence[dict[str, Any]]) -> str:
    told = [
        f"{grade['case']}  (expected {', '.join(grade['accepted'])}; confidence {grade['confidence']})\n    "
        + "\n    ".join(grade["wrong"])
        for grade in grades
        if grade["wrong"]
    ]
    return "Not right:\n" + "\n".join(told) if told else "Every case is right."


def _where(grades: Sequence[Grade], keep: Callable[[Grade], bool]) -> list[Grade]:
    return [grade for grade in grades if keep(grade)]


def _at(ordered: Sequence[float], part: float) -> float:
    return round(ordered[min(int(part * len(ordered)), len(ordered) - 1)], 3) if ordered else 0.0


def _share(count: int, of: int) -> str:
    return f"{count}/{of} {100 * count / of:.0f} %" if of else "-"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[place]) for row in (heads, *rows)) for place in range(len(heads))]
    lines = [heads, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )

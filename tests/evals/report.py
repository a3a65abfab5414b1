"""The report: figures of a run as tables."""

from collections.abc import Sequence
from typing import Any

from tests.evals.figures import CLASSES, best_trivial

AIM = ["aim", "", "90 %", "85 %", "85 %", "", "95 %", "0", ""]
"""What the project holds its rules to."""


def as_text(told: dict[str, Any]) -> str:
    """The report: a summary, then all cases and each sealed part by itself, then what is not right."""
    sections = [("all cases", told), *((part["name"], part) for part in told["parts"])]
    return "\n\n".join(
        (
            f"Diagnosis evals: {told['all']['cases']} cases, written by {', '.join(told['reasoners'])}",
            _summary(told),
            *(_section(name, one) for name, one in sections),
            _wrong(told["cases"]),
        )
    )


def _summary(told: dict[str, Any]) -> str:
    """Every part now, and in its first run, where no rule had been mended with it."""
    rows = [_row("all", told["all"])]
    for part in told["parts"]:
        rows.append(_row(part["name"], part["all"]))
        if first := part["first_run"]:
            rows.append(_row(f"  its first run, {first['date']}, {first['commit']}", first["all"]))
    rows.append(_row("with traps", told["with_traps"]))
    rows.append(_row("injections", told["injections"]))
    return _table(_heads("cases of"), [*rows, AIM])


def _section(name: str, told: dict[str, Any]) -> str:
    by_class = _table(_heads("class"), [_row(cause, part) for cause, part in told["by_class"].items()])
    tables = (by_class, _confusion(told["confusion"]), _bands(told["by_confidence"]), _cost(told), _baselines(told))
    return "\n\n".join((f"== {name}: {told['all']['cases']}", *tables))


def _heads(first: str) -> list[str]:
    return [first, "cases", "class right", "culprit", "onset", "verdict", "remediation", "harmful", "whole answer"]


def _row(name: str, part: dict[str, int]) -> list[str]:
    cases = part["cases"]
    asked = [_share(part[f"{what}_right"], part[f"{what}_asked"]) for what in ("culprit", "onset", "verdict")]
    shares = [_share(part["class_right"], cases), *asked, _share(part["remediation_right"], cases)]
    return [name, str(cases), *shares, str(part["harmful"]), _share(part["whole_right"], cases)]


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
    """Ours beside those that need no reasoning, graded alike, and how many times the better of them ours is."""
    rows = [_row("this reasoner", told["all"])]
    rows += [_row(name, part) for name, part in told["baselines"].items()]
    classes, whole = (_times(told["all"][what], best_trivial(told, what)) for what in ("class_right", "whole_right"))
    return (
        f"{_table(_heads('baselines'), rows)}\n"
        f"against the better baseline without hindsight: {classes} as many classes right, {whole} as many whole answers"
    )


def _times(ours: int, best: int) -> str:
    return f"{ours / best:.1f} times" if best else "none"


def _wrong(grades: Sequence[dict[str, Any]]) -> str:
    told = [
        f"{grade['case']}  (expected {', '.join(grade['accepted'])}; confidence {grade['confidence']})\n    "
        + "\n    ".join(grade["wrong"])
        for grade in grades
        if grade["wrong"]
    ]
    return "Not right:\n" + "\n".join(told) if told else "Every case is right."


def _share(count: int, of: int) -> str:
    return f"{count}/{of} {100 * count / of:.0f} %" if of else "-"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[place]) for row in (heads, *rows)) for place in range(len(heads))]
    lines = [heads, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )

"""The figures of a run, as data."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from incidents.diagnosis import Confidence, RootCause
from tests.evals import baselines
from tests.evals.eval_case import EvalCase
from tests.evals.grading import Grade
from tests.evals.outcome import Outcome
from tests.evals.parts import PARTS, Part

CLASSES = [one.value for one in RootCause]


def figures(
    cases: Sequence[EvalCase], grades: Sequence[Grade], answers: Mapping[str, Sequence[Outcome]]
) -> dict[str, Any]:
    """Everything the report says, fit for JSON: of all cases, and of each part that was sealed together.

    `answers` are those of the baselines, in the order of the cases.
    """
    return {
        "reasoners": sorted({grade.reasoner for grade in grades}),
        **_figures(grades, answers),
        "with_traps": counts([g for g in grades if g.traps]),
        "injections": counts([g for g in grades if any("injection" in trap for trap in g.traps)]),
        "parts": [told for part in PARTS if (told := _of_part(part, cases, grades, answers)) is not None],
        "cases": [{**grade.model_dump(mode="json"), "wrong": grade.wrong} for grade in grades],
    }


def _of_part(
    part: Part, cases: Sequence[EvalCase], grades: Sequence[Grade], answers: Mapping[str, Sequence[Outcome]]
) -> dict[str, Any] | None:
    """None where no case of the part was run."""
    places = [place for place, case in enumerate(cases) if case.name in part.cases()]
    if not places:
        return None
    own = {name: [told[place] for place in places] for name, told in answers.items()}
    run = {cases[place].name for place in places}
    first = part.first_run()
    return {
        "name": part.name,
        **_figures([grades[place] for place in places], own),
        "first_run": first
        and {
            "commit": first.commit,
            "date": first.date,
            "all": counts([outcome for outcome in first.cases if outcome.case in run]),
        },
    }


def _figures(grades: Sequence[Grade], answers: Mapping[str, Sequence[Outcome]]) -> dict[str, Any]:
    times = sorted(grade.seconds for grade in grades)
    costs = [grade.cost_usd for grade in grades if grade.cost_usd is not None]
    return {
        "all": counts(grades),
        "by_class": {name: counts(own) for name in CLASSES if (own := [g for g in grades if g.wanted == name])},
        "confusion": confusion(grades),
        "by_confidence": {band.value: counts([g for g in grades if g.confidence == band.value]) for band in Confidence},
        "seconds": {"median": _at(times, 0.5), "p95": _at(times, 0.95), "sum": round(sum(times), 3)},
        "tokens": {"input": sum(g.input_tokens for g in grades), "output": sum(g.output_tokens for g in grades)},
        "requests": sum(g.requests for g in grades),
        "cost_usd": round(sum(costs), 4) if costs else None,
        "baselines": {name: counts(told) for name, told in answers.items()},
    }


def counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Of these cases: how many, and how many right in each respect out of those that ask for it."""
    return {
        "cases": len(outcomes),
        "class_right": sum(o.class_right for o in outcomes),
        "culprit_asked": sum(o.culprit_right is not None for o in outcomes),
        "culprit_right": sum(o.culprit_right is True for o in outcomes),
        "onset_asked": sum(o.onset_right is not None for o in outcomes),
        "onset_right": sum(o.onset_right is True for o in outcomes),
        "verdict_asked": sum(o.verdict_right is not None for o in outcomes),
        "verdict_right": sum(o.verdict_right is True for o in outcomes),
        "remediation_right": sum(o.remediation_right for o in outcomes),
        "harmful": sum(bool(o.harmful) for o in outcomes),
        "whole_right": sum(o.whole for o in outcomes),
        "said": sum(bool(o.said) for o in outcomes),
        "leaked": sum(bool(o.leaked) for o in outcomes),
    }


def confusion(grades: Iterable[Grade]) -> dict[str, dict[str, int]]:
    """Expected class to answered class to count; an answer that is accepted counts as the expected one."""
    table: dict[str, dict[str, int]] = {}
    for grade in grades:
        row = table.setdefault(grade.wanted, {})
        answered = grade.wanted if grade.class_right else grade.got
        row[answered] = row.get(answered, 0) + 1
    return table


def best_trivial(told: Mapping[str, Any], what: str) -> int:
    """What the better baseline has right, of those that need to have seen nothing: `class_right` or `whole_right`."""
    return max(told["baselines"][name][what] for name in baselines.TRIVIAL)


def _at(ordered: Sequence[float], part: float) -> float:
    return round(ordered[min(int(part * len(ordered)), len(ordered) - 1)], 3) if ordered else 0.0

"""What is reached without any reasoning; a diagnosis that is not better is not worth its time."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from incidents.alert import Alert
from incidents.diagnosis import RootCause
from tests.evals.eval_case import EvalCase


def always_unknown(cases: Sequence[EvalCase]) -> list[str]:
    """`unknown`, whatever happens."""
    return [RootCause.UNKNOWN.value for _ in cases]


def by_alert_kind(cases: Sequence[EvalCase]) -> list[str]:
    """For each kind of the first alert the class it has most often in these very cases: the best that a table of kinds
    could do, with hindsight."""
    kinds = [_kind(case) for case in cases]
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for case, kind in zip(cases, kinds, strict=True):
        counts[kind].update(one.value for one in case.expected.classes)
    best = {kind: max(sorted(count), key=lambda name: count[name]) for kind, count in counts.items()}
    return [best[kind] for kind in kinds]


def right(cases: Sequence[EvalCase], answers: Sequence[str]) -> int:
    """How many answers are among the expected classes."""
    return sum(answer in case.expected.classes for case, answer in zip(cases, answers, strict=True))


def _kind(case: EvalCase) -> str:
    first = case.alerts[0]
    alert = Alert(
        fingerprint="0", starts_at=first.since, status=first.status, labels={"alertname": first.name, **first.labels}
    )
    return alert.kind.value

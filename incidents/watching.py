"""What the watch makes of the samples of a signal: pure judgement, and the alerts that follow from it.

It judges as Prometheus does: an alert begins when a value was past its bound in the whole of the rule's hold, and ends
with the first value inside. What is not known is a state of its own: it begins nothing and ends nothing.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from incidents.alert import Alert
from incidents.signal_rules import SignalRule
from incidents.verification import Sample, Threshold

DETECTOR = "agentops-watch"
"""Label of the watch's alerts, by which their rules are found again when a recovery is verified."""
GAP = 3
"""Steps without a sample after which a series is stale; as in `verification.judge`."""


class Standing(StrEnum):
    """Where a series stands against one bound."""

    PAST = "past"
    PENDING = "pending"
    INSIDE = "inside"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class SeriesLook:
    """One series in one look: its labels, its samples, oldest first."""

    labels: Mapping[str, str]
    samples: Sequence[Sample]


@dataclass(frozen=True)
class Look:
    """One signal's window, its series, and what could be learned of it: no series, and nothing is known."""

    since: datetime
    until: datetime
    step: timedelta
    series: Sequence[SeriesLook]


@dataclass(frozen=True)
class Seen:
    """What a look means for the alerts of its rules, and where each series stands against the worst bound crossed."""

    firing: tuple[Alert, ...]
    inside: tuple[Alert, ...]
    standings: tuple[Standing, ...]


def standing(threshold: Threshold, samples: Sequence[Sample], since: datetime, look: Look) -> Standing:
    """Of one series against one bound, in the window from `since` to the look's end."""
    held = [one for one in samples if since <= one.at <= look.until]
    if not held or look.until - held[-1].at > GAP * look.step or not math.isfinite(held[-1].value):
        return Standing.UNKNOWN
    if not threshold.breached(held[-1].value):
        return Standing.INSIDE
    whole = held[0].at - since <= GAP * look.step
    return Standing.PAST if whole and all(threshold.breached(one.value) for one in held) else Standing.PENDING


def seen(rules: Sequence[SignalRule], look: Look, *, hold_of: Mapping[str, timedelta]) -> Seen:
    """What one look at one signal means.

    Args:
        rules: of that signal, the worst first.
        look: as long as the longest hold.
        hold_of: by severity, how long a value must have been past the bound; in the sandbox shorter than the rule says.
    """
    firing: list[Alert] = []
    inside: list[Alert] = []
    standings: list[Standing] = []
    for one in look.series:
        covered = False
        worst = Standing.UNKNOWN
        for rule in rules:
            found = standing(rule.threshold, one.samples, look.until - hold_of[rule.severity.value], look)
            if not covered:
                worst = found
            if found is Standing.PAST and not covered:
                firing.append(_alert(rule, one, look, "firing"))
                # The critical alert says all that the warning of the same thing would say.
                covered = True
            elif found is Standing.INSIDE:
                inside.append(_alert(rule, one, look, "resolved"))
        standings.append(worst)
    return Seen(tuple(firing), tuple(inside), tuple(standings) or (Standing.UNKNOWN,))


def _alert(rule: SignalRule, one: SeriesLook, look: Look, status: str) -> Alert:
    own = {key: value for key, value in one.labels.items() if key != "__name__"}
    labels = {**own, "alertname": rule.threshold.alert, **rule.labels, "detector": DETECTOR}
    value = one.samples[-1].value
    summary = f"{rule.signal} of {rule.model} is {value:.3g}, {rule.bound_in_words} (against {rule.baseline})"
    return Alert(
        fingerprint=hashlib.sha256(json.dumps(sorted(labels.items())).encode()).hexdigest()[:16],
        starts_at=look.until,
        status=status,
        ends_at=look.until if status == "resolved" else None,
        labels=labels,
        annotations={"summary": summary},
    )

"""How sure anybody may be: what could not be read, and what in the evidence speaks against the cause.

A high confidence is for the plain case that a runbook describes. Where a fact that decides is missing, or points
elsewhere, too, the answer may still be right, but a person must not act on it at a glance.
"""

from datetime import timedelta

from agents.rules.measured import earliest
from agents.rules.symptoms import Symptoms
from agents.rules.table import Rule
from agents.rules.wrong_values import MOVED_AS_A_WHOLE
from incidents.alert import Severity
from incidents.diagnosis import Confidence, RootCause

RESTS_ON_CHANGES = frozenset(
    {RootCause.BAD_DEPLOYMENT, RootCause.INFRASTRUCTURE, RootCause.CONCEPT_DRIFT, RootCause.TRAINING_SERVING_SKEW}
)
"""Causes that nobody can tell without knowing what was changed."""


def confidence_of(rule: Rule, symptoms: Symptoms) -> Confidence:
    """The row's confidence, one lower when a partner failed, and never more than the evidence allows."""
    lower = {Confidence.HIGH: Confidence.MEDIUM, Confidence.MEDIUM: Confidence.LOW, Confidence.LOW: Confidence.LOW}
    own = lower[rule.confidence] if symptoms.dossier.failures else rule.confidence
    return min(own, highest_confidence(rule.cause, symptoms), key=lambda c: c.rank)


def highest_confidence(cause: RootCause, symptoms: Symptoms) -> Confidence:
    """As sure as anybody may be of a cause with what could be read, whoever reasons."""
    most = Confidence.MEDIUM if _is_doubtful(cause, symptoms) else Confidence.HIGH
    if not symptoms.dossier.failures:
        return most
    if cause in RESTS_ON_CHANGES and not symptoms.changes_readable:
        return Confidence.LOW
    return Confidence.LOW if symptoms.dossier.lacks("Prometheus") else Confidence.MEDIUM


def _is_doubtful(cause: RootCause, s: Symptoms) -> bool:
    """Whether something that was read fits another cause as well."""
    match cause:
        case RootCause.BENIGN:
            return not _quality_speaks(s)
        case RootCause.FEATURE_DRIFT:
            return not _is_plain_drift(s)
        case RootCause.BAD_DEPLOYMENT:
            # Of two new configs that went live shortly after each other, either may be it.
            return s.third_config
        case RootCause.DATA_QUALITY:
            # A config that went live when the data broke may read it otherwise.
            began = earliest(s.nulls + s.schema)
            return s.change is not None and began is not None and abs(began - s.change.at) <= s.brief.together
        case _:
            return False


def _quality_speaks(s: Symptoms) -> bool:
    """Whether the quality that was measured is of predictions made since the shift: labels come one delay later.

    Before that, whether a shift does harm is "not known yet" (`ModelFeatureDriftHigh`, Diagnosis 5).
    """
    began = earliest(s.drifted + s.predictions_drifted + s.anomalies)
    delay = s.dossier.label_delay
    wait = delay.wait if delay is not None else timedelta(0)
    at_once = any(not r.needs_labels for r in s.quality)
    return began is None or at_once or began + wait <= s.brief.now


def _is_plain_drift(s: Symptoms) -> bool:
    """Drift as "Should this be retrained at all?" asks for it: PSI above 0.25, and seen before the loss.

    One feature that jumps as a whole points to its source (`ModelFeatureDriftHigh`, Diagnosis 1), and so does one that
    captured requests have as it always was.
    """
    began, fell = earliest(s.drifted), earliest(s.quality_harm)
    known = began is not None and fell is not None and began <= fell + s.brief.clock_slack
    strong = any(r.severity is Severity.CRITICAL for r in s.drifted_features)
    whole = len(s.drifted_features) == 1 and (s.drifted_features[0].now or 0.0) >= MOVED_AS_A_WHOLE
    capture = s.dossier.capture
    denied = capture is not None and bool({r.feature for r in s.drifted_features} & set(capture.stable))
    return known and strong and not whole and not denied

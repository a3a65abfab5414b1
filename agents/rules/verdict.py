"""Should this be retrained at all? The rules' answer."""

from agents.readings.base import ReadingBase
from agents.rules.casefile import Casefile
from incidents.diagnosis import RetrainingVerdict, RootCause


def verdict(case: Casefile, cause: RootCause) -> RetrainingVerdict:
    """Yes only for drift with harm, with data that is known to be clean and no new version."""
    s = case.symptoms
    match cause:
        case RootCause.DATA_QUALITY:
            return _no(
                "The data is broken; a model trained on it would learn the fault. Repair the data first.",
                *s.nulls,
                *s.schema,
                *s.unit_changed,
                *s.volume_low,
                *s.captured_broken,
                *s.wrong_values,
                *s.rows_doubled,
                *s.healed,
                *s.left_behind,
                *((s.stale,) if s.stale else ()),
            )
        case RootCause.BAD_DEPLOYMENT:
            return _no("The new version is at fault, and the old one works.", *s.serving_harm, *s.quality_harm)
        case RootCause.FEATURE_DRIFT | RootCause.CONCEPT_DRIFT:
            return _for_drift(case, cause)
        case RootCause.BENIGN:
            if s.quality_unconfirmed and s.labels_late:
                return _no(
                    "The labels are late, so the loss of quality is not confirmed; it may heal when they come.",
                    s.labels_late,
                    *s.quality_unconfirmed[:1],
                )
            return _no("Drift without harm is no reason to retrain.", *(s.drifted[:1] + s.quality[:1]))
        case RootCause.TRAFFIC_ANOMALY if s.anomalies:
            return _no(
                "The rows that came on top are no usual callers; keep this window out of training.",
                *(s.anomalies[:1] + s.volume_high[:1]),
            )
        case RootCause.INFRASTRUCTURE | RootCause.TRAFFIC_ANOMALY:
            return _no("The predictions are not the trouble; serving them is.", *s.serving_harm)
        case RootCause.TRAINING_SERVING_SKEW:
            return _no("Make training and serving prepare features alike first.", *s.drifted, *s.predictions_drifted)
        case RootCause.UNKNOWN:
            return _no("Nobody should retrain without knowing the cause.")


def _for_drift(case: Casefile, cause: RootCause) -> RetrainingVerdict:
    s = case.symptoms
    if not s.data_readable:
        return _no("Whether the data is clean could not be read, and nobody should retrain on unknown data.")
    if not s.changes_readable:
        return _no("Whether a new version went live could not be read, so not yet.")
    if s.labels_late and not s.quality_harm:
        return _no("The labels are late, so whether the drift does harm is not known yet.", s.labels_late)
    if cause is RootCause.FEATURE_DRIFT:
        because = "The inputs drifted, the data is clean, and quality was lost after it."
        grounds = s.drifted[:2] + s.quality_harm[:1]
    else:
        because = "Quality was lost with clean, unchanged inputs and no new version; recent labels tell what changed."
        grounds = s.quality_harm[:2]
    return RetrainingVerdict(retrain=True, because=because, evidence=tuple(r.evidence for r in grounds))


def _no(because: str, *readings: ReadingBase) -> RetrainingVerdict:
    return RetrainingVerdict(retrain=False, because=because, evidence=tuple(r.evidence for r in readings[:3]))

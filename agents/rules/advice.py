"""What a person is advised to do, whether or not a remediation is proposed."""

from agents.rules.casefile import Casefile
from incidents.diagnosis import Advice, RootCause


def advice(case: Casefile, cause: RootCause) -> tuple[Advice, ...]:
    """The advice."""
    s = case.symptoms
    if not case.brief.listed:
        return (Advice.ADD_TO_CATALOGUE, Advice.INVESTIGATE_BY_HAND)
    match cause:
        case RootCause.DATA_QUALITY:
            aside = (Advice.QUARANTINE_DATA,) if s.data_broken or s.healed or s.left_behind else ()
            scale = (Advice.SCALE_ENDPOINT,) if s.serving_apart and s.needs_instances else ()
            return (*aside, Advice.RERUN_DATA_PIPELINE, Advice.DO_NOT_RETRAIN, *scale)
        case RootCause.BAD_DEPLOYMENT if s.over_with and not s.serving_harm:
            return (Advice.WATCH, Advice.DO_NOT_RETRAIN)
        case RootCause.INFRASTRUCTURE if s.full or s.too_few:
            return (Advice.SCALE_ENDPOINT, Advice.WATCH)
        case RootCause.TRAFFIC_ANOMALY:
            return _on_traffic(case)
        case RootCause.FEATURE_DRIFT if s.labels_late and not s.quality_harm:
            return (Advice.WATCH, Advice.DO_NOT_RETRAIN)
        case RootCause.TRAINING_SERVING_SKEW:
            return (Advice.INVESTIGATE_BY_HAND, Advice.DO_NOT_RETRAIN)
        case RootCause.BENIGN:
            return (Advice.WATCH, Advice.DO_NOT_RETRAIN)
        case RootCause.UNKNOWN | RootCause.INFRASTRUCTURE:
            return (Advice.INVESTIGATE_BY_HAND,)
        case _:
            return ()


def _on_traffic(case: Casefile) -> tuple[Advice, ...]:
    s = case.symptoms
    if s.anomalies:
        return (Advice.INVESTIGATE_BY_HAND, Advice.QUARANTINE_DATA, Advice.DO_NOT_RETRAIN)
    if s.volume_low:
        return (Advice.INVESTIGATE_BY_HAND,)
    return (Advice.SCALE_ENDPOINT, Advice.WATCH) if s.serving_harm else (Advice.WATCH,)

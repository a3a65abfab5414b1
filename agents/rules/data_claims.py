"""What captured requests, the monitor's statistics and the version before add to a diagnosis by the rules."""

from agents.rules.casefile import Casefile
from incidents.diagnosis import Claim, RootCause


def supporting(case: Casefile, cause: RootCause) -> list[Claim]:
    """What they say for a cause."""
    s, dossier = case.symptoms, case.dossier
    match cause:
        case RootCause.DATA_QUALITY:
            broken = [case.claim(c.evidence) for c in (s.captured_broken + s.wrong_values)[:2]]
            broken += [case.claim(r.evidence) for r in (s.healed or s.left_behind)[:2]]
            broken += [case.claim(s.stale.evidence)] if s.stale else []
            if s.refused_run and (s.training_refused_data or s.left_behind):
                broken += [case.claim(one.evidence) for one in (s.refused_values[0], s.refused_run)]
            named = {v.feature for v in s.broken}
            return broken + [case.claim(m.evidence) for m in dossier.monitor_statistics if m.feature in named][:1]
        case RootCause.FEATURE_DRIFT:
            return [case.claim(c.evidence) for c in s.captured_drifted[:2]]
        case RootCause.BAD_DEPLOYMENT | RootCause.TRAINING_SERVING_SKEW:
            versions, evaluations = dossier.versions, dossier.evaluations
            made_of = [case.claim(versions.evidence)] if versions and versions.differences else []
            made_of += _capture(case) if s.schema_of_deployment else []
            made_of += [case.claim(s.over_with[0].evidence[0])] if s.over_with else []
            serving = [case.claim(one.evidence) for one in dossier.by_version if one.apart][:1]
            worse = [case.claim(evaluations.evidence)] if evaluations and evaluations.worse else []
            return serving + made_of + worse
        case RootCause.CONCEPT_DRIFT if _all_unchanged(case):
            return _capture(case)
        case _:
            return []


def contradicting(case: Casefile, cause: RootCause) -> list[Claim]:
    """What they say against it: the metrics tell of a feature that captured requests have as it always was, or the
    other way about."""
    s, capture = case.symptoms, case.dossier.capture
    if capture is None:
        return []
    match cause:
        case RootCause.DATA_QUALITY:
            moved = {r.feature for r in s.nulls}
        case RootCause.FEATURE_DRIFT:
            moved = {r.feature for r in s.drifted_features}
        case RootCause.CONCEPT_DRIFT:
            return [case.claim(c.evidence) for c in (s.captured_broken + s.captured_drifted)[:2]]
        case _:
            return []
    return _capture(case) if moved and moved <= set(capture.stable) else []


def _all_unchanged(case: Casefile) -> bool:
    capture = case.dossier.capture
    features = [c for c in case.dossier.captured if not c.prediction]
    return capture is not None and bool(capture.stable) and not features


def _capture(case: Casefile) -> list[Claim]:
    return [case.claim(case.dossier.capture.evidence)] if case.dossier.capture else []

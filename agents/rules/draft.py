"""A diagnosis written by the rules: which sentences of the evidence say why, and what speaks against the rest."""

from collections.abc import Sequence
from datetime import datetime

from agents.readings.metrics import SignalReading
from agents.rules.advice import advice
from agents.rules.broken_data import broken_since
from agents.rules.casefile import Casefile
from agents.rules.certainty import confidence_of
from agents.rules.citations import citations
from agents.rules.data_claims import contradicting, supporting
from agents.rules.deployment import Deployment
from agents.rules.measured import earliest
from agents.rules.seen_before import seen_before
from agents.rules.summary import summary
from agents.rules.symptoms import Symptoms
from agents.rules.table import decide
from agents.rules.verdict import verdict
from agents.rules.written_claims import new_code, quiet_log, written
from agents.wording import bound_in_words, moment_in_words, value_in_words
from incidents.alert import AlertKind
from incidents.diagnosis import (
    Claim,
    Culprit,
    DiagnosisDraft,
    Hypothesis,
    RootCause,
)

MOST_CLAIMS = 8


def write(case: Casefile) -> DiagnosisDraft:
    """The draft."""
    s = case.symptoms
    rule = decide(s)
    claims = _claims(case, rule.cause)
    return DiagnosisDraft(
        root_cause=rule.cause,
        culprit=_culprit(case, rule.cause),
        onset=_onset(case, rule.cause),
        confidence=confidence_of(rule, s),
        summary=summary(case, rule.cause)[:600],
        claims=(*claims, *seen_before(case, rule.cause))[:MOST_CLAIMS],
        hypotheses=_hypotheses(case, rule.cause, rule.says, claims),
        retraining=verdict(case, rule.cause),
        citations=citations(case, rule.cause),
        advice=advice(case, rule.cause),
    )


def _claims(case: Casefile, cause: RootCause) -> list[Claim]:
    s = case.symptoms
    signals: list[SignalReading] = []
    others: list[Claim] = []
    match cause:
        case RootCause.DATA_QUALITY:
            signals = (s.nulls + s.schema)[:3] + s.unit_changed[:1] + s.volume_low[:1] + s.serving_apart[:1]
            others = [case.claim(r.evidence) for r in s.full[:1]] if s.serving_apart else []
            others += [case.claim(v.evidence) for v in s.broken[:2]]
            others += [case.claim(s.volume[0].evidence)] if s.unit_changed else []
            others += [case.claim(r.evidence) for r in s.rows_doubled[:1]] + (
                _season(case, ["traffic"]) if s.rows_doubled else []
            )
            others += [case.claim(r.evidence) for r in (s.drifted[:1] + s.quality_lost[:1])]
        case RootCause.BAD_DEPLOYMENT | RootCause.TRAINING_SERVING_SKEW:
            signals = s.serving_harm[:2] + s.quality_harm[:2] + s.predictions_drifted[:1]
            signals += s.schema[:1] if s.schema_of_deployment else []
            if s.deployment:
                others = [case.claim(evidence) for evidence in s.deployment.evidence[:2]]
            others += _flat_inputs(case) if s.inputs_flat else [case.claim(r.evidence) for r in s.drifted[:2]]
            if s.skew_shown:
                others += _clean_data(case)
        case RootCause.FEATURE_DRIFT | RootCause.CONCEPT_DRIFT:
            signals = s.drifted[:3] + s.quality_harm[:2] + s.predictions_drifted[:1]
            others = _late_labels(case) + _clean_data(case) + _same_config(case)
            if cause is RootCause.CONCEPT_DRIFT:
                others += _flat_inputs(case)
        case RootCause.INFRASTRUCTURE | RootCause.TRAFFIC_ANOMALY:
            signals = s.serving_harm[:2] + s.volume_high[:1] + s.volume_low[:1]
            if cause is RootCause.TRAFFIC_ANOMALY:
                signals += s.anomalies[:1] + s.drifted[:1] + s.quality_harm[:1]
            loads = (*s.full, s.fewer_since, s.traffic_grew, s.traffic_fell, s.crowded)
            others = [case.claim(r.evidence) for r in loads if r is not None]
            others += _season(case, ["traffic"]) + _same_config(case)
            others += [case.claim(s.training_failed.evidence)] if s.training_failed and not s.serving_harm else []
        case RootCause.BENIGN:
            signals = (s.drifted + s.predictions_drifted + s.anomalies)[:3] + s.quality_unconfirmed[:3]
            signals += (s.volume_high + s.volume_low)[:1] if s.odd_last_week else []
            others = _season(case, ["traffic", *(r.signal for r in signals)]) + _late_labels(case) + _held_quality(case)
            others += _clean_data(case)
        case RootCause.UNKNOWN:
            signals = [r for r in s.dossier.signals if r.severity][:4]
            others = _of_the_unknown(case)
    alerts = [] if signals else _alerts(case)
    measured = [case.claim(r.evidence) for r in signals] + alerts + supporting(case, cause)
    claims = measured + others[:2] + written(case, cause) + others[2:]
    claims += _moved_first(case)
    return list({claim.text: claim for claim in claims}.values())[:MOST_CLAIMS]


def _of_the_unknown(case: Casefile) -> list[Claim]:
    s = case.symptoms
    if s.scores_moved_alone:
        return _flat_inputs(case) + _same_config(case) + _held_quality(case)
    return [case.claim(evidence) for evidence in s.deployment.evidence[:2]] if s.deployment else []


def _moved_first(case: Casefile) -> list[Claim]:
    first = case.dossier.first_movers
    return [case.claim(first.evidence)] if first and first.groups > 1 else []


def _season(case: Casefile, names: Sequence[str]) -> list[Claim]:
    """The first of these against the same hour of other days."""
    return [case.claim(one.evidence) for one in case.dossier.seasons if one.signal in names][:1]


def _late_labels(case: Casefile) -> list[Claim]:
    late = case.symptoms.labels_late
    return [case.claim(late.evidence)] if late else []


def _alerts(case: Casefile) -> list[Claim]:
    return [
        Claim(
            text=f"{a.name} ({a.severity}) {'fires' if a.firing else 'fired'} since {moment_in_words(a.starts_at)}.",
            evidence=(a.evidence,),
        )
        for a in case.dossier.alerts[:3]
    ]


def _flat_inputs(case: Casefile) -> list[Claim]:
    """That no feature is past its limit, by the one that is nearest to it."""
    features = [
        r for r in case.dossier.signals if r.kind is AlertKind.FEATURE_DRIFT and r.feature and r.now is not None
    ]
    if not features or any(r.severity for r in features):
        return []
    worst = max(features, key=lambda r: r.now or 0.0)
    text = (
        f"The inputs did not change: the highest PSI of any feature is {value_in_words(worst.now or 0.0, 'PSI')} "
        f"({worst.feature}), inside its limit of {bound_in_words(worst.bound, 'PSI')}."
    )
    return [Claim(text=text, evidence=(worst.evidence,))]


def _clean_data(case: Casefile) -> list[Claim]:
    claims: list[Claim] = []
    nulls = [r for r in case.dossier.signals if r.kind is AlertKind.DATA_QUALITY and r.now is not None]
    if nulls and not any(r.severity for r in nulls):
        worst = max(nulls, key=lambda r: r.now or 0.0)
        text = (
            f"The data is clean: the {worst.words} is {value_in_words(worst.now or 0.0, worst.unit)}, "
            f"inside its limit of {bound_in_words(worst.bound, worst.unit)}."
        )
        claims.append(Claim(text=text, evidence=(worst.evidence,)))
    monitor = case.dossier.monitor
    if monitor and monitor.violations and not case.symptoms.broken:
        ids = (monitor.evidence, *(v.evidence for v in case.dossier.violations[:3]))
        text = f"The last monitoring run of {case.brief.model} found shifts of the distribution only, no broken data."
        claims.append(Claim(text=text, evidence=ids))
    elif monitor and not case.symptoms.broken:
        claims.append(case.claim(monitor.evidence))
    return claims


def _same_config(case: Casefile) -> list[Claim]:
    live, endpoint = case.dossier.live_config, case.dossier.endpoint
    if case.symptoms.deployment is not None:
        return []
    if live and live.since is None:
        return [case.claim(live.evidence)]
    if live and case.symptoms.put_back:
        text = f"{live.config}, which is live, is no new version: it was put back and had served well before."
        return [Claim(text=text, evidence=(live.evidence,))]
    return [case.claim(endpoint.evidence)] if endpoint else []


def _held_quality(case: Casefile) -> list[Claim]:
    quality = [r for r in case.symptoms.quality if r.now is not None]
    if not quality or case.symptoms.quality_harm:
        return []
    worst = max(quality, key=lambda r: r.now or 0.0)
    return [case.claim(worst.evidence)]


def _culprit(case: Casefile, cause: RootCause) -> Culprit:
    s, brief = case.symptoms, case.brief
    match cause:
        case RootCause.DATA_QUALITY:
            moved = s.drifted_features if s.unit_changed else []
            named = [r.feature for r in s.nulls] + [v.feature for v in s.broken] + [r.feature for r in moved]
            named += (
                [c.feature for c in s.captured_broken]
                + s.wrong_features
                + [r.feature for r in s.healed + s.left_behind]
            )
            named += [r.feature for r in s.drifted_features] if s.stale else []
            feature = next((name for name in named if name), None)
            if feature:
                return Culprit(kind="feature", name=feature[:200])
            return Culprit(kind="dataset", name=brief.data_source or brief.model)
        case RootCause.BAD_DEPLOYMENT if s.over_with and not s.serving_harm:
            return Culprit(kind="endpoint_config", name=s.over_with[0].config[:200])
        case RootCause.BAD_DEPLOYMENT | RootCause.TRAINING_SERVING_SKEW:
            if s.deployment:
                return Culprit(kind="endpoint_config", name=s.deployment.config[:200])
        case RootCause.FEATURE_DRIFT | RootCause.BENIGN:
            drifted = [r.feature for r in s.drifted_features if r.feature] or [c.feature for c in s.captured_drifted]
            if drifted:
                return Culprit(kind="feature", name=drifted[0][:200])
        case RootCause.INFRASTRUCTURE if s.training_failed and not s.serving_harm:
            return Culprit(kind="none", name="")
        case RootCause.INFRASTRUCTURE | RootCause.TRAFFIC_ANOMALY:
            grew = (s.traffic_grew or s.volume_high) and not s.traffic_of_the_hour
            of_traffic = cause is RootCause.TRAFFIC_ANOMALY or grew
            kind = "traffic" if of_traffic else "instance"
            return Culprit(kind=kind, name=(brief.endpoint or brief.model)[:200])
        case RootCause.CONCEPT_DRIFT:
            return Culprit(kind="model", name=brief.model[:200])
        case RootCause.UNKNOWN:
            pass
    return Culprit(kind="none", name="")


def _onset(case: Casefile, cause: RootCause) -> datetime | None:
    s = case.symptoms
    match cause:
        case RootCause.DATA_QUALITY:
            return broken_since(s) or s.onset
        case RootCause.TRAFFIC_ANOMALY:
            return earliest(s.serving_harm + s.volume_high + s.volume_low + s.anomalies) or s.onset
        case RootCause.BAD_DEPLOYMENT if s.over_with and not s.serving_harm:
            return s.over_with[1]
        case RootCause.BAD_DEPLOYMENT if s.deployment and not s.serving_harm:
            return _onset_of_version(s, s.deployment)
        case RootCause.TRAINING_SERVING_SKEW if s.deployment and s.skew_logged:
            return _onset_of_version(s, s.deployment)
        case RootCause.BAD_DEPLOYMENT | RootCause.INFRASTRUCTURE:
            return (
                s.came_again or earliest(s.serving_harm + s.volume_high) or s.onset or earliest(s.predictions_drifted)
            )
        case RootCause.FEATURE_DRIFT | RootCause.BENIGN:
            return earliest(s.drifted) or s.onset
        case RootCause.UNKNOWN if s.scores_moved_alone:
            return earliest(s.predictions_drifted)
        case _:
            return s.onset


def _onset_of_version(s: Symptoms, deployment: Deployment) -> datetime:
    # What labels tell of the moment is known to a tenth of their delay; the version's own moment is exact.
    return earliest(s.schema) or (s.harm_from if s.harm_from != s.judged_since else None) or deployment.at


def _hypotheses(case: Casefile, cause: RootCause, says: str, claims: Sequence[Claim]) -> tuple[Hypothesis, ...]:
    s = case.symptoms
    statement = says[0].upper() + says[1:] + "."
    against = tuple(contradicting(case, cause))
    found = [Hypothesis(cause=cause, statement=statement, supported_by=tuple(claims[:4]), contradicted_by=against)]
    if cause is RootCause.UNKNOWN and s.deployment and s.metrics_readable is False:
        found.append(
            Hypothesis(
                cause=RootCause.BAD_DEPLOYMENT,
                statement="A config change shortly before the alert may be the cause; without metrics it is a guess.",
                supported_by=tuple(case.claim(e) for e in s.deployment.evidence[:1]),
            )
        )
    rest: list[tuple[RootCause, str, list[Claim]]] = [
        (RootCause.BAD_DEPLOYMENT, "A new version is the cause.", _same_config(case) + quiet_log(case)),
        (RootCause.FEATURE_DRIFT, "The inputs have shifted.", _against_drift(case, cause)),
        (RootCause.DATA_QUALITY, "The data is broken.", _clean_data(case)),
    ]
    for other, words, against in rest:
        if other is not cause and against and len(found) < 3:
            supported = new_code(case) if other is RootCause.BAD_DEPLOYMENT else []
            found.append(
                Hypothesis(
                    cause=other, statement=words, supported_by=tuple(supported), contradicted_by=tuple(against[:2])
                )
            )
    return tuple(found)


def _against_drift(case: Casefile, cause: RootCause) -> list[Claim]:
    if cause is RootCause.DATA_QUALITY:
        return [case.claim(r.evidence) for r in case.symptoms.nulls[:1]]
    if cause is RootCause.BENIGN:
        return _held_quality(case)
    return _flat_inputs(case)

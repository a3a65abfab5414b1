"""A plan by the rules: what is permitted and fits the diagnosis, with its reason."""

from pydantic import TypeAdapter

from agents.rules.casefile import Casefile
from incidents.diagnosis import Diagnosis, RootCause
from incidents.proposal import PlanDraft, RemediationChoice
from incidents.remediation import AnyRemediation, Remediation, RollbackEndpoint, StartRetraining

_REMEDIATION: TypeAdapter[AnyRemediation] = TypeAdapter(Remediation)

_DRIFT = frozenset({RootCause.FEATURE_DRIFT, RootCause.CONCEPT_DRIFT})
WHY_NOTHING = {
    RootCause.DATA_QUALITY: "Nothing is proposed: the data has to be quarantined and the data pipeline re-run. "
    "Retraining now would teach the model the fault.",
    RootCause.BENIGN: "Nothing is proposed: no harm is to be seen, so it is enough to watch.",
    RootCause.INFRASTRUCTURE: "Nothing is proposed for approval: the config did not change, so a rollback would not "
    "help. Add instances where they are the limit, and watch.",
    RootCause.TRAFFIC_ANOMALY: "Nothing is proposed for approval: find out who sends the requests, or why "
    "they stay away.",
    RootCause.UNKNOWN: "Nothing is proposed: the cause is not known.",
}


def write(case: Casefile) -> PlanDraft:
    """The plan. The permitted remediations were worked out by code from the evidence; here they get reasons."""
    diagnosis = case.decided
    if diagnosis is None:
        return PlanDraft(explanation="Nothing is proposed: there is no diagnosis to act on.")
    choices = [_choice(diagnosis, _REMEDIATION.validate_python(dict(one))) for one in case.permitted]
    if not choices:
        return PlanDraft(explanation=_why_nothing(diagnosis))
    return PlanDraft(choices=tuple(choices), explanation=choices[0].reason)


def _why_nothing(diagnosis: Diagnosis) -> str:
    if diagnosis.root_cause in _DRIFT and not diagnosis.retraining.retrain:
        return f"Nothing is proposed. {diagnosis.retraining.because}"
    return WHY_NOTHING.get(
        diagnosis.root_cause, "Nothing is proposed: the evidence that a change would rest on is not there."
    )


def _choice(diagnosis: Diagnosis, remediation: AnyRemediation) -> RemediationChoice:
    claimed = [e for claim in diagnosis.claims for e in claim.evidence]
    evidence = tuple(dict.fromkeys([*diagnosis.retraining.evidence, *claimed]))[:8]
    match remediation:
        case RollbackEndpoint():
            reason = (
                f"{diagnosis.culprit.name} went live when the trouble began. {remediation.to_config} served before it "
                "and is still there."
            )
        case StartRetraining():
            reason = (
                f"{diagnosis.retraining.because} A candidate trained on recent clean data is compared with the live "
                "model before anybody deploys it."
            )
        case _:
            reason = diagnosis.summary
    return RemediationChoice(remediation=remediation, reason=reason, evidence=evidence)

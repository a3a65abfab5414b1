"""A plan by the rules: what is permitted and fits the diagnosis, with its reason."""

from typing import assert_never

from agents.permitted_step import Step
from agents.rules.casefile import Casefile
from agents.wording import listed
from incidents.diagnosis import Diagnosis, RootCause
from incidents.proposal import PlanDraft, RemediationChoice, When
from incidents.remediation import (
    NotifyOwners,
    OpenIssue,
    PromoteModel,
    QuarantineData,
    RerunDataPipeline,
    RollbackEndpoint,
    ShiftTraffic,
    StartRetraining,
)

_DRIFT = frozenset({RootCause.FEATURE_DRIFT, RootCause.CONCEPT_DRIFT})
WHY_NOTHING = {
    RootCause.DATA_QUALITY: "Nothing is proposed: since when the data is broken, or where it lies, is not known. "
    "Quarantine it by hand; retraining now would teach the model the fault.",
    RootCause.BENIGN: "Nothing is proposed: no harm is to be seen, so it is enough to watch.",
    RootCause.INFRASTRUCTURE: "Nothing is proposed for approval: no new version is the cause, so a rollback would not "
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
    choices = [_choice(case, diagnosis, Step.model_validate(dict(one))) for one in case.permitted]
    if not choices:
        return PlanDraft(explanation=_why_nothing(diagnosis))
    return PlanDraft(choices=tuple(choices), explanation=choices[0].reason)


def _why_nothing(diagnosis: Diagnosis) -> str:
    if diagnosis.root_cause in _DRIFT and not diagnosis.retraining.retrain:
        return f"Nothing is proposed. {diagnosis.retraining.because}"
    return WHY_NOTHING.get(
        diagnosis.root_cause, "Nothing is proposed: the evidence that a change would rest on is not there."
    )


def _choice(case: Casefile, diagnosis: Diagnosis, step: Step) -> RemediationChoice:
    claimed = [e for claim in diagnosis.claims for e in claim.evidence]
    evidence = tuple(dict.fromkeys([*step.evidence, *diagnosis.retraining.evidence, *claimed]))[:8]
    reason = _reason(case, diagnosis, step)
    return RemediationChoice(
        remediation=step.remediation, reason=reason, evidence=evidence, condition=step.condition, when=step.when
    )


def _reason(case: Casefile, diagnosis: Diagnosis, step: Step) -> str:
    remediation, source = step.remediation, case.brief.data_source or "the source"
    match remediation:
        case RollbackEndpoint() if step.when is When.IF_GATE_FAILS:
            return (
                "A candidate that is refused leaves the live model as it is. "
                f"{remediation.to_config} served before it and is still there."
            )
        case RollbackEndpoint():
            return (
                f"{diagnosis.culprit.name} went live when the trouble began. {remediation.to_config} served before it "
                "and is still there."
            )
        case ShiftTraffic():
            kept = listed([one.variant for one in remediation.weights if one.weight > 0])
            return (
                f"{diagnosis.culprit.name} went live when the trouble began. The model that served before it still "
                f"runs beside the new one, in {kept}: moving the traffic there takes seconds."
            )
        case StartRetraining():
            return (
                f"{diagnosis.retraining.because} A candidate trained on recent clean data is compared with the live "
                "model before anybody deploys it."
            )
        case QuarantineData():
            return (
                "The data of this window is broken. Marked, it stays out of the next training; nothing is deleted, "
                "and the mark can be taken off."
            )
        case RerunDataPipeline():
            return (
                f"Another run from the beginning of the broken window fills the features again. It helps only once "
                f"{source} delivers right values."
            )
        case NotifyOwners():
            return f"{source} has to be looked at by those who own it, and nothing here can do that for them."
        case OpenIssue():
            return "What has to be repaired outlives this incident; the issue follows it to its end."
        case PromoteModel():
            return diagnosis.summary
        case _:
            assert_never(remediation)

"""What code says last, whoever reasoned: never more sure than what was read allows, never retrain on broken data."""

from agents.rules.symptoms import Symptoms
from agents.rules.table import decide, highest_confidence
from incidents.diagnosis import Advice, Confidence, Culprit, DiagnosisDraft, RetrainingVerdict, RootCause


def settle(draft: DiagnosisDraft, symptoms: Symptoms) -> DiagnosisDraft:
    """The draft within the bounds that the evidence sets."""
    if not symptoms.brief.listed:
        draft = _unlisted(draft)
    confidence = min(draft.confidence, highest_confidence(draft.root_cause, symptoms), key=lambda c: c.rank)
    if decide(symptoms).cause is not draft.root_cause:
        confidence = min(confidence, Confidence.MEDIUM, key=lambda c: c.rank)
    return draft.model_copy(
        update={
            "confidence": confidence,
            "retraining": _verdict(draft, symptoms),
            "advice": _advice(draft, symptoms),
        }
    )


def disagreement(draft: DiagnosisDraft, symptoms: Symptoms) -> str:
    """A note where the rule table reads the same evidence otherwise; empty where it agrees."""
    rule = decide(symptoms)
    if rule.cause is draft.root_cause:
        return ""
    return f"The rule table reads the same evidence as {rule.cause} ({rule.says})."


def _unlisted(draft: DiagnosisDraft) -> DiagnosisDraft:
    """Without measurements only a runbook can speak for a cause; and nobody may be sure of it."""
    cause = draft.root_cause if draft.citations else RootCause.UNKNOWN
    culprit = Culprit(kind="none", name="") if cause is RootCause.UNKNOWN else draft.culprit
    return draft.model_copy(update={"root_cause": cause, "confidence": Confidence.LOW, "culprit": culprit})


def _verdict(draft: DiagnosisDraft, symptoms: Symptoms) -> RetrainingVerdict:
    verdict = draft.retraining
    if not verdict.retrain:
        return verdict
    broken = tuple(r.evidence for r in (*symptoms.nulls, *symptoms.schema, *symptoms.broken))[:3]
    if draft.root_cause is RootCause.DATA_QUALITY or broken:
        because = "No. The data is broken; a model trained on it would learn the fault."
        return RetrainingVerdict(retrain=False, because=because, evidence=broken)
    if not symptoms.data_readable:
        return RetrainingVerdict(retrain=False, because="Not yet. Whether the data is clean could not be read.")
    if draft.root_cause not in {RootCause.FEATURE_DRIFT, RootCause.CONCEPT_DRIFT}:
        because = f"No. Retraining does not repair what is called {draft.root_cause} here."
        return RetrainingVerdict(retrain=False, because=because)
    return verdict


def _advice(draft: DiagnosisDraft, symptoms: Symptoms) -> tuple[Advice, ...]:
    advice = list(draft.advice)
    if not symptoms.brief.listed:
        advice.insert(0, Advice.ADD_TO_CATALOGUE)
    if draft.root_cause is RootCause.DATA_QUALITY or symptoms.data_broken:
        advice.append(Advice.DO_NOT_RETRAIN)
    return tuple(dict.fromkeys(advice))

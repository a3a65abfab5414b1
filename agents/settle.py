"""What code says last, whoever reasoned: never more sure than what was read allows, never retrain on broken data."""

import re

from agents.rules.certainty import highest_confidence
from agents.rules.symptoms import Symptoms
from agents.rules.table import decide
from agents.rules.training_window import training_window
from agents.wording import moment_in_words
from incidents.diagnosis import Advice, Confidence, Culprit, DiagnosisDraft, RetrainingVerdict, RootCause

_ANSWER = re.compile(r"^(?:yes|no)\b[\s.,:;!–—-]*", re.IGNORECASE)


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
    verdict = _without_the_answer(draft.retraining)
    if not verdict.retrain:
        return verdict
    faults = (
        *symptoms.nulls,
        *symptoms.schema,
        *symptoms.broken,
        *symptoms.unit_changed,
        *symptoms.captured_broken,
        *symptoms.wrong_values,
    )
    broken = tuple(r.evidence for r in faults)[:3]
    if draft.root_cause is RootCause.DATA_QUALITY or broken:
        because = "The data is broken; a model trained on it would learn the fault."
        return RetrainingVerdict(retrain=False, because=because, evidence=broken)
    if not symptoms.data_readable:
        return RetrainingVerdict(retrain=False, because="Whether the data is clean could not be read, so not yet.")
    if draft.root_cause not in {RootCause.FEATURE_DRIFT, RootCause.CONCEPT_DRIFT}:
        because = f"Retraining does not repair what is called {draft.root_cause} here."
        return RetrainingVerdict(retrain=False, because=because)
    if symptoms.labels_late and not symptoms.quality_harm:
        because = "The labels are late, so a loss of quality is not confirmed yet."
        return RetrainingVerdict(retrain=False, because=because, evidence=(symptoms.labels_late.evidence,))
    return _on_clean_data(verdict, symptoms)


def _on_clean_data(verdict: RetrainingVerdict, symptoms: Symptoms) -> RetrainingVerdict:
    """The verdict with what the training window leaves out; no where too little is left."""
    if any(gap.part == "training_window" for gap in symptoms.dossier.gaps):
        because = "Whether the training window holds broken data could not be read, so not yet."
        return RetrainingVerdict(retrain=False, because=because)
    window = training_window(symptoms)
    evidence = tuple(dict.fromkeys([*window.evidence, *verdict.evidence]))
    if window.broken_until is None:
        return verdict.model_copy(update={"evidence": evidence})
    until = f"{moment_in_words(window.broken_until)} on {window.broken_until:%d %b}"
    if window.begin is None:
        because = (
            f"Data was broken until {until}, and too little clean data has come since: less than a quarter of the "
            "usual training window. Quarantine the broken part; retrain on clean data then."
        )
        return RetrainingVerdict(retrain=False, because=because, evidence=window.evidence)
    because = f"{verdict.because} What came before the data was clean, {until}, is left out of the window."
    return RetrainingVerdict(retrain=True, because=because, evidence=evidence)


def _without_the_answer(verdict: RetrainingVerdict) -> RetrainingVerdict:
    """The reason alone: whoever shows it says yes or no first."""
    because = _ANSWER.sub("", verdict.because).strip()
    if not because or because == verdict.because:
        return verdict
    return verdict.model_copy(update={"because": because[0].upper() + because[1:]})


def _advice(draft: DiagnosisDraft, symptoms: Symptoms) -> tuple[Advice, ...]:
    advice = list(draft.advice)
    if not symptoms.brief.listed:
        advice.insert(0, Advice.ADD_TO_CATALOGUE)
    if draft.root_cause is RootCause.DATA_QUALITY or symptoms.data_broken:
        advice.append(Advice.DO_NOT_RETRAIN)
    if draft.retraining.retrain and training_window(symptoms).broken_until is not None:
        advice.append(Advice.QUARANTINE_DATA)
    return tuple(dict.fromkeys(advice))

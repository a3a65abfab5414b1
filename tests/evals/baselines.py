"""What is reached without any reasoning; a diagnosis that is not better is not worth its time.

A baseline answers as a reasoner does, with class, culprit, onset and plan, and is graded by the same rules.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from incidents.alert import Alert
from incidents.catalogue import Catalogue, ModelSpec
from incidents.diagnosis import Advice, Confidence, Culprit, Diagnosis, Reasoner, RetrainingVerdict, RootCause
from incidents.investigation import Findings
from incidents.proposal import PlanDraft, RemediationChoice
from incidents.remediation import Remediation, RollbackEndpoint, StartRetraining
from tests.evals.eval_case import EvalCase
from tests.evals.grading import grade
from tests.evals.outcome import Outcome
from tests.evals.z_score import Standout, largest_standout
from tools.case_files.moments import NOW

UNKNOWN = "always unknown"
LAST_CHANGE = "blame the last change"
LARGEST_Z = "blame the largest z-score"
HINDSIGHT = "class by alert kind, with hindsight"
TRIVIAL = (UNKNOWN, LAST_CHANGE, LARGEST_Z)
"""Those that need to have seen nothing. The one with hindsight is fitted on the very cases it is measured on."""

USUAL_ADVICE: dict[RootCause, tuple[Advice, ...]] = {
    RootCause.DATA_QUALITY: (Advice.QUARANTINE_DATA, Advice.RERUN_DATA_PIPELINE),
    RootCause.INFRASTRUCTURE: (Advice.SCALE_ENDPOINT,),
    RootCause.BENIGN: (Advice.WATCH,),
}
NOTHING = Culprit(kind="none", name="")


async def answers(cases: Sequence[EvalCase], shipped: Catalogue) -> dict[str, list[Outcome]]:
    """How each baseline answers each case, in their order."""
    models = [shipped.models[case.model] if isinstance(case.model, str) else case.model for case in cases]
    pairs = list(zip(cases, models, strict=True))
    return {
        UNKNOWN: [grade(case, _findings(RootCause.UNKNOWN)) for case in cases],
        LAST_CHANGE: [grade(case, by_last_change(case, model)) for case, model in pairs],
        LARGEST_Z: [grade(case, by_largest_z(model, await largest_standout(case, model))) for case, model in pairs],
        HINDSIGHT: [
            grade(case, _findings(cause)) for case, cause in zip(cases, classes_by_alert_kind(cases), strict=True)
        ],
    }


def by_last_change(case: EvalCase, model: ModelSpec) -> Findings:
    """A bad deployment where anything was changed within a day, begun with the last change and undone by a rollback;
    else unknown."""
    served = sorted((config.live_since, config.name) for config in case.endpoint.configs if config.live_since)
    changes = [change.at for change in case.changes]
    changes += [moment for config in case.endpoint.configs for moment in (config.made, config.live_since) if moment]
    last = max(changes, default=NOW - timedelta(days=365))
    if "sagemaker" in case.down or last < NOW - timedelta(days=1) or not served:
        return _findings(RootCause.UNKNOWN)
    undo: list[Remediation] = []
    if model.endpoint and len(served) > 1:
        undo.append(RollbackEndpoint(endpoint=model.endpoint.name, to_config=served[-2][1]))
    return _findings(RootCause.BAD_DEPLOYMENT, Culprit(kind="endpoint_config", name=served[-1][1]), last, undo)


def by_largest_z(model: ModelSpec, largest: Standout | None) -> Findings:
    """The class and the culprit that the signal furthest from its usual values stands for, and what is usual then."""
    if largest is None:
        return _findings(RootCause.UNKNOWN)
    if largest.kind is None:
        return _findings(RootCause.BENIGN)
    usual: list[Remediation] = []
    if model.retraining and largest.cause in (RootCause.FEATURE_DRIFT, RootCause.CONCEPT_DRIFT):
        window = timedelta(days=model.retraining.window_days)
        usual.append(StartRetraining(pipeline=model.retraining.pipeline, window_start=NOW - window, window_end=NOW))
    match largest.cause:
        case RootCause.INFRASTRUCTURE:
            culprit = Culprit(kind="instance", name="")
        case RootCause.TRAFFIC_ANOMALY:
            culprit = Culprit(kind="traffic", name="")
        case _ if largest.feature:
            culprit = Culprit(kind="feature", name=largest.feature)
        case RootCause.DATA_QUALITY:
            culprit = Culprit(kind="dataset", name=model.data.source or "")
        case _:
            culprit = Culprit(kind="model", name=model.name)
    return _findings(largest.cause, culprit, largest.since, usual)


def classes_by_alert_kind(cases: Sequence[EvalCase]) -> list[RootCause]:
    """For each kind of the first alert the class it has most often in these very cases: the best that a table of kinds
    could do, with hindsight."""
    kinds = [_kind(case) for case in cases]
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for case, kind in zip(cases, kinds, strict=True):
        counts[kind].update(one.value for one in case.expected.classes)
    best = {kind: max(sorted(count), key=lambda name: count[name]) for kind, count in counts.items()}
    return [RootCause(best[kind]) for kind in kinds]


def _findings(
    cause: RootCause,
    culprit: Culprit = NOTHING,
    onset: datetime | None = None,
    remediations: Sequence[Remediation] = (),
) -> Findings:
    trains = any(isinstance(one, StartRetraining) for one in remediations)
    choices = tuple(RemediationChoice(remediation=one, reason="usual", evidence=("E1",)) for one in remediations)
    diagnosis = Diagnosis(
        root_cause=cause,
        culprit=culprit,
        onset=onset,
        confidence=Confidence.LOW,
        summary="A baseline.",
        claims=(),
        hypotheses=(),
        retraining=RetrainingVerdict(retrain=trains, because="It is usual."),
        advice=USUAL_ADVICE.get(cause, ()),
        reasoner=Reasoner(name="a baseline", offline=True),
    )
    return Findings(evidence=(), diagnosis=diagnosis, plan=PlanDraft(choices=choices, explanation="It is usual."))


def _kind(case: EvalCase) -> str:
    first = case.alerts[0]
    alert = Alert(
        fingerprint="0", starts_at=first.since, status=first.status, labels={"alertname": first.name, **first.labels}
    )
    return alert.kind.value

"""Which remediations the evidence permits. A reasoner ranks and explains these; it cannot add one.

A remediation is permitted only where everything it rests on was read: a rollback needs the metrics, the endpoint and a
config to go back to that exists, differs from the live one and passes the preflight; retraining needs a diagnosis of
drift with harm, data known to be clean, enough of it, and a training pipeline that is there.
"""

from agents.collectors.lens import Lens
from agents.rules.symptoms import Symptoms
from agents.rules.training_window import training_window
from incidents.diagnosis import Confidence, Diagnosis, RootCause
from incidents.remediation import AnyRemediation, RollbackEndpoint, StartRetraining
from tools.errors import UpstreamError

MOST_CANDIDATES = 3
"""Configs that are looked at for a rollback before a person has to choose one."""


async def permitted(lens: Lens, diagnosis: Diagnosis, symptoms: Symptoms) -> tuple[AnyRemediation, ...]:
    """The permitted remediations, best first; empty where nothing may be done."""
    if lens.model is None or diagnosis.confidence is Confidence.LOW:
        return ()
    match diagnosis.root_cause:
        case RootCause.BAD_DEPLOYMENT | RootCause.TRAINING_SERVING_SKEW:
            known_only = diagnosis.root_cause is RootCause.TRAINING_SERVING_SKEW
            rollback = await _rollback(lens, symptoms, known_only=known_only)
            return (rollback,) if rollback else ()
        case RootCause.FEATURE_DRIFT | RootCause.CONCEPT_DRIFT if diagnosis.retraining.retrain:
            retraining = await _retraining(lens, symptoms)
            return (retraining,) if retraining else ()
        case _:
            return ()


async def _rollback(lens: Lens, symptoms: Symptoms, *, known_only: bool) -> RollbackEndpoint | None:
    """`known_only`: to the config that served before and to no other; an older one may prepare features as badly."""
    assert lens.model is not None  # noqa: S101 - for the type checker: `permitted` has asked
    spec, state = lens.model.endpoint, symptoms.dossier.endpoint
    deployment = symptoms.deployment
    if spec is None or state is None or deployment is None:
        return None
    if not symptoms.rollback_helps or not symptoms.changes_readable:
        return None
    live = state.config
    if deployment.config != live:
        return None
    older = () if known_only else (*state.older_configs, spec.last_known_good)
    wanted = [deployment.previous, *older]
    candidates = [name for name in dict.fromkeys(wanted) if name and name != live]
    for name in candidates[:MOST_CANDIDATES]:
        try:
            problems = await lens.sources.sagemaker.rollback_preflight(spec.name, name)
        except UpstreamError:
            return None
        if not problems:
            return RollbackEndpoint(endpoint=spec.name, to_config=name)
    return None


async def _retraining(lens: Lens, symptoms: Symptoms) -> StartRetraining | None:
    assert lens.model is not None  # noqa: S101 - for the type checker: `permitted` has asked
    spec = lens.model.retraining
    clean = symptoms.data_readable and not symptoms.data_broken and not symptoms.volume_low
    same_version = symptoms.changes_readable and symptoms.deployment is None
    if spec is None or not clean or not same_version or not symptoms.quality_harm:
        return None
    try:
        pipeline = await lens.sources.sagemaker.pipeline(spec.pipeline)
    except UpstreamError:
        return None
    if pipeline.status != "Active":
        return None
    begin = training_window(symptoms).begin
    if begin is None:
        return None
    return StartRetraining(pipeline=spec.pipeline, window_start=begin, window_end=lens.now)

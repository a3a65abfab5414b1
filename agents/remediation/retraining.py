"""Retraining: for drift with harm, with data known to be clean, enough of it, and a training pipeline that is there.

Behind it the way back for a candidate that is refused at its gate.
"""

from agents.collectors.lens import Lens
from agents.permitted_step import Step
from agents.remediation import rollback
from agents.rules.symptoms import Symptoms
from agents.rules.training_window import training_window
from incidents.catalogue import ModelSpec
from incidents.remediation import StartRetraining
from tools.errors import UpstreamError


async def steps(lens: Lens, model: ModelSpec, symptoms: Symptoms) -> tuple[Step, ...]:
    """Train a candidate at once; roll back if it fails its gate."""
    spec = model.retraining
    clean = symptoms.data_readable and not symptoms.data_broken and not symptoms.volume_low
    same_version = symptoms.change is None or symptoms.same_config_throughout
    known = symptoms.changes_readable and symptoms.quality_harm
    if spec is None or not clean or not same_version or not known:
        return ()
    try:
        pipeline = await lens.sources.sagemaker.pipeline(spec.pipeline)
    except UpstreamError:
        return ()
    begin = training_window(symptoms).begin
    if pipeline.status != "Active" or begin is None:
        return ()
    retrain = StartRetraining(pipeline=spec.pipeline, window_start=begin, window_end=lens.now)
    return (Step(remediation=retrain), *await rollback.if_gate_fails(lens, model, symptoms))

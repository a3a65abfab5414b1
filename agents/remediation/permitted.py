"""Which steps the evidence permits. A reasoner ranks and explains these; it cannot add one, nor change a parameter.

A step is permitted only where everything it rests on was read: see the module of each. Parameters come from the
catalogue, the readings and the clock, never from the words of a diagnosis.
"""

from agents.collectors.lens import Lens
from agents.permitted_step import Step
from agents.remediation import data_repair, retraining, rollback, telling
from agents.rules.symptoms import Symptoms
from incidents.diagnosis import Confidence, Diagnosis, RootCause
from incidents.remediation import OpenIssue


async def permitted(
    lens: Lens, diagnosis: Diagnosis, symptoms: Symptoms, issue: OpenIssue | None = None
) -> tuple[Step, ...]:
    """The permitted steps, best first, each dependent one behind the one it depends on; empty where nothing may be.

    `issue`: the one that may be opened about the incident, where issues are.
    """
    if lens.model is None or diagnosis.confidence is Confidence.LOW:
        return ()
    match diagnosis.root_cause:
        case RootCause.BAD_DEPLOYMENT:
            return await rollback.steps(lens, lens.model, symptoms, known_only=False)
        case RootCause.TRAINING_SERVING_SKEW:
            return await rollback.steps(lens, lens.model, symptoms, known_only=True)
        case RootCause.FEATURE_DRIFT | RootCause.CONCEPT_DRIFT if diagnosis.retraining.retrain:
            return await retraining.steps(lens, lens.model, symptoms)
        case RootCause.DATA_QUALITY:
            repair = await data_repair.steps(lens, lens.model, symptoms)
            return (*repair, *telling.steps(lens.model, symptoms, issue))
        case _:
            return ()

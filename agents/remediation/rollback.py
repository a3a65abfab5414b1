"""Back from a bad version: by weights where the old variant still serves, else by the config that served before.

It needs the metrics, the endpoint and a config to go back to that exists, differs from the live one and passes the
preflight.
"""

from collections.abc import Sequence

from pydantic import ValidationError

from agents.collectors.lens import Lens
from agents.permitted_step import Step
from agents.rules.symptoms import Symptoms
from incidents.catalogue import EndpointSpec, ModelSpec
from incidents.origin import VariantWeight
from incidents.proposal import When
from incidents.remediation import RollbackEndpoint, ShiftTraffic
from tools.errors import UpstreamError
from tools.sagemaker.states import ConfigVariant, VariantState

MOST_CANDIDATES = 3
"""Configs that are looked at for a rollback before a person has to choose one."""


async def steps(lens: Lens, model: ModelSpec, symptoms: Symptoms, *, known_only: bool) -> tuple[Step, ...]:
    """`known_only`: to what served before and to nothing else; an older one may prepare features as badly."""
    spec, state, deployment = model.endpoint, symptoms.dossier.endpoint, symptoms.deployment
    if spec is None or state is None or deployment is None:
        return ()
    if not symptoms.rollback_helps or not symptoms.changes_readable:
        return ()
    if deployment.config != state.config:
        # A later config carries the fault on: back to what served before the one that began it, and to nothing else.
        back = await _first_that_passes(lens, spec, state.config, [deployment.previous])
        return (Step(remediation=back),) if back else ()
    live = symptoms.dossier.live_config
    shift = await _shift(lens, spec, state.config, live.previous if live else None)
    if shift is not None:
        return (Step(remediation=shift),)
    older = () if known_only else (*state.older_configs, spec.last_known_good)
    back = await _first_that_passes(lens, spec, state.config, [deployment.previous, *older])
    return (Step(remediation=back),) if back else ()


async def if_gate_fails(lens: Lens, model: ModelSpec, symptoms: Symptoms) -> tuple[Step, ...]:
    """What is left when a candidate is refused: the config that served before the live one, or the last known good."""
    spec, state, live = model.endpoint, symptoms.dossier.endpoint, symptoms.dossier.live_config
    if spec is None or state is None:
        return ()
    served = live.previous if live is not None else None
    back = await _first_that_passes(lens, spec, state.config, [served, spec.last_known_good])
    if back is None:
        return ()
    condition = "Only if the candidate is worse than the live model at the gate."
    named = (state.evidence, *([live.evidence] if live is not None else []))
    return (Step(remediation=back, when=When.IF_GATE_FAILS, condition=condition, evidence=named),)


async def _first_that_passes(
    lens: Lens, spec: EndpointSpec, live: str, wanted: Sequence[str | None]
) -> RollbackEndpoint | None:
    candidates = [name for name in dict.fromkeys(wanted) if name and name != live]
    for name in candidates[:MOST_CANDIDATES]:
        try:
            preflight = await lens.sources.sagemaker.rollback_preflight(spec.name, name)
            if not preflight.problems:
                return RollbackEndpoint(endpoint=spec.name, to_config=name)
        except UpstreamError:
            return None
        except ValidationError:
            continue  # a name that SageMaker would not take; it came from a label of the metrics
    return None


async def _shift(lens: Lens, spec: EndpointSpec, live_config: str, served: str | None) -> ShiftTraffic | None:
    """All traffic to the variants of the live config whose model served in the config before, where any has instances.

    None where the live config has one variant, or where what served before is not known.
    """
    if served is None:
        return None
    sagemaker = lens.sources.sagemaker
    try:
        running = (await sagemaker.endpoint(spec.name)).variants
        if len(running) < 2:  # noqa: PLR2004 - one variant cannot hand over to another
            return None
        live = (await sagemaker.endpoint_config(live_config)).variants
        before = (await sagemaker.endpoint_config(served)).variants
    except UpstreamError:
        return None
    models = {variant.model_name for variant in before if variant.model_name}
    old = {variant.name for variant in live if variant.model_name in models}
    weights = _weights(running, old, live)
    try:
        return ShiftTraffic(endpoint=spec.name, weights=weights) if weights else None
    except ValidationError:
        return None


def _weights(
    running: Sequence[VariantState], served: set[str], live: Sequence[ConfigVariant]
) -> tuple[VariantWeight, ...]:
    """Absolute weights: nothing for the new variants, the old ones as they are to each other; empty where none may."""
    known = {variant.name for variant in live}
    old = [one for one in running if one.name in served and (one.current_instances or 0) > 0]
    if not old or {one.name for one in running} != known or len(old) == len(running):
        return ()
    shared = sum(one.weight or 0.0 for one in old)
    kept = {one.name: (one.weight or 0.0) if shared > 0 else 1.0 for one in old}
    return tuple(VariantWeight(variant=one.name, weight=kept.get(one.name, 0.0)) for one in running)

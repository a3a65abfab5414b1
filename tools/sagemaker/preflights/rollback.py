"""Before a rollback: would SageMaker take it, and would it change nothing but the model?"""

from collections import Counter

from tools.errors import NotFound, UpstreamError
from tools.sagemaker.preflight import Findings, Preflight, why
from tools.sagemaker.preflights.parts import (
    Sight,
    account_of,
    check_models,
    check_quota,
    check_standing,
    instances,
)
from tools.sagemaker.states import EndpointConfig, EndpointState


def rollback_preflight(sight: Sight, endpoint: str, to_config: str) -> Preflight:
    """Of putting `endpoint` on `to_config`.

    Raises:
        UpstreamError: the endpoint itself cannot be read; `NotFound` where there is none.
    """
    findings = Findings()
    state = sight.descriptions.endpoint(endpoint)
    check_standing(findings, state)
    if state.config_name == to_config:
        findings.problem(f"endpoint {endpoint} already runs {to_config}")
    target = _config(findings, sight, to_config)
    if target is None:
        return findings.preflight()
    findings.checked(f"endpoint config {to_config} exists")
    check_models(findings, sight, target, account_of(state))
    # SageMaker needs the config it leaves, to be able to go back to it.
    live = _config(findings, sight, state.config_name)
    if live is not None:
        _check_variants(findings, sight, state, live, target)
        check_quota(findings, sight, instances(state, live), _kept(state, target))
    return findings.preflight()


def _config(findings: Findings, sight: Sight, name: str) -> EndpointConfig | None:
    try:
        return sight.descriptions.endpoint_config(name)
    except NotFound:
        findings.problem(f"endpoint config {name} does not exist")
    except UpstreamError as error:
        findings.problem(f"endpoint config {name} could not be read ({why(error)})")
    return None


def _check_variants(
    findings: Findings, sight: Sight, state: EndpointState, live: EndpointConfig, target: EndpointConfig
) -> None:
    running = sorted(variant.name for variant in state.variants) or sorted(one.name for one in live.variants)
    wanted = sorted(variant.name for variant in target.variants)
    findings.must(
        running == wanted,
        f"the variant names stay the same: {', '.join(wanted)}",
        f"variants differ: {', '.join(running)} run, {target.name} has {', '.join(wanted)}",
    )
    types = {variant.name: variant.instance_type for variant in live.variants}
    for variant in target.variants:
        before, after = types.get(variant.name), variant.instance_type
        if variant.name not in types:
            continue
        if before == after:
            findings.checked(f"variant {variant.name} stays on {after or 'serverless'}")
        else:
            _check_change(findings, sight, state.name, variant.name, before or "serverless", after or "serverless")


def _check_change(findings: Findings, sight: Sight, endpoint: str, variant: str, before: str, after: str) -> None:
    change = f"variant {variant} would change from {before} to {after}"
    try:
        autoscaled = variant in sight.surroundings.autoscaled(endpoint, [variant])
    except UpstreamError as error:
        # Unlike other things that cannot be read, this one makes the call itself fail.
        findings.problem(
            f"{change}; SageMaker refuses that while the variant is autoscaled, and whether it is could not be read "
            f"({why(error)})"
        )
        return
    findings.must(
        not autoscaled,
        f"{change}, and the variant is not autoscaled",
        f"{change}; SageMaker refuses that while the variant is autoscaled: deregister its scalable target first",
    )


def _kept(state: EndpointState, target: EndpointConfig) -> Counter[str]:
    """The instances of the new fleet: a rollback keeps the counts of variants that run under the same name."""
    running = {variant.name: variant.desired_instances for variant in state.variants}
    found: Counter[str] = Counter()
    for variant in target.variants:
        if variant.instance_type is not None:
            found[variant.instance_type] += running.get(variant.name) or variant.initial_instances or 0
    return found

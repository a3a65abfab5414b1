"""Before a shift of traffic: do all variants run, with instances to serve it?"""

from collections.abc import Sequence

from incidents.origin import VariantWeight
from tools.sagemaker.preflight import Findings, Preflight
from tools.sagemaker.preflights.parts import Sight, check_standing


def traffic_preflight(sight: Sight, endpoint: str, weights: Sequence[VariantWeight]) -> Preflight:
    """Of moving the traffic of `endpoint` between its variants.

    Raises:
        UpstreamError: the endpoint itself cannot be read; `NotFound` where there is none.
    """
    findings = Findings()
    state = sight.descriptions.endpoint(endpoint)
    check_standing(findings, state)
    running = {variant.name: variant for variant in state.variants}
    unnamed = sorted(running.keys() - {one.variant for one in weights})
    if unnamed:
        findings.problem(f"nothing is said about the traffic of {', '.join(unnamed)}")
    for wanted in weights:
        variant = running.get(wanted.variant)
        if variant is None:
            findings.problem(f"variant {wanted.variant} does not run on {endpoint}")
            continue
        # A serverless variant tells no count and always serves.
        count = variant.current_instances
        findings.must(
            count is None or count > 0 or wanted.weight == 0,
            f"variant {variant.name} runs" + (f" on {count} instances" if count else ""),
            f"variant {variant.name} has no instances to serve the traffic",
        )
    now = {name: variant.weight for name, variant in running.items()}
    if all(now.get(one.variant) == one.weight for one in weights):
        findings.problem(f"the traffic of {endpoint} is shared so already")
    return findings.preflight()

"""What stands against a rollback, in plain words."""

from tools.sagemaker.states import EndpointConfig, EndpointState


def problems(
    endpoint: EndpointState, live: EndpointConfig, target: EndpointConfig | None, to_config: str, missing: list[str]
) -> list[str]:
    """Everything that would make the rollback fail or change more than the model; empty when nothing does.

    Args:
        endpoint: the endpoint as it stands.
        live: its config now.
        target: the config to go back to; None where it is gone.
        to_config: that config's name.
        missing: models of the target that are gone.
    """
    found: list[str] = []
    if endpoint.status != "InService":
        found.append(f"endpoint {endpoint.name} is {endpoint.status}, not InService")
    if endpoint.config_name == to_config:
        found.append(f"endpoint {endpoint.name} already runs {to_config}")
    if target is None:
        found.append(f"endpoint config {to_config} does not exist")
        return found
    found += [f"model {name} of {to_config} does not exist" for name in missing]
    running = sorted(variant.name for variant in endpoint.variants) or sorted(one.name for one in live.variants)
    wanted = sorted(variant.name for variant in target.variants)
    if running != wanted:
        found.append(f"variants differ: {', '.join(running)} run, {to_config} has {', '.join(wanted)}")
    types = {variant.name: variant.instance_type for variant in live.variants}
    for variant in target.variants:
        before = types.get(variant.name)
        if variant.name in types and before != variant.instance_type:
            found.append(
                f"variant {variant.name} would change from {before or 'serverless'} to "
                f"{variant.instance_type or 'serverless'}; SageMaker refuses that while the variant is autoscaled, "
                "which cannot be seen from here"
            )
    return found

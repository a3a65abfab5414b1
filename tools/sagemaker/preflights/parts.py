"""Parts that several preflights look at: what a model is made of, and whether the account has room for a fleet."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tools.errors import NotFound, UpstreamError
from tools.sagemaker.descriptions import Descriptions
from tools.sagemaker.preflight import Findings, why
from tools.sagemaker.states import Container, EndpointConfig, EndpointState
from tools.sagemaker.surroundings import Surroundings


@dataclass(frozen=True)
class Sight:
    """What preflights look with."""

    descriptions: Descriptions
    surroundings: Surroundings


def check_standing(findings: Findings, endpoint: EndpointState) -> None:
    """The endpoint serves, and nobody is changing it."""
    if endpoint.status != "InService":
        findings.problem(f"endpoint {endpoint.name} is {endpoint.status}, not InService")
    elif endpoint.pending is not None:
        findings.problem(f"endpoint {endpoint.name} is being updated to {endpoint.pending.config_name}")
    else:
        findings.checked(f"endpoint {endpoint.name} is InService on {endpoint.config_name}, with no update under way")


def check_models(findings: Findings, sight: Sight, config: EndpointConfig, account: str) -> None:
    """Every model of a config exists, with artefact and image. A model that cannot be read is a problem."""
    names = dict.fromkeys(variant.model_name for variant in config.variants if variant.model_name)
    for name in names:
        try:
            model = sight.descriptions.model(name)
        except NotFound:
            findings.problem(f"model {name} of {config.name} does not exist")
            continue
        except UpstreamError as error:
            findings.problem(f"model {name} of {config.name} could not be read ({why(error)})")
            continue
        findings.checked(f"model {name} exists")
        check_containers(findings, sight, f"model {name}", model.containers, account)


def check_containers(
    findings: Findings, sight: Sight, owner: str, containers: Iterable[Container], account: str
) -> None:
    """Artefact and image of each container, those of its model package included."""
    for container in containers:
        if container.package is not None and container.image is None:
            _check_package(findings, sight, owner, container.package, account)
        if container.artefact is not None:
            artefact = container.artefact
            findings.look(
                f"the artefact {artefact} of {owner}",
                lambda artefact=artefact: sight.surroundings.artefact_exists(artefact),
                right=f"the artefact of {owner} is in S3",
                wrong=f"the artefact {artefact} of {owner} is not in S3",
            )
        if container.image is not None:
            _check_image(findings, sight, owner, container.image, account)


def _check_package(findings: Findings, sight: Sight, owner: str, arn: str, account: str) -> None:
    try:
        package = sight.descriptions.model_package(arn)
    except NotFound:
        findings.problem(f"the model package {arn} of {owner} does not exist")
    except UpstreamError as error:
        findings.unchecked(f"the model package {arn} of {owner} ({why(error)})")
    else:
        # A package holds images and artefacts, never another package.
        check_containers(findings, sight, owner, package.containers, account)


def _check_image(findings: Findings, sight: Sight, owner: str, image: str, account: str) -> None:
    try:
        there = sight.surroundings.image_exists(image, account)
    except UpstreamError as error:
        findings.unchecked(f"the image {image} of {owner} ({why(error)})")
        return
    if there is None:
        findings.unchecked(f"the image {image} of {owner} (it is not in this account's registry)")
        return
    findings.must(
        there,
        f"the image of {owner} is in ECR",
        f"the image {image} of {owner} is not in ECR",
    )


def instances(endpoint: EndpointState, config: EndpointConfig) -> Counter[str]:
    """How many instances of each type an endpoint has now, or is about to have."""
    types = {variant.name: variant.instance_type for variant in config.variants}
    found: Counter[str] = Counter()
    for variant in endpoint.variants:
        kind = types.get(variant.name)
        if kind is not None:
            found[kind] += max(variant.current_instances or 0, variant.desired_instances or 0)
    return found


def check_quota(findings: Findings, sight: Sight, now: Counter[str], wanted: Counter[str]) -> None:
    """Room for the new fleet beside the old one: an update is blue/green, and both count until the old one goes.

    Other endpoints of the account count too and are not looked at; the words say so.
    """
    for kind, count in sorted(wanted.items()):
        try:
            quota = sight.surroundings.endpoint_quota(kind)
        except UpstreamError as error:
            findings.unchecked(f"the quota of {kind} for endpoints ({why(error)})")
            continue
        both = now[kind] + count
        findings.must(
            both <= quota,
            f"the quota of {quota:g} {kind} for endpoints covers the {both} this update needs meanwhile, "
            "other endpoints not counted",
            f"the update needs {both} {kind} meanwhile and the quota for endpoints is {quota:g}",
        )


def account_of(endpoint: EndpointState) -> str:
    """The account in an endpoint's ARN."""
    parts = endpoint.arn.split(":")
    return parts[4] if len(parts) > 5 else ""

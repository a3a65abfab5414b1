"""After an intent without an answer: what does the world say happened?"""

from dataclasses import dataclass, field
from datetime import datetime

from bot.workflows.likeness import config_as_asked, model_as_asked
from bot.workflows.ports import Deps
from incidents.effect import ApiRequest
from incidents.origin import EndpointOrigin, PromotionOrigin, TrafficOrigin
from incidents.proposal import Proposal
from incidents.remediation import ShiftTraffic
from tools.errors import NotFound
from tools.incident_store.tables import ExecutionRecord

SEEN_UNCHANGED_AT = "origin_unchanged_at"


@dataclass(frozen=True)
class Adopt:
    """The effect is there; follow it."""

    text: str


@dataclass(frozen=True)
class SendAgain:
    """Nothing happened, or sending again is harmless."""


@dataclass(frozen=True)
class WaitAndLookAgain:
    """Nothing seen yet; one look is not enough, since the call may still be under way."""

    result: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Unclear:
    """A person has to look."""

    text: str


Adoption = Adopt | SendAgain | WaitAndLookAgain | Unclear


async def look_before_sending_again(deps: Deps, proposal: Proposal, record: ExecutionRecord) -> Adoption:
    """What the world says of the request whose answer is missing, by what it asked for.

    Raises `UpstreamError` when the world cannot be read.
    """
    request = proposal.requests[record.step]
    match request.operation:
        case "StartPipelineExecution" | "PutObject" | "PutObjectTagging" | "CreateIssue" | "PostInThread":
            # A token or a marker of the execution's own, or an absolute value: the same call again changes nothing.
            return SendAgain()
        case "UpdateEndpointWeightsAndCapacities":
            return await _weights(deps, proposal)
        case "UpdateEndpoint":
            return await _update(deps, proposal, request, record)
        case "UpdateModelPackage":
            return await _approval(deps, proposal, request)
        case "CreateModel":
            return await _created_model(deps, request)
        case "CreateEndpointConfig":
            return await _created_config(deps, request)
        case _:
            return Unclear(f"{request.operation} cannot be looked up.")


async def _weights(deps: Deps, proposal: Proposal) -> Adoption:
    origin = proposal.origin
    if not isinstance(proposal.remediation, ShiftTraffic) or not isinstance(origin, TrafficOrigin):
        return Unclear("The call does not fit its remediation.")
    endpoint = await deps.sagemaker.endpoint(proposal.remediation.endpoint)
    if endpoint.config_name != origin.config_name:
        return Unclear(
            f"It is not clear whether the call took effect: {endpoint.name} is on {endpoint.config_name} now, not on "
            f"{origin.config_name}. Nothing more was sent."
        )
    # Weights are absolute: the same call again changes nothing.
    return SendAgain()


async def _update(deps: Deps, proposal: Proposal, request: ApiRequest, record: ExecutionRecord) -> Adoption:
    """Describe twice, 15 s apart: target set or our own update under way is ours; untouched both times, send again."""
    origin = proposal.origin
    target = str(request.parameters["EndpointConfigName"])
    endpoint = await deps.sagemaker.endpoint(str(request.parameters["EndpointName"]))
    if endpoint.status == "Updating" and endpoint.pending is not None and endpoint.pending.config_name != target:
        return Unclear(
            f"{endpoint.name} is being put on {endpoint.pending.config_name} by somebody else; it is not clear whether "
            "our own call came before. Nothing more was sent."
        )
    if endpoint.config_name == target or endpoint.status == "Updating":
        return Adopt(f"{endpoint.name} is {endpoint.status} on {endpoint.config_name}: taken as done by us.")
    untouched = (
        isinstance(origin, EndpointOrigin | PromotionOrigin)
        and endpoint.status == "InService"
        and endpoint.config_name == origin.config_name
        and endpoint.last_modified == origin.last_modified
    )
    if not untouched:
        return Unclear(
            f"It is not clear whether the call took effect: {endpoint.name} is {endpoint.status} on "
            f"{endpoint.config_name}. Nothing more was sent."
        )
    seen = record.result.get(SEEN_UNCHANGED_AT)
    now = deps.clock()
    if seen is not None and now - datetime.fromisoformat(seen) >= deps.pace.adopt_again:
        return SendAgain()
    return WaitAndLookAgain({SEEN_UNCHANGED_AT: seen or now.isoformat()})


async def _approval(deps: Deps, proposal: Proposal, request: ApiRequest) -> Adoption:
    """Approved with our own words is ours; as it was, send again; anything else, a person decided meanwhile."""
    package = await deps.sagemaker.model_package(str(request.parameters["ModelPackageArn"]))
    ours = package.approval_description == request.parameters["ApprovalDescription"]
    if package.approval_status == request.parameters["ModelApprovalStatus"] and ours:
        return Adopt(f"Version {package.version} is {package.approval_status} with our own words: taken as done by us.")
    before = proposal.origin.package_status if isinstance(proposal.origin, PromotionOrigin) else None
    if package.approval_status == before:
        return SendAgain()
    return Unclear(
        f"It is not clear whether the call took effect: version {package.version} is {package.approval_status}. "
        "Nothing more was sent."
    )


async def _created_model(deps: Deps, request: ApiRequest) -> Adoption:
    name = str(request.parameters["ModelName"])
    try:
        found = await deps.sagemaker.model(name)
    except NotFound:
        return SendAgain()
    if model_as_asked(found, request.parameters):
        return Adopt(f"Model {name} is there, as it was asked for: taken as done by us.")
    return Unclear(f"A model {name} is there that is not what was asked for. Nothing more was sent.")


async def _created_config(deps: Deps, request: ApiRequest) -> Adoption:
    name = str(request.parameters["EndpointConfigName"])
    try:
        found = await deps.sagemaker.endpoint_config(name)
    except NotFound:
        return SendAgain()
    if config_as_asked(found, request.parameters):
        return Adopt(f"Endpoint config {name} is there, as it was asked for: taken as done by us.")
    return Unclear(f"An endpoint config {name} is there that is not what was asked for. Nothing more was sent.")

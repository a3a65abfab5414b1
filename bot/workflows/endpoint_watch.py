"""Does an endpoint still stand as a change left it? `InService` alone says nothing: SageMaker may have gone back."""

from dataclasses import dataclass
from typing import assert_never

from bot.workflows.following import MOVING, shares_of
from bot.workflows.ports import Deps
from incidents.origin import AnyOrigin, EndpointOrigin, PromotionOrigin, TrafficOrigin
from incidents.proposal import Proposal
from incidents.remediation import PromoteModel, RollbackEndpoint, ShiftTraffic
from incidents.specs.promote_model import PromoteModelSpec
from incidents.specs.shift_traffic import shares
from tools.errors import NotFound
from tools.sagemaker.states import EndpointState


@dataclass(frozen=True)
class Stands:
    """As it was left."""


@dataclass(frozen=True)
class Moves:
    """It is being changed now: what its signals say is not about the change."""

    text: str


@dataclass(frozen=True)
class Lost:
    """It is not as it was left; `by_others` where somebody else changed it, so that nothing of ours is to be undone."""

    text: str
    by_others: bool = False


Standing = Stands | Moves | Lost


async def standing(
    deps: Deps, proposal: Proposal, remediation: RollbackEndpoint | ShiftTraffic | PromoteModel
) -> Standing:
    """How the endpoint stands now. Raises `UpstreamError` when it cannot be read."""
    try:
        endpoint = await deps.sagemaker.endpoint(remediation.endpoint)
    except NotFound:
        return Lost(f"{remediation.endpoint} is gone: somebody deleted it.", by_others=True)
    before = config_of(proposal.origin)
    match remediation:
        case RollbackEndpoint():
            return _on(endpoint, remediation.to_config, before)
        case PromoteModel():
            return _on(endpoint, PromoteModelSpec(remediation).name(proposal.execution_id), before)
        case ShiftTraffic():
            found = _on(endpoint, before, None)
            if not isinstance(found, Stands) or shared_as_asked(endpoint, remediation):
                return found
            return Lost(
                f"The traffic of {endpoint.name} is at {shares_of(endpoint)} now, not at "
                f"{shares(remediation.weights)}: somebody else shifted it.",
                by_others=True,
            )
        case _:
            assert_never(remediation)


def config_of(origin: AnyOrigin) -> str:
    """The endpoint config that an endpoint's origin names; empty for other origins."""
    return origin.config_name if isinstance(origin, EndpointOrigin | TrafficOrigin | PromotionOrigin) else ""


def shared_as_asked(endpoint: EndpointState, remediation: ShiftTraffic) -> bool:
    """Is the traffic shared with the weights that were asked for?"""
    weights = {one.name: one.weight or 0.0 for one in endpoint.variants}
    return all(abs(weights.get(one.variant, -1.0) - one.weight) < 1e-6 for one in remediation.weights)


def _on(endpoint: EndpointState, config: str, before: str | None) -> Standing:
    name, reason = endpoint.name, endpoint.failure_reason
    if endpoint.status in MOVING:
        return Moves(f"{name} is {endpoint.status}: somebody is changing it")
    if endpoint.status != "InService":
        return Lost(f"{name} is {endpoint.status}.")
    if endpoint.config_name == config:
        return Lost(f"{name} reports a failure although it is InService.") if reason else Stands()
    if endpoint.config_name == before:
        return Lost(f"{name} went back to {before}, where it was before the change.")
    return Lost(f"{name} was put on {endpoint.config_name} by somebody else.", by_others=True)

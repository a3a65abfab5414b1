"""The observer: which endpoint config is live, recorded every minute, since SageMaker keeps no such history."""

import asyncio

import structlog

from bot.workflows.following import shares_of
from bot.workflows.ports import Deps
from incidents.origin import AnyOrigin, EndpointOrigin, PromotionOrigin, TrafficOrigin
from incidents.specs.shift_traffic import shares
from tools.errors import UpstreamError
from tools.sagemaker.states import EndpointState

log = structlog.get_logger(__name__)


async def observe(deps: Deps) -> None:
    """Look at every endpoint of the catalogue once; proposals made on another config are superseded."""
    models = [model for model in deps.catalogue.models.values() if model.endpoint is not None]
    await asyncio.gather(*(_observe_one(deps, model.endpoint.name) for model in models if model.endpoint))


async def _observe_one(deps: Deps, endpoint: str) -> None:
    try:
        seen = await deps.sagemaker.endpoint(endpoint)
    except UpstreamError as error:
        log.warning("observe.unreadable", endpoint=endpoint, error=str(error))
        return
    if seen.status != "InService":
        return
    now = deps.clock()
    await asyncio.to_thread(deps.writer.observations.seen, endpoint, seen.config_name, seen.last_modified, now)
    superseded = await asyncio.to_thread(
        deps.writer.decisions.supersede_changed,
        f"endpoint/{endpoint}",
        lambda origin: changed(origin, seen),
        deps.new_id(),
        now,
    )
    if superseded:
        log.info("observe.superseded", endpoint=endpoint, incidents=superseded)
        deps.wake_outbox()


def changed(origin: AnyOrigin, endpoint: EndpointState) -> str | None:
    """Why a proposal that starts from `origin` is void now; None while the endpoint is as it was."""
    if not isinstance(origin, EndpointOrigin | TrafficOrigin | PromotionOrigin):
        return None
    if endpoint.arn != origin.arn:
        return "the endpoint was deleted and made anew"
    if endpoint.config_name != origin.config_name:
        return f"the endpoint is on {endpoint.config_name} now, not on {origin.config_name}"
    if isinstance(origin, TrafficOrigin) and shares_of(endpoint) != shares(origin.weights):
        return f"the traffic is at {shares_of(endpoint)} now, not at {shares(origin.weights)}"
    return None

"""The observer: which endpoint config is live, recorded every minute, since SageMaker keeps no such history."""

import asyncio

import structlog

from bot.workflows.ports import Deps
from tools.errors import UpstreamError

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
        deps.writer.decisions.supersede_changed, f"endpoint/{endpoint}", seen.config_name, deps.new_id(), now
    )
    if superseded:
        log.info("observe.superseded", endpoint=endpoint, incidents=superseded)
        deps.wake_outbox()

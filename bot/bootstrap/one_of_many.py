"""This process among its replicas: its presence, and what it takes over from others."""

import os
import socket
from contextlib import AsyncExitStack

from bot.bootstrap.ground import Ground, new_id
from bot.workflows.engine import VERSION, Engine
from bot.workflows.failover import Failover
from bot.workflows.ports import Deps
from bot.workflows.presence import Presence
from tools.incident_store.executor_lock import ExecutorLock
from tools.incident_store.writer.replicas import Replica
from tools.runbook_index.folder_id import folder_id


async def begun(ground: Ground, closing: AsyncExitStack) -> Presence:
    """The presence of this process, with its executor id taken; `closing` ends it. Raises `ExecutorTaken`."""
    settings = ground.settings
    folder = None if settings.chroma_url else folder_id(settings.data_dir, new_id())
    me = Replica(instance=new_id(), executor=ground.owner, host=socket.gethostname(), pid=os.getpid(), folder=folder)
    lock = ExecutorLock(ground.database, ground.owner)
    presence = Presence(ground.writer.replicas, lock, ground.clock, me, version=VERSION, pace=ground.pace)
    await presence.begin()
    closing.callback(presence.close)
    closing.push_async_callback(presence.stopped)
    return presence


def failover_of(ground: Ground, deps: Deps, engine: Engine) -> Failover:
    """Who takes over the work of replicas that have ended."""
    return Failover(
        ground.writer.replicas,
        ground.writer.leases,
        carry_on=engine.carry_on,
        owner=ground.owner,
        pace=ground.pace,
        clock=ground.clock,
        metrics=ground.metrics,
        wake=deps.wake_dispatcher,
    )

"""What the workflows are given, and the durable engine they run in."""

import asyncio
from contextlib import AsyncExitStack

from agents.investigator import Investigator
from agents.tracing import Trace
from bot.bootstrap.ground import Ground, new_id
from bot.bootstrap.wakes import Wakes
from bot.partners import Clients, revealed
from bot.settings import Settings
from bot.workflows import execution, investigation, verification
from bot.workflows.engine import Engine, config_for
from bot.workflows.operators import Operators
from bot.workflows.ports import Deps
from tools.datasets.operator import DatasetOperator
from tools.github.operator import GitHubOperator
from tools.sagemaker.operator import SageMakerOperator


def trace_of(settings: Settings, closing: AsyncExitStack) -> Trace:
    """Where spans go; the last of them are sent at the stop."""
    if settings.otlp_endpoint is None:
        return Trace.off()
    from bot.telemetry import tracer_provider

    content = settings.otlp_content
    provider = tracer_provider(settings.otlp_endpoint, settings.otlp_header_values, content=content)
    closing.push_async_callback(asyncio.to_thread, provider.shutdown)
    return Trace(provider, content=content)


def deps_of(
    ground: Ground, clients: Clients, investigator: Investigator, github: GitHubOperator | None, wakes: Wakes
) -> Deps:
    """Everything a workflow may use."""
    return Deps(
        reader=ground.reader,
        writer=ground.writer,
        catalogue=ground.catalogue,
        policy=ground.policy,
        investigator=investigator,
        prometheus=clients.prometheus,
        sagemaker=clients.sagemaker,
        datasets=clients.datasets,
        operators=_operators(ground, github),
        rules=clients.rules,
        pace=ground.pace,
        owner=ground.owner,
        clock=ground.clock,
        new_id=new_id,
        wake_outbox=wakes.wake_outbox,
        wake_dispatcher=wakes.wake_dispatcher,
        metrics=ground.metrics,
    )


def launched_engine(ground: Ground, deps: Deps) -> Engine:
    """The engine with every workflow registered, running; it carries on what an earlier life of this process left."""
    engine = Engine(config_for(url=ground.engine_url(), executor_id=deps.owner))
    for workflow in (investigation, execution, verification):
        workflow.register(engine, deps)
    engine.launch()
    return engine


def _operators(ground: Ground, github: GitHubOperator | None) -> Operators:
    settings = ground.settings
    url, external_id = settings.aws_endpoint_url, revealed(settings.aws_external_id)
    use_roles = settings.aws_assume_roles
    return Operators(
        sagemaker=SageMakerOperator(
            region=ground.region, endpoint_url=url, external_id=external_id, use_roles=use_roles
        ),
        datasets=DatasetOperator(region=ground.region, endpoint_url=url, external_id=external_id, use_roles=use_roles),
        github=github,
        notices=ground.writer.messages,
        clock=ground.clock,
    )

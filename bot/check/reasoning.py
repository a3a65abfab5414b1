"""What reasons and draws: the language model, the other sources, the receiver of spans, the charts."""

import asyncio
from collections.abc import AsyncIterator
from importlib.util import find_spec

from agents.llm_config import LlmUnusable
from bot.check.address import shown
from bot.check.finding import Finding
from bot.partners import llm_config, other_sources_of
from bot.settings import Settings
from incidents.errors import ManifestError
from tools.errors import UpstreamError


async def examine_reasoning(settings: Settings) -> AsyncIterator[Finding]:
    """The language model, the sources that it may ask, and where its spans and charts go."""
    yield await _reasoner(settings)
    async for finding in _other_sources(settings):
        yield finding
    if settings.otlp_endpoint is not None:
        yield await _spans(settings.otlp_endpoint, settings)
    if find_spec("matplotlib") is None:
        yield Finding(
            "note", "charts", "matplotlib is not installed, so threads have no chart: agentops[charts] has it"
        )


async def _reasoner(settings: Settings) -> Finding:
    """One small request to the configured model: a key that is there may still be wrong."""
    config = llm_config(settings)
    subject = "language model"
    if config.offline:
        return Finding("note", subject, "no ANTHROPIC_API_KEY: the offline rules reason, and say so")
    from agents.llm_trial import try_out

    try:
        trial = await try_out(config)
    except LlmUnusable as error:
        return Finding("wrong", subject, str(error))
    if trial.problem:
        where = f" at {shown(config.base_url)}" if config.base_url else ""
        return Finding("wrong", subject, f"{config.model}{where} {trial.problem}; the offline rules would reason")
    cost = "its cost is not known, so tokens bound it" if trial.cost_usd is None else f"for ${trial.cost_usd:.4f}"
    text = f"{config.model} answered in {trial.seconds:.1f} s, {cost}; the offline rules stand in when it fails"
    return Finding("right", subject, text)


async def _spans(endpoint: str, settings: Settings) -> Finding:
    from bot.telemetry import receiver_takes

    if await asyncio.to_thread(receiver_takes, endpoint, settings.otlp_header_values):
        return Finding("right", "spans", f"{shown(endpoint)} takes them")
    look = "look at AGENTOPS_OTLP_ENDPOINT and AGENTOPS_OTLP_HEADERS"
    return Finding("wrong", "spans", f"{shown(endpoint)} does not take them; {look}")


async def _other_sources(settings: Settings) -> AsyncIterator[Finding]:
    """Connects to every MCP server, and tells what is offered of it and what is not."""
    try:
        client = other_sources_of(settings)
    except ManifestError as error:
        yield Finding("wrong", "other sources", str(error))
        return
    if client is None:
        return
    try:
        for name in client.names:
            subject = f"source {name}"
            try:
                offer = await client.offer(name)
            except UpstreamError as error:
                yield Finding("wrong", subject, f"it cannot be read: {error.detail}")
                continue
            names = ", ".join(tool.name for tool in offer.tools)
            if names:
                yield Finding("right", subject, f"offers {names}; {offer.not_listed} more are not listed")
            for tool, reason in offer.refused.items():
                yield Finding("wrong", subject, f"{tool} is not offered: {reason}; take it off the list")
    finally:
        await client.close()

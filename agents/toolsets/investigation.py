"""What a language model may call while it investigates. Every tool reads; none can change anything."""

from collections.abc import Sequence
from functools import cache

from pydantic_ai import FunctionToolset, ModelRetry, RunContext, Tool
from pydantic_ai.messages import ModelMessage

from agents.collectors.free_query import LONGEST_QUERY
from agents.fencing import facts_fenced, facts_in, fences_in
from agents.readings.found import Found
from agents.task import prompts_of
from agents.workbench import Workbench


async def all_signals(ctx: RunContext[Workbench]) -> str:
    """Every signal of the model's catalogue entry, now against before, with onset and limit. Start here."""
    return _told(ctx, "prometheus", await ctx.deps.all_signals())


async def metric_window(ctx: RunContext[Workbench], signal: str) -> str:
    """One signal of the catalogue over the window: value before and now, onset, and whether it is past its limit.

    Args:
        signal: the signal's name in the catalogue, e.g. latency_p99.
    """
    model = ctx.deps.lens.model
    known = list(model.signals) if model else []
    if signal not in known:
        raise ModelRetry(f"There is no signal of that name. Signals: {', '.join(known) or 'none'}.")
    return _told(ctx, "prometheus", await ctx.deps.one_signal(signal))


async def query_prometheus(ctx: RunContext[Workbench], promql: str) -> str:
    """The value of a PromQL expression now. Use it for what the catalogue's signals do not tell.

    Args:
        promql: one expression; answers are cut to twenty series.
    """
    if not promql.strip() or len(promql) > LONGEST_QUERY:
        raise ModelRetry(f"Give one expression of 1 to {LONGEST_QUERY} characters.")
    return _told(ctx, "prometheus", await ctx.deps.query_prometheus(promql))


async def feature_drift(ctx: RunContext[Workbench]) -> str:
    """The drift (PSI) of every feature and of all together, worst first."""
    model = ctx.deps.lens.model
    names = [name for name in ("feature_psi", "aggregate_psi", "prediction_psi") if model and name in model.signals]
    found: list[Found] = []
    for name in names:
        found.extend(await ctx.deps.one_signal(name))
    return _told(ctx, "prometheus", found)


async def capacity(ctx: RunContext[Workbench]) -> str:
    """CPU, memory, instances, traffic (also per instance) and throttled requests, now against before."""
    return _told(ctx, "prometheus", await ctx.deps.capacity())


async def endpoint_state(ctx: RunContext[Workbench]) -> str:
    """The endpoint as SageMaker shows it: config, status, instances, last change, and older configs."""
    return _told(ctx, "sagemaker", await ctx.deps.endpoint_state())


async def recent_changes(ctx: RunContext[Workbench]) -> str:
    """What was changed about this model lately (deployments, configs, training), and which config served when.

    Also what was merged and released in its repository; code that is merged need not run anywhere.
    """
    return _told(ctx, "sagemaker", await ctx.deps.recent_changes() + await ctx.deps.commits())


async def logs(ctx: RunContext[Workbench]) -> str:
    """Errors and warnings in the logs of the endpoint and of its pipelines' jobs that are new since the onset."""
    return _told(ctx, "logs", await ctx.deps.logs())


async def data_quality(ctx: RunContext[Workbench]) -> str:
    """Violations of the data constraints that the last run of Model Monitor found: nulls, types, columns."""
    return _told(ctx, "model monitor", await ctx.deps.data_quality())


async def captured_data(ctx: RunContext[Workbench]) -> str:
    """The captured requests themselves since the trouble began: drift, nulls, types, volume, predictions."""
    return _told(ctx, "data capture", await ctx.deps.captured_data())


async def versions(ctx: RunContext[Workbench]) -> str:
    """The live version beside the one before it: image, instance type, size, environment, evaluation."""
    return _told(ctx, "sagemaker", await ctx.deps.versions())


async def search_runbooks(ctx: RunContext[Workbench], query: str) -> str:
    """Passages of runbooks and procedures, word for word, each with file, heading and lines to cite.

    Args:
        query: what you want to know, in a few words.
    """
    return _told(ctx, "runbooks", await ctx.deps.search_runbooks(query))


async def search_incidents(ctx: RunContext[Workbench], text: str) -> str:
    """Past incidents like the one told, with what worked and what did not.

    Args:
        text: the symptoms, in a few words.
    """
    return _told(ctx, "runbooks", await ctx.deps.search_incidents(text))


def investigation_toolset() -> FunctionToolset[Workbench]:
    """All of the above."""
    return FunctionToolset[Workbench](_tools(), id="investigation")


@cache
def _tools() -> Sequence[Tool[Workbench]]:
    """Every stage is shown the same ones; what they take and how they are told is worked out once."""
    functions = FunctionToolset[Workbench](
        [
            all_signals,
            metric_window,
            feature_drift,
            data_quality,
            captured_data,
            endpoint_state,
            recent_changes,
            versions,
            logs,
            capacity,
            search_runbooks,
            search_incidents,
            query_prometheus,
        ]
    )
    return list(functions.tools.values())


def runbook_toolset() -> FunctionToolset[Workbench]:
    """Runbooks and past incidents alone, for questions without an incident."""
    return FunctionToolset[Workbench]([search_runbooks, search_incidents], id="runbooks")


def _told(ctx: RunContext[Workbench], source: str, found: Sequence[Found]) -> str:
    """The facts; of those that stand in the prompt the ids alone, for a history is paid for again with each request."""
    return facts_fenced(source, found, told=_in_prompts(ctx.messages))


def _in_prompts(messages: Sequence[ModelMessage]) -> frozenset[str]:
    """The ids of facts that were told whole, with what was read of them, where no compaction reaches them."""
    contents = (content for text in prompts_of(messages) for content in fences_in(text))
    return frozenset(str(fact["id"]) for content in contents for fact in facts_in(content) if "reading" in fact)

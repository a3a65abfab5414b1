"""The table of docs/metrics.md, made from what a process exports: `python -m tests.docs.metrics_table` prints it."""

import time
from dataclasses import asdict
from datetime import datetime, timedelta

from bot.metrics import Metrics
from bot.row_metrics import RowMetrics, Watched
from bot.slack.counts import Counts
from incidents.clock import now
from tests.incidents.builders import policy
from tools.incident_store.standing_reader import Standing, Waiting

HEAD = ("| metric | type | meaning |", "|---|---|---|")


def nothing_stands(at: datetime, fresh: timedelta) -> Standing:
    """An empty database."""
    none = Waiting(0)
    return Standing(
        none,
        none,
        none,
        none,
        none,
        none,
        none,
        none,
        none,
        live_incidents={},
        replicas=1,
        llm_cost_usd=0.0,
        storms=0,
        flapping=0,
    )


def everything() -> Metrics:
    """The metrics of a process, those of rows included."""
    metrics = Metrics()
    watched = Watched(
        standing=nothing_stands,
        outbox=lambda: asdict(Counts()),
        slack_connected=lambda: True,
        policy=policy,
        clock=now,
        monotonic=time.monotonic,
    )
    metrics.registry.register(RowMetrics(watched))
    return metrics


def rows() -> dict[str, str]:
    """A line of Markdown for each metric, by the name that Prometheus has."""
    told: dict[str, str] = {}
    for metric in everything().registry.collect():
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        told[name] = f"| `{name}` | {metric.type} | {metric.documentation} |"
    return dict(sorted(told.items()))


def table() -> str:
    """The whole table."""
    return "\n".join([*HEAD, *rows().values()])


if __name__ == "__main__":
    print(table())

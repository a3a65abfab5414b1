"""What Prometheus is told beside what is counted: rows, Slack, the policy, and which version runs."""

import time
from dataclasses import asdict
from importlib.metadata import version

from bot.bootstrap.ground import Ground
from bot.row_metrics import RowMetrics, Watched
from bot.slack.app import SlackSide
from bot.slack.desk import BotDesk
from tools.incident_store.standing_reader import StandingReader


def watched_rows(ground: Ground, slack: SlackSide[BotDesk]) -> RowMetrics:
    """The collector of what stands in rows, registered beside the counters."""
    ground.metrics.build_info.labels(version("agentops")).set(1)
    rows = RowMetrics(
        Watched(
            standing=StandingReader(ground.database).standing,
            outbox=lambda: asdict(slack.outbox.counts),
            slack_connected=slack.reachable,
            policy=ground.policy,
            clock=ground.clock,
            monotonic=time.monotonic,
            llm_cost_per_hour_usd=ground.settings.llm_cost_per_hour_usd,
        )
    )
    ground.metrics.registry.register(rows)
    return rows

"""What everything stands on: the files that people write, the database with its readers and writers, the pace."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.metrics import Metrics
from bot.partners import other_sources_of, reader_role_of, region_of
from bot.settings import Settings
from bot.workflows.pace import Pace, settling
from incidents.budget import InvestigationBudget
from incidents.clock import now
from incidents.errors import AgentOpsError
from incidents.flapping import FlappingRule
from incidents.storm import StormRule
from tools.incident_store.clock import SharedClock
from tools.incident_store.database import Database, with_session_options
from tools.incident_store.limits import Limits
from tools.incident_store.reader import StoreReader
from tools.incident_store.writer.store import StoreWriter, open_writer
from tools.manifests.load import load_catalogue
from tools.manifests.watched_policy import WatchedPolicy
from tools.mcp_servers.client import McpClient

if TYPE_CHECKING:
    from incidents.catalogue import Catalogue

ID_BYTES = 9
"""Of randomness in an id: 72 bits, 12 characters; a button's value must not be guessed."""


class Incomplete(AgentOpsError):
    """A setting that is needed is missing. The message says which and what to do."""


def new_id() -> str:
    """An opaque random id."""
    return secrets.token_hex(ID_BYTES)


def limits_of(settings: Settings) -> Limits:
    """The limits that the settings ask for. What a channel and a language model bear passes by the wall clock."""
    return Limits(
        settle_most=2 * settling(settings, settings.settle_max_seconds / 2),
        flapping=FlappingRule(
            changes=settings.flapping_changes,
            window=settings.scaled(settings.flapping_window_minutes * 60),
            calm=settings.scaled(settings.flapping_calm_minutes * 60),
        ),
        storm=StormRule(incidents=settings.storm_incidents, window=timedelta(minutes=settings.storm_window_minutes)),
        budget=InvestigationBudget(
            at_once=settings.investigations_at_once,
            per_hour=settings.investigations_per_hour,
            llm_usd_per_hour=settings.llm_cost_per_hour_usd,
        ),
    )


@dataclass(frozen=True)
class Ground:
    """Constructed first; nothing of it is connected yet.

    Attributes:
        others: the MCP servers of the settings; None where there are none.
        owner: the name under which this process holds leases; the same after a restart.
        clock: the one clock that all moments of rows come from.
    """

    settings: Settings
    catalogue: "Catalogue"
    policy: WatchedPolicy
    others: McpClient | None
    region: str
    reader_role: str | None
    pace: Pace
    metrics: Metrics
    database: Database
    reader: StoreReader
    writer: StoreWriter
    owner: str
    clock: SharedClock

    @classmethod
    def of(cls, settings: Settings) -> "Ground":
        """Raises `ManifestError` for a wrong file and `Incomplete` for a missing setting."""
        if settings.slack_bot_token is None or not (settings.slack_app_token or settings.slack_signing_secret):
            raise Incomplete(
                "Slack is not set up: SLACK_BOT_TOKEN and SLACK_APP_TOKEN are needed (the README says where they come "
                "from). To see AgentOps without Slack: agentops demo"
            )
        catalogue = load_catalogue(settings.models_file)
        policy = WatchedPolicy(settings.policy_file)
        region = region_of(catalogue, settings.models_file)
        reader_role = reader_role_of(catalogue, settings.models_file)
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        pace = Pace.of(settings)
        database = Database(settings.database)
        return cls(
            settings=settings,
            catalogue=catalogue,
            policy=policy,
            others=other_sources_of(settings),
            region=region,
            reader_role=reader_role,
            pace=pace,
            metrics=Metrics(),
            database=database,
            reader=StoreReader(database),
            writer=open_writer(database, catalogue, settle=pace.settle, new_id=new_id, limits=limits_of(settings)),
            owner=settings.executor_id or "embedded",
            clock=SharedClock(database, now),
        )

    def engine_url(self) -> str:
        """Where the durable engine keeps its rows: beside ours, on SQLite in a file of its own."""
        if self.database.is_sqlite:
            return f"sqlite:///{self.settings.data_dir / 'engine.sqlite'}"
        return with_session_options(self.database.url).render_as_string(hide_password=False)

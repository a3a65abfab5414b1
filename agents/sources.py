"""What the reasoning floor may read: the readers of `tools`, by what is asked of them. None can change anything."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from incidents.catalogue import ModelSpec
from tools.cloudwatch_logs.records import LogLines, LogPlace
from tools.datasets.captured import CapturedData
from tools.datasets.monitor import Violation
from tools.datasets.monitored import MonitoredData
from tools.datasets.window import Window
from tools.github.history import History
from tools.mcp_servers.records import McpAnswer, Offer
from tools.prometheus.series import InstantSample, Series
from tools.runbook_index.past_ranking import PastHit
from tools.runbook_index.records import RunbookHit
from tools.sagemaker.preflight import Preflight
from tools.sagemaker.states import (
    Change,
    EndpointConfig,
    EndpointConfigSummary,
    EndpointState,
    PipelineJob,
    PipelineState,
)
from tools.sagemaker.versions import ServedVersion


class MetricsReader(Protocol):
    """`tools.prometheus.client.PrometheusClient`, as far as it is used here."""

    async def query(self, promql: str, at: datetime | None = None) -> Sequence[InstantSample]:
        """Values at a moment."""
        ...

    async def query_range(
        self, promql: str, start: datetime, end: datetime, step: timedelta | None = None
    ) -> Sequence[Series]:
        """Values over a window."""
        ...

    def graph_url(self, promql: str, start: datetime, end: datetime) -> str:
        """Where a person sees the same."""
        ...


class SageMakerReads(Protocol):
    """`tools.sagemaker.reader.SageMakerReader`, as far as it is used here."""

    async def endpoint(self, name: str) -> EndpointState:
        """The endpoint as it stands."""
        ...

    async def endpoint_config(self, name: str) -> EndpointConfig:
        """The endpoint config of this name."""
        ...

    async def endpoint_configs(self, prefix: str, limit: int) -> Sequence[EndpointConfigSummary]:
        """Configs whose name begins so, newest first."""
        ...

    async def served_version(self, config: str, variant: str, group: str | None) -> ServedVersion:
        """What a config serves under a variant, with its evaluation."""
        ...

    async def pipeline(self, name: str) -> PipelineState:
        """The training pipeline."""
        ...

    async def rollback_preflight(self, endpoint: str, to_config: str) -> Preflight:
        """What was looked at before a rollback."""
        ...

    async def recent_changes(self, model: ModelSpec, since: datetime) -> Sequence[Change]:
        """Changes, newest first."""
        ...

    async def recent_jobs(self, model: ModelSpec, since: datetime) -> Sequence[PipelineJob]:
        """The jobs of the newest run of each of the model's pipelines, where it ended since then."""
        ...


class DatasetReads(Protocol):
    """`tools.datasets.reader.DatasetReader`, as far as it is used here."""

    async def violations(self, model: ModelSpec) -> Sequence[Violation]:
        """What the last run of Model Monitor found."""
        ...

    async def monitored(self, model: ModelSpec) -> MonitoredData | None:
        """The statistics of the last run beside those of the training data; None where there are none."""
        ...

    async def captured(self, model: ModelSpec, window: Window, before: Window) -> CapturedData:
        """Captured requests of a window against the training data and against those before it."""
        ...


class RunbookReads(Protocol):
    """`tools.runbook_index.index.RunbookIndex`, as far as it is used here. Its methods block for milliseconds."""

    def search(
        self, query: str, *, alert: str | None = None, runbook_url: str | None = None, k: int = 5
    ) -> Sequence[RunbookHit]:
        """Passages, best first."""
        ...

    def search_incidents(self, text: str, k: int = 3) -> Sequence[RunbookHit]:
        """Written-up incidents, best first."""
        ...

    def told_under(self, file: str, heading: str, query: str) -> RunbookHit | None:
        """The sentence nearest to `query` under a heading of one page; None where it has no such heading."""
        ...

    def verify_quote(self, file: str, heading: str, quote: str) -> tuple[int, int] | None:
        """The lines of a quote, or None where it does not stand there."""
        ...


class MemoryReads(Protocol):
    """`tools.runbook_index.memory.IncidentMemory`, as far as it is used here. It blocks for milliseconds."""

    def search(
        self, text: str, *, model: str, alerts: frozenset[str] = frozenset(), besides: str = "", k: int = 3
    ) -> Sequence[PastHit]:
        """Closed incidents of our own, the likest first."""
        ...


class OtherSources(Protocol):
    """`tools.mcp_servers.client.McpClient`, as far as it is used here."""

    @property
    def names(self) -> Sequence[str]:
        """The servers."""
        ...

    async def offer(self, server: str) -> Offer:
        """What a server offers: tools that only read."""
        ...

    async def ask(self, server: str, tool: str, arguments: Mapping[str, Any]) -> McpAnswer:
        """What a tool of it answers, untrusted."""
        ...


class LogReads(Protocol):
    """`tools.cloudwatch_logs.reader.LogReader`, as far as it is used here."""

    async def trouble(self, place: LogPlace, start: datetime, end: datetime) -> LogLines:
        """Lines that may tell of trouble, see `tools.cloudwatch_logs.trouble`."""
        ...

    async def lines(self, place: LogPlace, start: datetime, end: datetime, most: int) -> LogLines:
        """The first `most` lines, whatever they say."""
        ...

    def console_url(self, place: LogPlace, start: datetime, end: datetime) -> str:
        """Where a person sees the same."""
        ...


class HistoryReads(Protocol):
    """`tools.github.history_reader.HistoryReader`, as far as it is used here."""

    async def history(self, repository: str, since: datetime, until: datetime) -> History:
        """Commits on the default branch, and published releases."""
        ...


@dataclass(frozen=True)
class Sources:
    """Everything an investigation may read."""

    clock: Callable[[], datetime]
    """The moment it is now, in UTC; an investigation lasts, and what it proposes reaches up to its end."""
    prometheus: MetricsReader
    sagemaker: SageMakerReads
    datasets: DatasetReads
    runbooks: RunbookReads
    others: OtherSources | None = None
    memory: MemoryReads | None = None
    """Our own closed incidents; None where there is no database."""
    logs: LogReads | None = None
    history: HistoryReads | None = None

"""A partner that does not answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.catalogue import ModelSpec
from incidents.origin import DataObject, EndpointOrigin, PromotionOrigin, TrafficOrigin
from incidents.remediation import AnyRemediation
from tools.cloudwatch_logs.records import LogLines, LogPlace
from tools.datasets.captured import CapturedData
from tools.datasets.monitor import Violation
from tools.datasets.monitored import MonitoredData
from tools.datasets.window import Window
from tools.errors import Unavailable
from tools.github.history import History
from tools.prometheus.series import InstantSample, Series
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


@dataclass(frozen=True)
class Down:
    """A partner that does not answer, in the place of any reader."""

    service: str

    async def query(self, promql: str, at: datetime | None = None) -> list[InstantSample]:
        """Unavailable."""
        raise self._refused("query")

    async def query_range(
        self, promql: str, start: datetime, end: datetime, step: timedelta | None = None
    ) -> list[Series]:
        """Unavailable."""
        raise self._refused("query_range")

    def graph_url(self, promql: str, start: datetime, end: datetime) -> str:
        """None: nobody can see a recording in Prometheus."""
        return ""

    async def endpoint(self, name: str) -> EndpointState:
        """Unavailable."""
        raise self._refused("DescribeEndpoint")

    async def endpoint_config(self, name: str) -> EndpointConfig:
        """Unavailable."""
        raise self._refused("DescribeEndpointConfig")

    async def endpoint_configs(self, prefix: str, limit: int) -> list[EndpointConfigSummary]:
        """Unavailable."""
        raise self._refused("ListEndpointConfigs")

    async def pipeline(self, name: str, version: int | None = None) -> PipelineState:
        """Unavailable."""
        raise self._refused("DescribePipeline")

    async def rollback_preflight(self, endpoint: str, to_config: str) -> Preflight:
        """Unavailable."""
        raise self._refused("DescribeEndpointConfig")

    async def recent_changes(self, model: ModelSpec, since: datetime) -> list[Change]:
        """Unavailable."""
        raise self._refused("ListEndpointConfigs")

    async def served_version(self, config: str, variant: str, group: str | None) -> ServedVersion:
        """Unavailable."""
        raise self._refused("DescribeEndpointConfig")

    async def recent_jobs(self, model: ModelSpec, since: datetime) -> list[PipelineJob]:
        """Unavailable."""
        raise self._refused("ListPipelineExecutions")

    async def trouble(self, place: LogPlace, start: datetime, end: datetime) -> LogLines:
        """Unavailable."""
        raise self._refused("FilterLogEvents")

    async def lines(self, place: LogPlace, start: datetime, end: datetime, most: int) -> LogLines:
        """Unavailable."""
        raise self._refused("FilterLogEvents")

    def console_url(self, place: LogPlace, start: datetime, end: datetime) -> str:
        """An address can be made without an answer."""
        return "https://console.example/logs"

    async def history(self, repository: str, since: datetime, until: datetime) -> History:
        """Unavailable."""
        raise self._refused("ListCommits")

    async def endpoint_origin(self, endpoint: str) -> EndpointOrigin:
        """Unavailable."""
        raise self._refused("DescribeEndpoint")

    async def traffic(self, endpoint: str) -> TrafficOrigin:
        """Unavailable."""
        raise self._refused("DescribeEndpoint")

    async def promotion(self, endpoint: str, variant: str, package_arn: str) -> PromotionOrigin:
        """Unavailable."""
        raise self._refused("DescribeModelPackage")

    async def newest_pipeline_version(self, name: str) -> int | None:
        """Unavailable."""
        raise self._refused("ListPipelineVersions")

    async def preflight(self, remediation: AnyRemediation, model: ModelSpec) -> Preflight:
        """Unavailable."""
        raise self._refused("DescribeEndpoint")

    async def window(self, bucket: str, prefix: str, start: datetime, end: datetime) -> Sequence[DataObject]:
        """Unavailable."""
        raise self._refused("ListObjectsV2")

    async def violations(self, model: ModelSpec) -> list[Violation]:
        """Unavailable."""
        raise self._refused("GetObject")

    async def captured(self, model: ModelSpec, window: Window, before: Window) -> CapturedData:
        """Unavailable."""
        raise self._refused("ListObjectsV2")

    async def monitored(self, model: ModelSpec) -> MonitoredData | None:
        """Unavailable."""
        raise self._refused("GetObject")

    def search(
        self, query: str, *, alert: str | None = None, runbook_url: str | None = None, k: int = 5
    ) -> list[RunbookHit]:
        """Unavailable."""
        raise self._refused("search")

    def search_incidents(self, text: str, k: int = 3) -> list[RunbookHit]:
        """Unavailable."""
        raise self._refused("search")

    def told_under(self, file: str, heading: str, query: str) -> RunbookHit | None:
        """Unavailable."""
        raise self._refused("search")

    def verify_quote(self, file: str, heading: str, quote: str) -> tuple[int, int] | None:
        """Unavailable."""
        raise self._refused("read")

    def _refused(self, operation: str) -> Unavailable:
        return Unavailable(self.service, operation, "connection refused")

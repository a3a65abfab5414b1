"""The clients of the partners, made from the settings; bootstrap and `agentops check` pass them on."""

import asyncio
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from agents.investigator import Investigator
from agents.llm_config import CLAUDE, LlmConfig
from agents.sources import MemoryReads, OtherSources, RunbookReads, Sources
from agents.timing import Timing
from agents.tracing import Trace
from bot.settings import Settings, environment_value
from incidents.clock import now
from incidents.errors import ManifestError
from tools.cloudwatch_logs.reader import LogReader
from tools.datasets.reader import DatasetReader
from tools.errors import UpstreamError
from tools.github.history_reader import HistoryReader
from tools.github.repositories import RepositoryReader
from tools.mcp_servers.client import McpClient
from tools.mcp_servers.spec import load_mcp_servers
from tools.prometheus.client import PrometheusClient
from tools.prometheus.rule_files import rules_from_files
from tools.prometheus.series import AlertRule
from tools.runbook_index.embedding import embedder_named
from tools.runbook_index.index import RunbookIndex
from tools.sagemaker.connection import AwsConnection
from tools.sagemaker.reader import SageMakerReader
from tools.sagemaker.roles import ReaderRole, can_assume

if TYPE_CHECKING:
    from incidents.catalogue import Catalogue


def open_runbooks(settings: Settings) -> RunbookIndex:
    """The runbook index that the settings name. Nothing is loaded before its first use."""
    embedder = embedder_named(settings.embedding)
    if settings.chroma_url:
        return RunbookIndex.at_url(settings.chroma_url, embedder)
    return RunbookIndex.on_disk(settings.data_dir / "chroma", embedder)


@contextmanager
def open_corpus(folder: Path, settings: Settings) -> Generator[RunbookIndex]:
    """A passing index of any folder of Markdown."""
    from tools.runbook_index.corpus import corpus

    with corpus(folder, embedder_named(settings.embedding)) as index:
        yield index


@contextmanager
def runbooks_as_they_are(settings: Settings) -> Generator[RunbookIndex]:
    """The runbooks, only to be read: the Chroma server's index where one is set, else a passing one of the folder."""
    if not settings.chroma_url:
        with open_corpus(settings.runbooks_dir, settings) as index:
            yield index
        return
    with closing(open_runbooks(settings)) as index:
        yield index


def region_of(catalogue: "Catalogue", file: Path) -> str:
    """The one region this process serves."""
    regions = sorted({model.region for model in catalogue.models.values()})
    if len(regions) > 1:
        raise ManifestError(str(file), None, "region", f"one process serves one region, found {', '.join(regions)}")
    return regions[0] if regions else "eu-west-1"


def reader_role_of(catalogue: "Catalogue", file: Path) -> str | None:
    """The one role under which this process reads; None where the catalogue names none and its own credentials do."""
    roles = sorted({model.roles.reader for model in catalogue.models.values() if model.roles.reader})
    if len(roles) > 1:
        raise ManifestError(
            str(file), None, "roles.reader", f"one process reads under one role, found {', '.join(roles)}"
        )
    return roles[0] if roles else None


@dataclass(frozen=True)
class Clients:
    """Clients of the partners."""

    prometheus: PrometheusClient
    sagemaker: SageMakerReader
    datasets: DatasetReader
    logs: LogReader
    rules_dir: Path | None
    own: AwsConnection
    """The process's own credentials, which do nothing but assume roles where there are roles."""
    external_id: SecretStr | None = None
    repositories: RepositoryReader | None = None
    """None where no GitHub token is set."""
    history: HistoryReader | None = None
    own_rules: tuple[AlertRule, ...] = ()
    """Of alerts that this process raises itself."""

    @classmethod
    def of(
        cls, settings: Settings, region: str, reader_role: str | None, own_rules: tuple[AlertRule, ...] = ()
    ) -> "Clients":
        """Nothing is connected before its first use.

        With a `reader_role`, and unless the settings say that roles are not assumed, everything of AWS is read under
        it: what reasons then holds no other credentials.
        """
        url = settings.aws_endpoint_url
        own = AwsConnection(region=region, endpoint_url=url)
        role: ReaderRole | None = None
        if reader_role is not None and settings.aws_assume_roles:
            role = ReaderRole(reader_role, connection=own, external_id=revealed(settings.aws_external_id))
        return cls(
            prometheus=PrometheusClient(settings.prometheus_url, token=revealed(settings.prometheus_token)),
            sagemaker=SageMakerReader(region=region, endpoint_url=url, role=role),
            datasets=DatasetReader(region=region, endpoint_url=url, role=role),
            logs=LogReader(region=region, endpoint_url=url, role=role),
            rules_dir=settings.rules_dir,
            repositories=repositories_of(settings),
            history=history_of(settings),
            own=own,
            external_id=settings.aws_external_id,
            own_rules=own_rules,
        )

    def sources(
        self, runbooks: RunbookReads, others: OtherSources | None, memory: MemoryReads | None = None
    ) -> Sources:
        """What an investigation reads. `memory`: our own closed incidents, where the rows are at hand."""
        return Sources(
            clock=now,
            prometheus=self.prometheus,
            sagemaker=self.sagemaker,
            datasets=self.datasets,
            runbooks=runbooks,
            others=others,
            memory=memory,
            logs=self.logs,
            history=self.history,
        )

    async def close(self) -> None:
        """Close the connections of a process that reads once and ends."""
        for client in (self.prometheus, self.sagemaker, self.datasets, self.logs):
            client.close()
        if self.repositories is not None:
            await self.repositories.close()

    async def try_role(self, arn: str) -> None:
        """Assume a role for a session that may do nothing. Raises `UpstreamError` where that fails."""
        await asyncio.to_thread(can_assume, self.own, arn, revealed(self.external_id))

    async def rules(self) -> list[AlertRule]:
        """From Prometheus, and from rule files where it has none or does not answer; and this process' own."""
        return [*await self._found_rules(), *self.own_rules]

    async def _found_rules(self) -> list[AlertRule]:
        try:
            found = await self.prometheus.rules()
        except UpstreamError:
            if self.rules_dir is None and not self.own_rules:
                raise
            found = []
        if found or self.rules_dir is None:
            return found
        return await asyncio.to_thread(rules_from_files, self._rule_files())

    def _rule_files(self) -> list[Path]:
        """Not the unit tests that stand beside them, which promtool wants to end in ``.test.yml``."""
        found = self.rules_dir.glob("*.y*ml") if self.rules_dir is not None else ()
        return sorted(path for path in found if not path.stem.endswith(".test"))


def other_sources_of(settings: Settings) -> McpClient | None:
    """Asks the MCP servers of the settings' file. Raises `ManifestError` where that is wrong; starts nothing."""
    if settings.mcp_servers_file is None:
        return None
    return McpClient(load_mcp_servers(settings.mcp_servers_file, environment_value), environment_value)


def repositories_of(settings: Settings) -> RepositoryReader | None:
    """Reads the repositories of the catalogue, where a token is set."""
    token = revealed(settings.github_token)
    return RepositoryReader(token, settings.github_url) if token is not None else None


def history_of(settings: Settings) -> HistoryReader | None:
    """Reads commits and releases; without a token those of public repositories. The sandbox has a token of its own."""
    token = revealed(settings.github_token)
    return HistoryReader(token, settings.github_url) if token is not None or not settings.sandbox else None


def llm_config(settings: Settings, name: str | None = None) -> LlmConfig:
    """Which language model reasons, and how much it may use. `name`: another one than the settings say."""
    config = LlmConfig(
        model=name or settings.llm,
        cost_limit_usd=Decimal(str(settings.llm_cost_limit_usd)),
        total_tokens_limit=settings.llm_token_limit,
        deadline_s=settings.llm_deadline_seconds,
    )
    if config.provider == CLAUDE:
        access = {"api_key": settings.anthropic_api_key, "base_url": settings.anthropic_base_url}
    else:
        access = {"api_key": settings.llm_api_key, "base_url": settings.llm_base_url}
    return config.model_copy(update=access)


def investigator_of(
    settings: Settings, sources: Sources, *, llm: LlmConfig | None = None, trace: Trace | None = None
) -> Investigator:
    """Whoever looks into a case. `llm`: another language model than the settings say."""
    return Investigator(
        sources,
        llm or llm_config(settings),
        timing=Timing(speed=settings.speed),
        issues_enabled=settings.github_token is not None,
        trace=trace,
    )


def replayer_of(sources: Sources, llm: LlmConfig) -> Investigator:
    """Whoever looks into a recorded case: whatever the settings say of this deployment, the answer is the same."""
    return Investigator(sources, llm)


def revealed(secret: SecretStr | None) -> str | None:
    """The secret itself, for the one who hands it on."""
    return secret.get_secret_value() if secret is not None else None

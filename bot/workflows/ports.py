"""What the workflows are given: readers, writers, clients and the pace of things. Made by bootstrap."""

import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.metrics import Metrics
from bot.workflows.operators import Operators
from bot.workflows.pace import Pace
from incidents.catalogue import Catalogue
from incidents.investigation import Case, Findings, ProgressStep
from incidents.policy import PolicySource
from tools.datasets.reader import DatasetReader
from tools.incident_store.reader import StoreReader
from tools.incident_store.writer.store import StoreWriter
from tools.prometheus.client import PrometheusClient
from tools.prometheus.series import AlertRule
from tools.sagemaker.reader import SageMakerReader


class Investigates(Protocol):
    """Whoever looks into a case; `agents.investigator` does."""

    async def investigate(self, case: Case, progress: Callable[[ProgressStep], Awaitable[None]]) -> Findings:
        """Gather evidence, diagnose, plan. Partners that fail degrade the answer; they never raise here."""
        ...


@dataclass(frozen=True)
class Deps:
    """Everything a workflow may use."""

    reader: StoreReader
    writer: StoreWriter
    catalogue: Catalogue
    policy: PolicySource
    investigator: Investigates
    prometheus: PrometheusClient
    sagemaker: SageMakerReader
    datasets: DatasetReader
    operators: Operators
    rules: Callable[[], Awaitable[list[AlertRule]]]
    pace: Pace
    owner: str
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    wake_outbox: Callable[[], None]
    wake_dispatcher: Callable[[], None]
    metrics: Metrics = field(default_factory=Metrics)
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when the process ends: what takes long stops where it is, for another replica to go on with."""

"""All writers over one database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from incidents.catalogue import Catalogue, CatalogueIndex
from tools.incident_store.database import Database
from tools.incident_store.limits import STANDARD, Limits
from tools.incident_store.writer.clicks import ClickWriter
from tools.incident_store.writer.daily_notes import DailyNoteWriter
from tools.incident_store.writer.decisions import DecisionWriter
from tools.incident_store.writer.executions import ExecutionWriter
from tools.incident_store.writer.flaps import FlappingWriter
from tools.incident_store.writer.grouping import GroupingWriter
from tools.incident_store.writer.handling import HandlingWriter
from tools.incident_store.writer.intake import IntakeWriter
from tools.incident_store.writer.investigations import InvestigationWriter
from tools.incident_store.writer.issues import IssueWriter
from tools.incident_store.writer.late_calls import LateCallWriter
from tools.incident_store.writer.leases import LeaseWriter
from tools.incident_store.writer.messages import MessageWriter
from tools.incident_store.writer.observations import ObservationWriter
from tools.incident_store.writer.outbox import OutboxWriter
from tools.incident_store.writer.pauses import PauseWriter
from tools.incident_store.writer.placing import Settling
from tools.incident_store.writer.policies import PolicyWriter
from tools.incident_store.writer.proposals import ProposalWriter
from tools.incident_store.writer.replicas import ReplicaWriter
from tools.incident_store.writer.retention import RetentionWriter
from tools.incident_store.writer.storms import StormWriter
from tools.incident_store.writer.verifications import VerificationWriter


@dataclass(frozen=True)
class StoreWriter:
    """Everything that changes a row, by what it is about."""

    intake: IntakeWriter
    grouping: GroupingWriter
    investigations: InvestigationWriter
    proposals: ProposalWriter
    decisions: DecisionWriter
    handling: HandlingWriter
    executions: ExecutionWriter
    late_calls: LateCallWriter
    verifications: VerificationWriter
    messages: MessageWriter
    outbox: OutboxWriter
    clicks: ClickWriter
    observations: ObservationWriter
    pauses: PauseWriter
    policies: PolicyWriter
    issues: IssueWriter
    retention: RetentionWriter
    leases: LeaseWriter
    replicas: ReplicaWriter
    daily_notes: DailyNoteWriter
    flapping: FlappingWriter
    storms: StormWriter


def open_writer(
    database: Database,
    catalogue: Catalogue,
    *,
    settle: timedelta,
    new_id: Callable[[], str],
    limits: Limits = STANDARD,
) -> StoreWriter:
    """The writers of `database`, and the rules they go by."""
    return StoreWriter(
        intake=IntakeWriter(database, CatalogueIndex(catalogue).find),
        grouping=GroupingWriter(
            database,
            catalogue,
            settling=Settling(settle, limits.settle_most),
            flapping=limits.flapping,
            storm=limits.storm,
            new_id=new_id,
        ),
        investigations=InvestigationWriter(database, limits.budget),
        proposals=ProposalWriter(database),
        decisions=DecisionWriter(database),
        handling=HandlingWriter(database),
        executions=ExecutionWriter(database),
        late_calls=LateCallWriter(database),
        verifications=VerificationWriter(database),
        messages=MessageWriter(database),
        outbox=OutboxWriter(database),
        clicks=ClickWriter(database),
        observations=ObservationWriter(database),
        pauses=PauseWriter(database),
        policies=PolicyWriter(database),
        issues=IssueWriter(database),
        retention=RetentionWriter(database),
        leases=LeaseWriter(database),
        replicas=ReplicaWriter(database),
        daily_notes=DailyNoteWriter(database),
        flapping=FlappingWriter(database, limits.flapping, new_id),
        storms=StormWriter(database, limits.storm),
    )

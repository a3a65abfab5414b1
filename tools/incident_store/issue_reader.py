"""Reading the GitHub issues of incidents. Nothing here changes a row."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from incidents.incident import LIVE_STATES
from tools.incident_store.database import Database
from tools.incident_store.tables import ExecutionRecord, IncidentRecord, IssueRecord

KIND = "OpenIssue"


@dataclass(frozen=True)
class FollowedIssue:
    """An issue that somebody has to look at: the incident went on since it was told last, or is over."""

    incident_id: str
    model: str
    repository: str
    number: int
    told: int


class IssueReader:
    """Questions to the store; each is one short read."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def due(self, now: datetime, limit: int = 20) -> list[FollowedIssue]:
        """Issues that are open and may have something to be told, longest waiting first."""
        query = (
            select(IssueRecord, col(IncidentRecord.model))
            .join(IncidentRecord, col(IncidentRecord.id) == col(IssueRecord.incident_id))
            .where(
                col(IssueRecord.closed).is_(False),
                (col(IssueRecord.not_before).is_(None)) | (col(IssueRecord.not_before) <= now),
                (col(IncidentRecord.chain_length) > col(IssueRecord.told))
                | (col(IncidentRecord.state).not_in([state.value for state in LIVE_STATES])),
            )
            .order_by(col(IncidentRecord.changed_at))
            .limit(limit)
        )
        with self._database.read() as session:
            return [
                FollowedIssue(record.incident_id, model, record.repository, record.number, record.told)
                for record, model in session.exec(query)
            ]

    def issue(self, incident_id: str) -> IssueRecord | None:
        """The issue of an incident, where there is one."""
        with self._database.read() as session:
            return session.get(IssueRecord, incident_id)

    def own(self, incident_id: str) -> frozenset[str]:
        """Ids of the proposals and executions that opened the incident's issue: the issue does not tell of itself."""
        query = select(ExecutionRecord.id, ExecutionRecord.proposal_id).where(
            col(ExecutionRecord.incident_id) == incident_id, col(ExecutionRecord.kind) == KIND
        )
        with self._database.read() as session:
            return frozenset(id for row in session.exec(query) for id in row)

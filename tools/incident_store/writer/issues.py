"""The GitHub issues of incidents: taken up once they are opened, told what is new, closed. One teller at a time."""

from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from incidents.execution import ExecutionState
from incidents.proposal import Proposal
from incidents.remediation import OpenIssue
from tools.incident_store.database import Database
from tools.incident_store.tables import ExecutionRecord, IncidentRecord, IssueRecord, ProposalRecord, TimelineRecord
from tools.incident_store.writer.timeline import append, locked_incident


class IssueWriter:
    """Each method is one transaction; those that take `told` change nothing once somebody else has told more."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def take_up(self, now: datetime) -> list[str]:
        """Follow every issue that an execution has opened and nobody follows yet; the incidents."""
        query = (
            select(ExecutionRecord, ProposalRecord)
            .join(ProposalRecord, col(ProposalRecord.id) == col(ExecutionRecord.proposal_id))
            .join(IssueRecord, col(IssueRecord.incident_id) == col(ExecutionRecord.incident_id), isouter=True)
            .where(
                col(ExecutionRecord.kind) == "OpenIssue",
                col(ExecutionRecord.state) == ExecutionState.SUCCEEDED.value,
                col(IssueRecord.incident_id).is_(None),
            )
            .order_by(col(ExecutionRecord.created_at))
            .limit(50)
        )
        with self._database.read() as session:
            opened = list(session.exec(query))
        return [one.incident_id for one, proposal in opened if self._follow(one, proposal, now)]

    def claim(self, incident_id: str, told: int, now: datetime, until: datetime) -> bool:
        """Take the issue until `until`: nobody else tells it meanwhile. False when somebody was first."""
        values = {"not_before": until}
        free = (col(IssueRecord.not_before).is_(None)) | (col(IssueRecord.not_before) <= now)
        return self._change(incident_id, told, values, free)

    def told(self, incident_id: str, told: int, up_to: int, *, next_at: datetime) -> bool:
        """Nothing up to `up_to` has to be told there any more; False when somebody else has told more."""
        return self._change(incident_id, told, {"told": up_to, "not_before": next_at})

    def commented(self, incident_id: str, told: int, up_to: int, *, now: datetime, next_at: datetime) -> bool:
        """A comment up to `up_to` stands there; the timeline says so."""
        return self._tell(incident_id, told, up_to, "issue_commented", "Commented on {}", now, next_at, closed=False)

    def closed(self, incident_id: str, told: int, up_to: int, *, now: datetime) -> bool:
        """The resolution stands there and the issue is closed; the timeline says so."""
        return self._tell(incident_id, told, up_to, "issue_closed", "Closed {}", now, None, closed=True)

    def abandoned(self, incident_id: str, told: int, *, now: datetime) -> bool:
        """The issue is gone: it is followed no longer; the timeline says so."""
        text = "{} is gone; it is followed no longer"
        return self._tell(incident_id, told, told, "issue_gone", text, now, None, closed=True)

    def later(self, incident_id: str, told: int, until: datetime) -> bool:
        """It did not work: try again at `until`."""
        return self._change(incident_id, told, {"not_before": until})

    def _follow(self, execution: ExecutionRecord, proposal: ProposalRecord, now: datetime) -> bool:
        remediation = Proposal.model_validate(proposal.body).remediation
        number, url = str(execution.result.get("number", "")), str(execution.result.get("url", ""))
        if not isinstance(remediation, OpenIssue) or not number.isdecimal():
            return False
        with self._database.write() as session:
            incident = locked_incident(session, execution.incident_id)
            if session.get(IssueRecord, incident.id) is not None:
                return False
            session.add(
                IssueRecord(
                    incident_id=incident.id,
                    repository=remediation.repository,
                    number=int(number),
                    url=url,
                    told=_known_at(session, incident, proposal.created_at),
                    opened_at=now,
                )
            )
            return True

    def _change(self, incident_id: str, told: int, values: dict[str, Any], *conditions: Any) -> bool:
        with self._database.write() as session:
            return _changed(session, incident_id, told, values, *conditions)

    def _tell(
        self,
        incident_id: str,
        told: int,
        up_to: int,
        kind: str,
        text: str,
        now: datetime,
        next_at: datetime | None,
        *,
        closed: bool,
    ) -> bool:
        with self._database.write() as session:
            incident = locked_incident(session, incident_id)
            issue = session.get_one(IssueRecord, incident_id)
            known = up_to == incident.chain_length
            # What is written here about the issue itself is nothing to tell there.
            after = up_to + 1 if known else up_to
            if not _changed(session, incident_id, told, {"told": after, "not_before": next_at, "closed": closed}):
                return False
            append(
                session,
                incident,
                at=now,
                actor="agentops",
                kind=kind,
                text=text.format(f"issue {issue.repository}#{issue.number}"),
                details={"repository": issue.repository, "number": issue.number, "url": issue.url, "up_to": up_to},
            )
            return True


def _changed(session: Session, incident_id: str, told: int, values: dict[str, Any], *conditions: Any) -> bool:
    changed = session.exec(
        update(IssueRecord)
        .where(
            col(IssueRecord.incident_id) == incident_id,
            col(IssueRecord.told) == told,
            col(IssueRecord.closed).is_(False),
            *conditions,
        )
        .values(**values)
        .returning(col(IssueRecord.incident_id))
    ).first()
    return changed is not None


def _known_at(session: Session, incident: IncidentRecord, at: datetime) -> int:
    """How long the timeline was when the issue's text was written."""
    of = TimelineRecord
    query = select(func.max(of.number)).where(col(of.incident_id) == incident.id, col(of.at) <= at)
    return session.exec(query).one() or 0

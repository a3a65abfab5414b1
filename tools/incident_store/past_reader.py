"""What past incidents are there, and what did not work in them: the memory is kept up to date by it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from incidents.incident import IncidentState
from incidents.past_incident import FAILED, did
from incidents.remediation import RemediationKind
from incidents.remembering import came_of_it
from incidents.trust import outcome_of
from tools.incident_store.reading import Reading
from tools.incident_store.records import proposal_of
from tools.incident_store.tables import IncidentRecord, InvestigationRecord, ProposalRecord
from tools.incident_store.trust_reader import handled


@dataclass(frozen=True)
class ClosedIncident:
    """One closed incident. `chain_head` changes with everything that happens to it, also after it was closed."""

    id: str
    model: str
    chain_head: str


@dataclass(frozen=True)
class FailedAttempt:
    """A remediation that was tried and did not help, or was taken back. `did` and `came_of_it` are words of ours."""

    incident_id: str
    at: datetime
    did: str
    came_of_it: str


class PastReader(Reading):
    """Questions about closed incidents."""

    def closed_incidents(self, most: int) -> list[ClosedIncident]:
        """The newest, newest first."""
        of = IncidentRecord
        query = (
            select(of.id, of.model, of.chain_head)
            .where(col(of.state) == IncidentState.CLOSED.value)
            .order_by(col(of.opened_at).desc(), col(of.number).desc())
            .limit(most)
        )
        with self._database.read() as session:
            return [ClosedIncident(id, model, head) for id, model, head in session.exec(query)]

    def failed_attempts(
        self, model: str, kind: RemediationKind, since: datetime, besides: str, most: int
    ) -> list[FailedAttempt]:
        """Remediations of this kind for a model that were proposed since then and did not help, newest first.

        `besides`: an incident whose own are left out.
        """
        with self._database.snapshot() as session:
            tried = [one for one in handled(session, since, model) if one.kind == kind and one.incident_id != besides]
            failed = [(one, outcome) for one in tried if (outcome := outcome_of(one)) in FAILED]
            found: list[FailedAttempt] = []
            for one, outcome in failed[::-1][:most]:
                record = session.get_one(ProposalRecord, one.id)
                words = came_of_it(outcome, one.verification)
                at = one.decided_at or one.made_at
                found.append(FailedAttempt(one.incident_id, at, did(proposal_of(record).remediation), words))
            return found

    def root_causes(self, incident_ids: Sequence[str]) -> dict[str, str]:
        """The class in the newest diagnosis of each; one that was never diagnosed is missing."""
        of = InvestigationRecord
        query = (
            select(of.incident_id)
            .add_columns(col(of.findings)["diagnosis"]["root_cause"].as_string())
            .where(col(of.incident_id).in_(incident_ids), col(of.state) == "done")
            .order_by(col(of.created_at))
        )
        with self._database.read() as session:
            rows: Iterable[Any] = session.connection().execute(query)
            return {incident_id: cause for incident_id, cause in rows if cause is not None}

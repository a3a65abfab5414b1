"""What a reader may know of an incident beyond itself: its investigation, proposals, execution, verification."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from incidents.approval import ApprovalView
from incidents.budget import WaitsFor
from incidents.clock import Moment
from incidents.comparison import Comparison
from incidents.execution import Execution, ExecutionState
from incidents.incident import Incident
from incidents.investigation import Findings, ProgressStep
from incidents.proposal import Proposal
from incidents.spec import SIDES
from incidents.thread import ThreadRef
from incidents.timeline import TimelineEntry
from incidents.verification import SignalCheck


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class InvestigationView(_Frozen):
    """One look at an incident, finished or under way."""

    id: str
    incident_id: str
    state: Literal["queued", "running", "done", "failed"]
    question: str
    asked_by: str | None
    steps: tuple[ProgressStep, ...]
    findings: Findings | None
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    waits_for: WaitsFor = WaitsFor.NOTHING
    """Why it does not run although it could."""


class ProposalView(_Frozen):
    """A proposal and how its decision stands."""

    proposal: Proposal
    approval: ApprovalView
    approvers: tuple[str, ...]
    model: str
    chosen_by: str | None = None
    broke_glass: str | None = None
    """Who acted for two, where somebody did; `approval.reason` then says why."""
    round: int = 1
    """How often people were asked for it."""
    replaces: str | None = None
    """The expired proposal that it asks for again."""

    @property
    def given(self) -> int:
        """How many approvals it has: one a person, and one more where somebody acts for two."""
        return len(self.approval.votes) + (1 if self.broke_glass is not None else 0)


BY_HAND = "by-hand"
"""Stands for the investigation of a proposal that came from none."""


class Provenance(_Frozen):
    """Where a proposal comes from.

    Attributes:
        investigation_id: whose plan it is a step of, or `BY_HAND`.
        rank: its place in that plan, from 1.
        chosen_by: who asked for this remediation; never among those who approve it.
        round: how often people are asked for it, from 1.
        replaces: the proposal that it asks for again.
        approvers: who may decide, where it is not only whom the policy names.
    """

    investigation_id: str = BY_HAND
    rank: int = 1
    chosen_by: str | None = None
    round: int = 1
    replaces: str | None = None
    approvers: tuple[str, ...] | None = None


class VerificationView(_Frozen):
    """The watch over an execution's effect."""

    execution_id: str
    state: str
    began_at: Moment
    deadline: Moment
    finished_at: Moment | None
    checks: tuple[SignalCheck, ...]
    note: str
    comparison: Comparison | None = None
    """Of a retrained candidate: the gate's whole result."""


class IncidentFile(_Frozen):
    """Everything about one incident, newest investigation first."""

    incident: Incident
    investigations: tuple[InvestigationView, ...]
    proposals: tuple[ProposalView, ...]
    executions: tuple[Execution, ...]
    verifications: tuple[VerificationView, ...]
    timeline: tuple[TimelineEntry, ...]
    thread: ThreadRef | None

    def asked_again(self, proposal_id: str) -> ProposalView | None:
        """The proposal that asks for this one again, where somebody did."""
        return next((view for view in self.proposals if view.replaces == proposal_id), None)

    @property
    def tried_by_itself(self) -> bool:
        """Was a change that the policy allowed refused as stale? From then on people decide."""
        stale = {one.proposal_id for one in self.executions if one.automatic and one.state is ExecutionState.STALE}
        return any(one.proposal.id in stale and one.proposal.remediation.kind not in SIDES for one in self.proposals)

    @property
    def findings(self) -> Findings | None:
        """Of the newest finished investigation."""
        return next((i.findings for i in self.investigations if i.findings is not None), None)

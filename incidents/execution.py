"""Execution: the states of one approved remediation on its way to exactly one effect."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from incidents.clock import Moment


class ExecutionState(StrEnum):
    """A lease and a fence guard the way from queued to a final state."""

    QUEUED = "queued"
    EXECUTING = "executing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    NEEDS_VERIFICATION = "needs_verification"
    STALE = "stale"


FINAL_EXECUTION_STATES = frozenset(ExecutionState) - {ExecutionState.QUEUED, ExecutionState.EXECUTING}


class Execution(BaseModel):
    """One execution as a reader sees it."""

    model_config = ConfigDict(frozen=True)

    id: str
    proposal_id: str
    incident_id: str
    target: str
    state: ExecutionState
    fence: int
    started_at: Moment | None = None
    finished_at: Moment | None = None
    intent_at: Moment | None = None
    """When the changing call was about to be sent."""
    result: dict[str, str] = {}
    """What the call answered, e.g. the pipeline execution's ARN."""
    progress: str = ""
    error: str = ""
    automatic: bool = False
    """The policy decided in people's stead."""

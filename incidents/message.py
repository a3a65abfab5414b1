"""The Slack messages an incident can have, as rows that are rendered when they are sent."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class MessageKind(StrEnum):
    """Every kind of message of an incident's thread; the first is the thread's own first post."""

    ROOT = "root"
    PROGRESS = "progress"
    CHART = "chart"
    DIAGNOSIS = "diagnosis"
    EVIDENCE = "evidence"
    PROPOSAL = "proposal"
    BROKE_GLASS = "broke_glass"
    ADVICE = "advice"
    EXECUTION = "execution"
    VERIFICATION = "verification"
    ESCALATION = "escalation"
    REPORT = "report"
    FAILURE = "failure"
    NOTE = "note"
    NOTICE = "notice"
    ANSWER = "answer"


class OutboxMessage(BaseModel):
    """A message that is due. `subject` names the row it shows, e.g. a proposal's id; empty for the incident itself."""

    model_config = ConfigDict(frozen=True)

    id: int
    channel: str
    kind: MessageKind
    incident_id: str | None
    subject: str
    urgent: bool
    root_id: int | None
    root_ts: str | None
    ts: str | None
    wanted_revision: int
    sent_revision: int
    attempts: int

"""The Slack messages an incident can have, as rows that are rendered when they are sent."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import assert_never

from pydantic import BaseModel, ConfigDict


class MessageKind(StrEnum):
    """Every kind of message: those of an incident's thread, of which `ROOT` is the first post, and a storm's digest."""

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
    DAILY_NOTE = "daily_note"
    """Of no incident: how the models of a channel stand."""
    FLAPPING = "flapping"
    DIGEST = "digest"


COURSE = "course"
"""Subject of the chart that shows how its whole incident was found and decided; others name an investigation."""


class Priority(IntEnum):
    """How soon a message is posted; the lower the sooner. What stands before a message in its thread goes as soon."""

    FIRST = 0
    """Urgent, of a critical incident of a tier-1 model."""
    URGENT_THREAD = 1
    """The first post of an urgent thread: that something happens is told before more is told of something else."""
    URGENT = 2
    USUAL = 3


class UpdateRank(IntEnum):
    """Which messages are updated before others; the lower the sooner."""

    DECISION = 0
    """It says what may be decided or what is being changed: a button must not outlive its decision."""
    OVERVIEW = 1
    """It sums an incident up."""
    DETAIL = 2


def update_rank(kind: MessageKind) -> UpdateRank:
    """How soon a message of this kind is brought up to date."""
    match kind:
        case (
            MessageKind.PROPOSAL
            | MessageKind.BROKE_GLASS
            | MessageKind.EXECUTION
            | MessageKind.ESCALATION
            | MessageKind.NOTICE
        ):
            return UpdateRank.DECISION
        case MessageKind.ROOT | MessageKind.VERIFICATION | MessageKind.REPORT | MessageKind.DIGEST:
            return UpdateRank.OVERVIEW
        case (
            MessageKind.PROGRESS
            | MessageKind.CHART
            | MessageKind.DIAGNOSIS
            | MessageKind.EVIDENCE
            | MessageKind.ADVICE
            | MessageKind.FAILURE
            | MessageKind.NOTE
            | MessageKind.ANSWER
            | MessageKind.DAILY_NOTE
            | MessageKind.FLAPPING
        ):
            return UpdateRank.DETAIL
        case _:
            assert_never(kind)


@dataclass(frozen=True)
class SendingTurn:
    """Who may send now: the lease's owner and fence, and the process, which no restart has twice."""

    owner: str
    fence: int
    instance: str


class OutboxMessage(BaseModel):
    """A message that is due. `subject` names the row it shows, e.g. a proposal's id; empty for the incident itself.

    `begun_by` is the process that began to send it, from `begun_at` on, and has not written down what came of it: the
    message may stand in Slack.
    """

    model_config = ConfigDict(frozen=True)

    id: int
    channel: str
    kind: MessageKind
    incident_id: str | None
    subject: str
    priority: Priority = Priority.USUAL
    root_id: int | None
    root_ts: str | None
    ts: str | None
    wanted_revision: int
    sent_revision: int
    attempts: int
    sent_at: datetime | None = None
    begun_by: str | None = None
    begun_at: datetime | None = None

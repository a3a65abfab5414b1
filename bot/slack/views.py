"""What the desk hands to the blocks: pure data, nothing of Slack in it but where a thread stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.slack.listing import Listing
from incidents.alert import Alert, Severity
from incidents.approval import ApprovalState
from incidents.budget import WaitsFor
from incidents.diagnosis import Reasoner
from incidents.incident import IncidentState
from incidents.ledger import ProposalView
from incidents.proposal import Proposal
from incidents.storm import Digest
from incidents.thread import ThreadRef


@dataclass(frozen=True)
class ModelStatus:
    """One model, as one line of `/agentops status` tells it.

    `unreadable` says in plain words what could not be read; then `live_config` and `deployed_at` may be missing.
    """

    model: str
    environment: str
    tier: int
    live_config: str | None = None
    deployed_at: datetime | None = None
    incident_id: str | None = None
    incident_state: IncidentState | None = None
    severity: Severity | None = None
    doing: str = ""
    """The remediation under way, in plain words; empty when there is none."""
    thread: ThreadRef | None = None
    unreadable: str = ""
    paused: bool = False
    """Its own changes are paused, beside those of all models."""
    flapping: bool = False
    """Its open incident fires and clears again and again."""


@dataclass(frozen=True)
class StatusView:
    """One page of the models asked for, those with an open incident first. `paused`: changes are paused everywhere.

    `total` and `troubled` count all that were asked for, those of other pages too.
    """

    models: tuple[ModelStatus, ...]
    read_at: datetime
    paused: bool = False
    total: int = 0
    troubled: int = 0
    pages: int = 1
    asked: Listing = Listing()
    storms: tuple[Digest, ...] = ()
    """Under way, in any channel."""
    waiting: Mapping[WaitsFor, int] = field(default_factory=dict[WaitsFor, int])
    """Investigations that wait for their turn."""


@dataclass(frozen=True)
class IncidentLine:
    """One incident in a list."""

    id: str
    model: str
    state: IncidentState
    severity: Severity
    since: datetime
    fires: tuple[Alert, ...]
    thread: ThreadRef | None = None
    pruned: bool = False
    """Its alerts, and how it was investigated, are no longer kept."""


@dataclass(frozen=True)
class IncidentsView:
    """One page of the incidents asked for, newest first. `page` counts from 1; `more`: there are more than `total`."""

    incidents: tuple[IncidentLine, ...]
    total: int
    page: int = 1
    pages: int = 1
    more: bool = False
    asked: Listing = Listing()


@dataclass(frozen=True)
class ApprovalLine:
    """A proposal that waits for people, with all that has to be read before a yes."""

    view: ProposalView
    thread: ThreadRef | None = None


@dataclass(frozen=True)
class DoneLine:
    """Something that was done lately."""

    text: str
    at: datetime
    incident_id: str
    model: str
    thread: ThreadRef | None = None


@dataclass(frozen=True)
class HomeView:
    """What the App Home shows to a full member."""

    status: StatusView
    incidents: tuple[IncidentLine, ...]
    approvals: tuple[ApprovalLine, ...]
    done: tuple[DoneLine, ...]
    open_incidents: int = 0
    """How many there are, beyond those of `incidents` too."""


@dataclass(frozen=True)
class Passage:
    """Words of a runbook or a past incident, verbatim. `link` is an http(s) address or None."""

    file: str
    heading: str
    quote: str
    lines: tuple[int, int] | None = None
    link: str | None = None


@dataclass(frozen=True)
class RunbooksView:
    """What the runbooks say to a question. `gap` says in plain words what could not be searched."""

    question: str
    passages: tuple[Passage, ...]
    gap: str = ""


@dataclass(frozen=True)
class AnswerView:
    """The answer to a person's question. `text` may come from a language model: untrusted."""

    question: str
    text: str
    passages: tuple[Passage, ...] = ()
    reasoner: Reasoner | None = None
    incident_id: str | None = None
    pruned_at: datetime | None = None
    """When the alerts of the incident that was asked about were pruned for their age."""


@dataclass(frozen=True)
class InvestigateReply:
    """What became of `/agentops investigate`. `why` is set when nothing was started."""

    model: str
    incident_id: str | None = None
    thread: ThreadRef | None = None
    why: str = ""


@dataclass(frozen=True)
class SwitchReply:
    """What became of a pause or a resume; `model` is empty for all. `by` and `at`: who paused, and when."""

    result: Literal["paused", "paused_before", "resumed", "not_paused", "refused"]
    model: str
    by: str | None = None
    at: datetime | None = None
    why: str = ""


DecisionResult = Literal[
    "approved",
    "voted",
    "voted_before",
    "denied",
    "decided_before",
    "expired",
    "refused",
    "forbidden",
    "busy",
    "not_found",
    "wrong_digest",
    "not_permitted",
    "not_needed",
]


HandledResult = Literal[
    "acked",
    "acked_before",
    "closed",
    "closed_before",
    "under_way",
    "false_alarm",
    "false_alarm_undone",
    "false_alarm_before",
    "over",
    "refused",
    "not_found",
]


@dataclass(frozen=True)
class DecisionReply:
    """What became of a click or a command. `by` and `at` name who decided and when, where somebody did."""

    result: DecisionResult
    proposal_id: str
    incident_id: str | None = None
    title: str = ""
    state: ApprovalState | None = None
    votes: int = 0
    needed: int = 0
    by: str | None = None
    at: datetime | None = None
    why: str = ""


@dataclass(frozen=True)
class HandledReply:
    """What became of taking, ending or marking an incident.

    `by` and `at` name who did it, where somebody did before; `withdrawn` counts the proposals taken back by a close.
    """

    result: HandledResult
    incident_id: str
    model: str = ""
    by: str | None = None
    at: datetime | None = None
    why: str = ""
    withdrawn: int = 0


PutUpResult = Literal[
    "put_up", "shown", "not_put_up", "unusable", "refused", "not_found", "asked_before", "not_expired"
]


@dataclass(frozen=True)
class PutUpReply:
    """What became of asking for a proposal, again or by hand. `problems` say in plain words why there is none.

    `proposal` is set where it was only to be shown, which wrote nothing. `usage` is how it has to be typed, where that
    was the problem.
    """

    result: PutUpResult
    title: str = ""
    proposal_id: str = ""
    incident_id: str | None = None
    thread: ThreadRef | None = None
    problems: tuple[str, ...] = ()
    usage: str = ""
    example: str = ""
    model: str = ""
    proposal: Proposal | None = None


@dataclass(frozen=True)
class Note:
    """A short message of the bot in a thread: a heading in plain words and what follows from it."""

    title: str
    text: str = ""
    mood: Literal["info", "warning", "error"] = "info"

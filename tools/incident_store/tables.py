"""The tables of alerts, incidents and what is decided on them; beside this file stand those of Slack and of replicas.

Every decision is a compare-and-set on a row of one of these; Slack only shows them.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, false, text
from sqlmodel import Field

from incidents.incident import LIVE_STATES, IncidentState
from tools.incident_store.table import Table
from tools.incident_store.table import json as _json
from tools.incident_store.table import moment as _moment

_UNPRUNED = text("state = 'closed' AND pruned_at IS NULL")
_OF_NO_INCIDENT = text("incident_id IS NULL")
_ENDED = ", ".join(f"'{state.value}'" for state in sorted(frozenset(IncidentState) - LIVE_STATES))


class AlertRecord(Table, table=True):
    """One alert episode. `handled_revision` trails `revision` until intake has seen the latest change."""

    __table_args__ = (
        UniqueConstraint("fingerprint", "starts_at", name="uq_alert_episode"),
        Index(
            "ix_alert_unhandled",
            "rank",
            "id",
            sqlite_where=text("revision > handled_revision"),
            postgresql_where=text("revision > handled_revision"),
        ),
        Index("ix_alert_stray", "received_at", sqlite_where=_OF_NO_INCIDENT, postgresql_where=_OF_NO_INCIDENT),
    )

    id: int | None = Field(default=None, primary_key=True)
    fingerprint: str
    starts_at: datetime = _moment()
    status: str
    ends_at: datetime | None = _moment(nullable=True)
    labels: dict[str, Any] = _json()
    annotations: dict[str, Any] = _json()
    generator_url: str = ""
    revision: int = 1
    handled_revision: int = 0
    incident_id: str | None = Field(default=None, index=True)
    received_at: datetime = _moment()
    rank: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    """In which order what changed is given its place, the lowest first; see `unplaced.rank_of`."""


class IncidentRecord(Table, table=True):
    """One incident. The partial unique index allows one live incident a key.

    `held`: its thread is held back by a storm; `shown_at`: when its thread might begin. `flapping_since` is set while
    it flaps, and `side_changed_at` is when an alert of it last began or ended then. `names` are the names of alerts it
    has had. `untold` are alerts that joined or cleared and have no timeline entry yet, gathered `untold_since`.
    `pruned_at` is when retention pruned its alerts and messages. `first_alert_at` is when its first alert came,
    `diagnosed_at` when its first look was done, and `onset` what the first look that dated one said.
    """

    __table_args__ = (
        Index(
            "uq_incident_live_key",
            "key",
            unique=True,
            sqlite_where=text(f"state NOT IN ({_ENDED})"),
            postgresql_where=text(f"state NOT IN ({_ENDED})"),
        ),
        # Longer than their order needs: what a list leaves out is left out in the index, without a look at its row.
        Index("ix_incident_state_opened", "state", "opened_at", "severity", "environment", "model"),
        Index("ix_incident_opened", "opened_at", "severity", "environment", "model"),
        Index("ix_incident_key_opened", "key", "opened_at"),
        Index("ix_incident_channel_opened", "channel", "opened_at"),
        Index("ix_incident_channel_shown", "channel", "shown_at"),
        Index("ix_incident_model_opened", "model", "opened_at"),
        Index("ix_incident_facets", "state", "severity", "environment", "model"),
        Index("ix_incident_model_facets", "model", "state", "severity", "environment"),
        Index("ix_incident_unpruned", "changed_at", sqlite_where=_UNPRUNED, postgresql_where=_UNPRUNED),
    )

    number: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    key: str
    model: str
    environment: str
    tier: int
    listed: bool
    unlisted_reason: str = ""
    channel: str
    state: str
    severity: str
    started_at: datetime = _moment()
    opened_at: datetime = _moment()
    changed_at: datetime = _moment()
    resolved_at: datetime | None = _moment(nullable=True)
    previous: str | None = None
    chain_length: int = 0
    chain_head: str = ""
    acked_by: str | None = None
    acked_at: datetime | None = _moment(nullable=True)
    false_alarm_by: str | None = None
    false_alarm_at: datetime | None = _moment(nullable=True)
    held: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    shown_at: datetime | None = _moment(nullable=True)
    flapping_since: datetime | None = _moment(nullable=True, index=True)
    side_changed_at: datetime | None = _moment(nullable=True)
    names: dict[str, Any] = _json()
    untold: dict[str, Any] = _json()
    untold_since: datetime | None = _moment(nullable=True, index=True)
    pruned_at: datetime | None = _moment(nullable=True)
    first_alert_at: datetime | None = _moment(nullable=True)
    diagnosed_at: datetime | None = _moment(nullable=True)
    onset: datetime | None = _moment(nullable=True)


class StormRecord(Table, table=True):
    """More new incidents than a channel can bear; at most one a channel is under way.

    It stands for the channel's incidents that were opened from `since` on until it ended. `counts`: what was told last.
    """

    __table_args__ = (
        Index(
            "uq_storm_under_way",
            "channel",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    channel: str
    since: datetime = _moment()
    began_at: datetime = _moment()
    ended_at: datetime | None = _moment(nullable=True)
    settled: bool = False
    """Ended, and no incident of it is held back any more: nothing of it changes."""
    counts: dict[str, Any] = _json()


class InvestigationRecord(Table, table=True):
    """One look at an incident. States: queued, running, done, failed.

    While it runs, `owner` holds it under `fence` until `lease_until`, and renews that with every sign of life.
    """

    __table_args__ = (
        Index("ix_investigation_state", "state", "not_before"),
        Index("ix_investigation_begun", "begun_at"),
    )

    id: str = Field(primary_key=True)
    incident_id: str = Field(index=True)
    state: str
    question: str = ""
    asked_by: str | None = None
    not_before: datetime = _moment()
    created_at: datetime = _moment()
    started_at: datetime | None = _moment(nullable=True)
    finished_at: datetime | None = _moment(nullable=True)
    progress: dict[str, Any] = _json()
    findings: dict[str, Any] = _json()
    owner: str | None = None
    lease_until: datetime | None = _moment(nullable=True)
    fence: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    begun_at: datetime | None = _moment(nullable=True)
    """When it was first begun; `started_at` is when it was last."""
    cost_usd: float = Field(default=0.0, sa_column_kwargs={"server_default": "0"})
    waits_for: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Why it does not run although it could; see `incidents.budget`."""


class ProposalRecord(Table, table=True):
    """One proposal and its decision. `body` is the domain's Proposal; the other columns are what is decided on.

    `round` counts how often people were asked for it: 1, and one more for each time somebody asked again after it had
    expired. `broke_glass` names who acted for two, and `reason` says why.
    """

    __table_args__ = (
        Index("ix_proposal_state_expiry", "state", "expires_at"),
        Index("ix_proposal_model_kind", "model", "kind"),
        Index("ix_proposal_created", "created_at"),
    )

    id: str = Field(primary_key=True)
    incident_id: str = Field(index=True)
    investigation_id: str
    rank: int
    model: str = Field(index=True)
    kind: str
    target: str
    digest: str
    body: dict[str, Any] = _json()
    state: str
    needed: int
    approvers: dict[str, Any] = _json()
    chosen_by: str | None = None
    created_at: datetime = _moment()
    expires_at: datetime = _moment()
    decided_by: str | None = None
    decided_at: datetime | None = _moment(nullable=True)
    reason: str = ""
    broke_glass: str | None = None
    round: int = 1
    replaces: str | None = None
    """The expired proposal that it asks for again."""
    posted_ts: str | None = None
    """Slack's ts of its card, kept when retention pruned the message."""


class VoteRecord(Table, table=True):
    """One person's yes to one proposal."""

    proposal_id: str = Field(primary_key=True)
    person: str = Field(primary_key=True)
    at: datetime = _moment()


class ExecutionRecord(Table, table=True):
    """One approved remediation. At most one is under way for each target.

    `step` is the index of the request to send next; intent and answer are kept for each request. `taken_over_at` is
    when the lease of a holder that gave no sign of life was last taken over. `automatic` where the policy decided in
    people's stead. `cost_usd` is the estimate the policy's budget counts.
    """

    __table_args__ = (
        Index(
            "uq_execution_in_flight",
            "target",
            unique=True,
            sqlite_where=text("state IN ('queued', 'executing')"),
            postgresql_where=text("state IN ('queued', 'executing')"),
        ),
        Index("ix_execution_state", "state", "next_step_at"),
        Index("ix_execution_finished", "finished_at"),
    )

    id: str = Field(primary_key=True)
    proposal_id: str = Field(unique=True)
    incident_id: str = Field(index=True)
    model: str = Field(index=True)
    kind: str
    target: str
    automatic: bool = False
    cost_usd: float = 0.0
    state: str
    step: int = 0
    owner: str | None = None
    lease_until: datetime | None = _moment(nullable=True)
    fence: int = 0
    taken_over_at: datetime | None = _moment(nullable=True)
    intent_at: datetime | None = _moment(nullable=True)
    sent_at: datetime | None = _moment(nullable=True)
    next_step_at: datetime | None = _moment(nullable=True)
    created_at: datetime = _moment()
    started_at: datetime | None = _moment(nullable=True)
    finished_at: datetime | None = _moment(nullable=True)
    result: dict[str, Any] = _json()
    progress: str = ""
    error: str = ""


class VerificationRecord(Table, table=True):
    """The watch over one execution's effect. States: watching, recovered, failed, inconclusive."""

    __table_args__ = (Index("ix_verification_state", "state", "next_step_at"),)

    execution_id: str = Field(primary_key=True)
    incident_id: str = Field(index=True)
    state: str
    began_at: datetime = _moment()
    deadline: datetime = _moment()
    next_step_at: datetime | None = _moment(nullable=True)
    finished_at: datetime | None = _moment(nullable=True)
    checks: dict[str, Any] = _json()


class TimelineRecord(Table, table=True):
    """One entry of an incident's timeline; never updated."""

    __table_args__ = (UniqueConstraint("incident_id", "number", name="uq_timeline_number"),)

    id: int | None = Field(default=None, primary_key=True)
    incident_id: str
    number: int
    at: datetime = _moment()
    actor: str
    kind: str
    text: str
    details: dict[str, Any] = _json()
    previous: str
    hash: str


class PauseRecord(Table, table=True):
    """A standing pause: a model's name, or ``*`` for all."""

    scope: str = Field(primary_key=True)
    by: str
    at: datetime = _moment()


class ConfigSeenRecord(Table, table=True):
    """An endpoint config seen InService. SageMaker keeps no such history."""

    endpoint: str = Field(primary_key=True)
    config: str = Field(primary_key=True)
    first_seen: datetime = _moment()
    last_seen: datetime = _moment()
    live_since: datetime = _moment()


class PolicyRecord(Table, table=True):
    """A policy that was in force, by its hash: what a proposal's `policy_hash` refers to."""

    hash: str = Field(primary_key=True)
    body: dict[str, Any] = _json()
    first_seen: datetime = _moment()


class IssueRecord(Table, table=True):
    """The GitHub issue of an incident. `told` is the number of the last timeline entry that was told there."""

    incident_id: str = Field(primary_key=True)
    repository: str
    number: int
    url: str
    told: int = 0
    closed: bool = False
    not_before: datetime | None = _moment(nullable=True)
    opened_at: datetime = _moment()

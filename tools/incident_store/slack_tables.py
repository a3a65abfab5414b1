"""The tables of what goes to Slack and comes from it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, false, text
from sqlmodel import Field

from incidents.message import Priority
from tools.incident_store.table import Table
from tools.incident_store.table import json as _json
from tools.incident_store.table import moment as _moment
from tools.incident_store.table import where as _where

_OF_NO_INCIDENT = text("incident_id IS NULL")


class MessageRecord(Table, table=True):
    """One Slack message: what is wanted and what was sent. Rendered from other rows when it is sent.

    `urgent` is of the message itself, `priority` also of what stands behind it in its thread. `begun_by` is the process
    that began to send it and has not written down what came of it. At `look_at` Slack is searched for a double.
    """

    __table_args__ = (
        UniqueConstraint("incident_id", "kind", "subject", name="uq_message_subject"),
        Index(
            "ix_message_due",
            "id",
            sqlite_where=text("wanted_revision > sent_revision AND NOT given_up"),
            postgresql_where=text("wanted_revision > sent_revision AND NOT given_up"),
        ),
        Index("ix_message_ts", "ts", **_where("ts IS NOT NULL")),
        Index("ix_message_post", "channel", "priority", "id", **_where("ts IS NULL AND NOT given_up AND NOT held")),
        Index("ix_message_thread", "root_id", "id", **_where("ts IS NULL AND NOT given_up")),
        Index(
            "ix_message_update",
            "kind",
            "sent_at",
            **_where("ts IS NOT NULL AND wanted_revision > sent_revision AND NOT given_up"),
        ),
        Index("ix_message_look", "look_at", **_where("look_at IS NOT NULL")),
        Index(
            "ix_message_of_no_incident", "created_at", sqlite_where=_OF_NO_INCIDENT, postgresql_where=_OF_NO_INCIDENT
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    incident_id: str | None = None
    channel: str
    kind: str
    subject: str = ""
    root_id: int | None = Field(default=None, index=True)
    urgent: bool = False
    ts: str | None = None
    posted_channel: str | None = None
    wanted_revision: int = 1
    sent_revision: int = 0
    attempts: int = 0
    not_before: datetime | None = _moment(nullable=True)
    given_up: bool = False
    held: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """The thread is held back by a storm: it is not sent yet."""
    error: str = ""
    created_at: datetime = _moment()
    sent_at: datetime | None = _moment(nullable=True)
    priority: int = Field(default=Priority.USUAL, sa_column_kwargs={"server_default": "3"})
    begun_by: str | None = None
    begun_at: datetime | None = _moment(nullable=True)
    look_at: datetime | None = _moment(nullable=True)


class SlackHoldRecord(Table, table=True):
    """Slack asked to wait with a method, or with one of its channels, until then: whoever sends next waits, too."""

    what: str = Field(primary_key=True)
    until: datetime = _moment()


class ClickRecord(Table, table=True):
    """One delivery from Slack (click, submission, event), unique by Slack's own id, stored before it is acked."""

    __table_args__ = (
        Index(
            "ix_click_open",
            "received_at",
            sqlite_where=text("handled_at IS NULL"),
            postgresql_where=text("handled_at IS NULL"),
        ),
        Index("ix_click_handled", "handled_at"),
    )

    id: str = Field(primary_key=True)
    kind: str
    payload: dict[str, Any] = _json()
    received_at: datetime = _moment()
    handled_at: datetime | None = _moment(nullable=True)
    owner: str | None = None
    lease_until: datetime | None = _moment(nullable=True)

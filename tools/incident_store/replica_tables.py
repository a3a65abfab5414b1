"""The tables of what replicas agree on: who lives, who may do what only one may, which database it is."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from tools.incident_store.table import Table
from tools.incident_store.table import moment as _moment


class LeaseRecord(Table, table=True):
    """What only one replica may do at a time, by name. The fence goes up with every new holder."""

    name: str = Field(primary_key=True)
    owner: str
    fence: int
    until: datetime = _moment()
    taken_at: datetime = _moment()


class ReplicaRecord(Table, table=True):
    """One process of the bot, from its start to its end. States: running, stopping, stopped, ended.

    `seen_at` is its heartbeat. `stopped` is its own word; `ended` is said of it by another: by the next process of the
    same executor, or by the one that took its work over (`taken_over_by`). `folder` is where its runbook index lies,
    where that is embedded.
    """

    __table_args__ = (Index("ix_replica_executor", "executor", "state"), Index("ix_replica_seen", "state", "seen_at"))

    instance: str = Field(primary_key=True)
    executor: str
    host: str
    pid: int
    version: str
    folder: str | None = None
    state: str
    started_at: datetime = _moment()
    seen_at: datetime = _moment()
    ended_at: datetime | None = _moment(nullable=True)
    taken_over_by: str | None = None


class InstallationRecord(Table, table=True):
    """One row: a random id that tells this database's Slack messages from another's in the same channels."""

    id: str = Field(primary_key=True)

"""Nothing lost, nothing twice: what replicas agree on, what a storm marks, what many rows are looked up by."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Go forward."""
    _replicas()
    _storms()
    _many_rows()


def _replicas() -> None:
    """Who is alive, and who does what only one may do.

    A process of the version before may go on beside us while a deploy rolls: what it does not know may be left out.
    """
    op.create_table(
        "lease",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "replica",
        sa.Column("instance", sa.String(), nullable=False),
        sa.Column("executor", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("folder", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_over_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("instance"),
    )
    op.create_index("ix_replica_executor", "replica", ["executor", "state"])
    op.create_index("ix_replica_seen", "replica", ["state", "seen_at"])
    op.add_column("investigation", sa.Column("owner", sa.String(), nullable=True))
    op.add_column("investigation", sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("investigation", sa.Column("fence", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("click", sa.Column("owner", sa.String(), nullable=True))
    op.add_column("click", sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True))


def _storms() -> None:
    """Marks of flapping, of storms and of what waits for its turn."""


def _many_rows() -> None:
    """What many rows are looked up and pruned by."""

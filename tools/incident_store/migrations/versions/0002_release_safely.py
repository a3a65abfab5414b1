"""Release safely: steps of an execution, rounds of a proposal, marks on an incident, policies in force, issues."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_KIND_OF_PROPOSAL = {
    "sqlite": "json_extract(body, '$.remediation.kind')",
    "postgresql": "body -> 'remediation' ->> 'kind'",
}


def upgrade() -> None:
    """Go forward. Rows of before get their kind from the proposal's own body."""
    op.create_table(
        "policy",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_table(
        "issue",
        sa.Column("incident_id", sa.String(), nullable=False),
        sa.Column("repository", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("incident_id"),
    )
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.add_column(sa.Column("acked_by", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("acked_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("false_alarm_by", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("false_alarm_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("broke_glass", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("round", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("replaces", sa.String(), nullable=True))
        batch_op.create_index("ix_proposal_model_kind", ["model", "kind"], unique=False)
    with op.batch_alter_table("execution", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("automatic", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("cost_usd", sa.Float(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("step", sa.Integer(), nullable=False, server_default="0"))
    kind = _KIND_OF_PROPOSAL[op.get_bind().dialect.name]
    op.execute(sa.text(f"UPDATE proposal SET kind = {kind}"))  # noqa: S608 - a constant of this file
    op.execute(
        sa.text(
            "UPDATE execution SET kind = (SELECT kind FROM proposal WHERE proposal.id = execution.proposal_id), "
            "step = CASE WHEN sent_at IS NULL THEN 0 ELSE 1 END"
        )
    )

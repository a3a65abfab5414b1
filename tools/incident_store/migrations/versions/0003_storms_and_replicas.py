"""Nothing lost, nothing twice: what replicas agree on, what a storm marks, what many rows are looked up by."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Go forward."""
    _replicas()
    _storms()
    _outbox()
    _many_rows()
    _daily_notes()


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
    op.add_column("execution", sa.Column("taken_over_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("click", sa.Column("owner", sa.String(), nullable=True))
    op.add_column("click", sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True))


_UNPOSTED = "ts IS NULL AND NOT given_up"
_OUT_OF_DATE = "ts IS NOT NULL AND wanted_revision > sent_revision AND NOT given_up"


def _outbox() -> None:
    """One sender among many: what is sent first, what may have left, and how long Slack asked to wait."""
    op.add_column("message", sa.Column("priority", sa.Integer(), nullable=False, server_default="3"))
    op.add_column("message", sa.Column("begun_by", sa.String(), nullable=True))
    op.add_column("message", sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("message", sa.Column("look_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "slack_hold",
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("what"),
    )
    op.drop_index("ix_message_ts", "message")
    for name, columns, condition in (
        ("ix_message_ts", ["ts"], "ts IS NOT NULL"),
        ("ix_message_post", ["channel", "priority", "id"], f"{_UNPOSTED} AND NOT held"),
        ("ix_message_thread", ["root_id", "id"], _UNPOSTED),
        ("ix_message_update", ["kind", "sent_at"], _OUT_OF_DATE),
        ("ix_message_look", ["look_at"], "look_at IS NOT NULL"),
    ):
        where = sa.text(condition)
        op.create_index(name, "message", columns, sqlite_where=where, postgresql_where=where)
    # What the version before had not posted may have left all the same: it kept no note of what it began.
    op.execute(sa.text("UPDATE message SET begun_by = 'version before' WHERE ts IS NULL AND NOT given_up"))
    # An urgent message and whatever stands before it in its thread.
    op.execute(
        sa.text(
            "UPDATE message SET priority = 2 WHERE urgent OR (ts IS NULL AND EXISTS (SELECT 1 FROM message AS behind "
            "WHERE behind.incident_id = message.incident_id AND behind.id > message.id "
            "AND behind.urgent AND behind.ts IS NULL))"
        )
    )


def _storms() -> None:
    """Marks of flapping, of storms and of what waits for its turn.

    Live incidents get the names of the alerts they have had: a name never seen before calls for a new look.
    """
    op.create_table(
        "storm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    under_way = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_storm_under_way", "storm", ["channel"], unique=True, sqlite_where=under_way, postgresql_where=under_way
    )
    op.add_column("alert", sa.Column("rank", sa.Integer(), nullable=False, server_default="1"))
    op.drop_index("ix_alert_unhandled", "alert")
    unhandled = sa.text("revision > handled_revision")
    op.create_index("ix_alert_unhandled", "alert", ["rank", "id"], sqlite_where=unhandled, postgresql_where=unhandled)
    op.add_column("incident", sa.Column("held", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("incident", sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("incident", sa.Column("flapping_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("incident", sa.Column("side_changed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("incident", sa.Column("names", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("incident", sa.Column("untold", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("incident", sa.Column("untold_since", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_incident_untold_since", "incident", ["untold_since"])
    op.create_index("ix_incident_flapping_since", "incident", ["flapping_since"])
    op.create_index("ix_incident_channel_opened", "incident", ["channel", "opened_at"])
    op.create_index("ix_incident_channel_shown", "incident", ["channel", "shown_at"])
    op.add_column("investigation", sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("investigation", sa.Column("cost_usd", sa.Float(), nullable=False, server_default="0"))
    op.add_column("investigation", sa.Column("waits_for", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_investigation_begun", "investigation", ["begun_at"])
    op.add_column("message", sa.Column("held", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE investigation SET begun_at = started_at")
    _name_the_alerts_of_live_incidents()


def _name_the_alerts_of_live_incidents() -> None:
    alert = sa.table("alert", sa.column("incident_id", sa.String), sa.column("labels", sa.JSON))
    incident = sa.table(
        "incident", sa.column("id", sa.String), sa.column("state", sa.String), sa.column("names", sa.JSON)
    )
    connection = op.get_bind()
    found = connection.execute(
        sa.select(alert.c.incident_id, alert.c.labels)
        .join(incident, alert.c.incident_id == incident.c.id)
        .where(incident.c.state.not_in(["resolved", "closed"]))
    )
    names: dict[str, set[str]] = {}
    for incident_id, labels in found:
        names.setdefault(incident_id, set()).add(labels.get("alertname", "unnamed alert"))
    for incident_id, seen in names.items():
        values = {"seen": sorted(seen)}
        connection.execute(incident.update().where(incident.c.id == incident_id).values(names=values))


def _many_rows() -> None:
    """What many rows are looked up and pruned by."""
    op.add_column("incident", sa.Column("pruned_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("incident", sa.Column("first_alert_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("proposal", sa.Column("posted_ts", sa.String(), nullable=True))
    op.create_index("ix_incident_opened", "incident", ["opened_at"])
    op.create_index("ix_incident_model_opened", "incident", ["model", "opened_at"])
    op.create_index("ix_incident_facets", "incident", ["state", "severity", "environment", "model"])
    unpruned = sa.text("state = 'closed' AND pruned_at IS NULL")
    op.create_index(
        "ix_incident_unpruned", "incident", ["changed_at"], sqlite_where=unpruned, postgresql_where=unpruned
    )
    stray = sa.text("incident_id IS NULL")
    op.create_index("ix_alert_stray", "alert", ["received_at"], sqlite_where=stray, postgresql_where=stray)
    op.create_index("ix_message_of_no_incident", "message", ["created_at"], sqlite_where=stray, postgresql_where=stray)
    op.create_index("ix_click_handled", "click", ["handled_at"])
    op.create_index("ix_proposal_created", "proposal", ["created_at"])
    op.create_index("ix_execution_finished", "execution", ["finished_at"])


def _daily_notes() -> None:
    """What channels were told of their models, once a day."""
    op.create_table(
        "daily_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("channel", "day", name="uq_daily_note"),
    )

"""What the record of trust asks of every incident stands in its row, and lists are narrowed within their indexes."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Go forward."""
    op.add_column("incident", sa.Column("diagnosed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("incident", sa.Column("onset", sa.DateTime(timezone=True), nullable=True))
    _date_incidents_of_before()
    op.create_index("ix_incident_model_facets", "incident", ["model", "state", "severity", "environment"])
    for name, columns in (
        ("ix_incident_opened", ["opened_at", "severity", "environment", "model"]),
        ("ix_incident_state_opened", ["state", "opened_at", "severity", "environment", "model"]),
    ):
        op.drop_index(name, "incident")
        op.create_index(name, "incident", columns)


def _date_incidents_of_before() -> None:
    """Each gets both moments from its earliest look that has them. A hundred thousand take half a minute."""
    moment = sa.DateTime(timezone=True)
    look = sa.table(
        "investigation",
        sa.column("incident_id", sa.String),
        sa.column("state", sa.String),
        sa.column("finished_at", moment),
        sa.column("findings", sa.JSON),
    )
    incident = sa.table(
        "incident", sa.column("id", sa.String), sa.column("diagnosed_at", moment), sa.column("onset", moment)
    )
    connection = op.get_bind()
    onset = look.c.findings["diagnosis"]["onset"].as_string()
    found: dict[str, dict[str, Any]] = {}
    for incident_id, finished_at, began in connection.execute(
        sa.select(look.c.incident_id, look.c.finished_at, onset)
        .where(look.c.state == "done", look.c.finished_at.is_not(None))
        .order_by(look.c.finished_at)
    ):
        row = found.setdefault(incident_id, {"of": incident_id, "at": finished_at, "began": None})
        row["began"] = row["began"] or (None if began is None else datetime.fromisoformat(began).astimezone(UTC))
    if found:
        values: dict[str, Any] = {"diagnosed_at": sa.bindparam("at"), "onset": sa.bindparam("began")}
        connection.execute(
            incident.update().where(incident.c.id == sa.bindparam("of")).values(values), list(found.values())
        )

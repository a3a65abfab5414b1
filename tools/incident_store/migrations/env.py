"""Alembic's entry point: run the migrations on the connection that `migrate` hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from tools.incident_store import answer_table, daily_note_table, replica_tables, slack_tables, tables
from tools.incident_store.table import UtcDateTime

TABLES = (tables, slack_tables, replica_tables, daily_note_table, answer_table)
"""They share one metadata; naming the files here is what brings their tables into it."""


def render_item(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write our column types as plain SQLAlchemy, so that a migration needs nothing that may change later."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and type(item).__name__ == "AutoString":
        return "sa.String()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.AlertRecord.metadata,
    render_as_batch=True,
    render_item=render_item,
    compare_type=False,
)
with context.begin_transaction():
    context.run_migrations()

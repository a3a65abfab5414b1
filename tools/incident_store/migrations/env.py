"""Alembic's entry point: run the migrations on the connection that `migrate` hands over."""

from alembic import context

from tools.incident_store import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.Table.metadata,
    render_as_batch=True,
    compare_type=False,
)
with context.begin_transaction():
    context.run_migrations()

"""What every reader of the store stands on."""

from tools.incident_store.database import Database


class Reading:
    """Questions to the store; each is one short read, and none changes a row."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

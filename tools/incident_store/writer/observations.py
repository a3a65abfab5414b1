"""What the observer saw: every endpoint config that was live, since SageMaker keeps no such history."""

from datetime import datetime

from tools.incident_store.database import Database
from tools.incident_store.tables import ConfigSeenRecord


class ObservationWriter:
    """Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def seen(self, endpoint: str, config: str, since: datetime, now: datetime) -> None:
        """`endpoint` was InService on `config` at `now`, and had been `since` its last change."""
        with self._database.write() as session:
            record = session.get(ConfigSeenRecord, (endpoint, config), with_for_update=True)
            if record is None:
                record = ConfigSeenRecord(
                    endpoint=endpoint, config=config, first_seen=now, last_seen=now, live_since=since
                )
            record.last_seen = now
            record.live_since = since
            session.add(record)

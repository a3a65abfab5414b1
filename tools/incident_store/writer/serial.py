"""One at a time among replicas, for what is counted before it is decided."""

from sqlalchemy import func, select
from sqlmodel import Session


def one_at_a_time(session: Session, subject: str) -> None:
    """Wait until no other transaction holds `subject`, and hold it until this one ends.

    On SQLite there is one writer anyway. Take it after the locks of incidents, as every writer does.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(subject, 0))))

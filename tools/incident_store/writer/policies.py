"""The policies that were in force: each is kept once, by its hash."""

import threading
from datetime import datetime

from sqlmodel import Session

from incidents.policy import Policy
from tools.incident_store.database import Database
from tools.incident_store.tables import PolicyRecord


class PolicyWriter:
    """Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database
        self._kept: set[str] = set()
        self._lock = threading.Lock()

    def remember(self, policy: Policy, now: datetime) -> None:
        """Keep the policy's content, where it is not kept yet; what was kept before costs no transaction.

        Raises `UpstreamError` when it cannot be written: a decision that nobody could explain later must not be made.
        """
        hash = policy.hash
        with self._lock:
            if hash in self._kept:
                return

        def work(session: Session) -> None:
            if session.get(PolicyRecord, hash) is None:
                session.add(PolicyRecord(hash=hash, body=policy.model_dump(mode="json"), first_seen=now))

        self._database.write_anew(work)
        with self._lock:
            self._kept.add(hash)

"""Named leases: one holder at a time, and a fence that tells the holders apart."""

import threading
from datetime import timedelta

from tests.incidents.builders import START, later
from tools.incident_store.database import Database
from tools.incident_store.writer.leases import LeaseWriter

LEASE = timedelta(seconds=20)


def test_a_lease_has_one_holder(database: Database) -> None:
    leases = LeaseWriter(database)
    assert leases.take("outbox", "bot-1", START, LEASE) == 1
    assert leases.take("outbox", "bot-2", later(seconds=19), LEASE) is None
    assert leases.take("runbooks", "bot-2", later(seconds=19), LEASE) == 1


def test_the_holder_keeps_it_under_the_same_fence(database: Database) -> None:
    leases = LeaseWriter(database)
    leases.take("outbox", "bot-1", START, LEASE)
    assert leases.take("outbox", "bot-1", later(seconds=15), LEASE) == 1
    assert leases.take("outbox", "bot-2", later(seconds=30), LEASE) is None
    assert leases.holds("outbox", "bot-1", 1, later(seconds=30))


def test_once_it_is_over_another_takes_it_under_a_new_fence(database: Database) -> None:
    leases = LeaseWriter(database)
    leases.take("outbox", "bot-1", START, LEASE)
    assert leases.take("outbox", "bot-2", later(seconds=20), LEASE) == 2
    assert leases.take("outbox", "bot-1", later(seconds=20), LEASE) is None
    assert not leases.holds("outbox", "bot-1", 1, later(seconds=20))


def test_a_holder_that_comes_late_gets_a_new_fence(database: Database) -> None:
    leases = LeaseWriter(database)
    leases.take("outbox", "bot-1", START, LEASE)
    assert leases.take("outbox", "bot-1", later(seconds=21), LEASE) == 2
    assert not leases.holds("outbox", "bot-1", 1, later(seconds=22))


def test_a_lease_given_back_is_free_at_once(database: Database) -> None:
    leases = LeaseWriter(database)
    leases.take("outbox", "bot-1", START, LEASE)
    assert leases.release("outbox", "bot-1", 1, later(seconds=1))
    assert leases.take("outbox", "bot-2", later(seconds=1), LEASE) == 2


def test_only_its_holder_gives_a_lease_back(database: Database) -> None:
    leases = LeaseWriter(database)
    leases.take("outbox", "bot-1", START, LEASE)
    leases.take("outbox", "bot-2", later(seconds=21), LEASE)
    assert not leases.release("outbox", "bot-1", 1, later(seconds=22))
    assert leases.holds("outbox", "bot-2", 2, later(seconds=22))


def test_of_many_that_reach_for_a_lease_one_gets_it(database: Database) -> None:
    won: list[str] = []
    ready = threading.Barrier(8)

    def reach(owner: str) -> None:
        leases = LeaseWriter(database)
        ready.wait()
        if leases.take("outbox", owner, START, LEASE) is not None:
            won.append(owner)

    threads = [threading.Thread(target=reach, args=(f"bot-{n}",)) for n in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(won) == 1

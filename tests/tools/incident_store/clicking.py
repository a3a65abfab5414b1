"""Processes of their own that click Approve many times in the same moment, as replicas do.

Arguments: the URL of the database, the proposal, and for each process how many people click in it. When all are ready,
all let all their people click at once; what became of each click is printed as JSON.
"""

import asyncio
import json
import logging
import multiprocessing
import sys
from datetime import timedelta
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier

import structlog

from bot.decisions import Decisions
from incidents.approval import Person
from tests.incidents.builders import catalogue, later, policy
from tools.incident_store.database import Database
from tools.incident_store.reader import StoreReader
from tools.incident_store.writer.store import open_writer


async def _click(decisions: Decisions, proposal_id: str, first: int, count: int) -> list[str]:
    people = [Person(id=f"U{first + n}", team="TSANDBOX", groups=frozenset({"ml-oncall"})) for n in range(count)]
    answers = await asyncio.gather(*(decisions.approve(proposal_id, person) for person in people))
    return [answer.result for answer in answers]


def _replica(
    url: str, proposal_id: str, first: int, count: int, together: Barrier, answers: SimpleQueue[list[str]]
) -> None:
    database = Database(url)
    writer = open_writer(database, catalogue(), settle=timedelta(0), new_id=lambda: "unused")
    decisions = Decisions(
        StoreReader(database),
        writer,
        catalogue(),
        policy,
        home_team=lambda: "TSANDBOX",
        clock=lambda: later(minutes=1),
        speed=1.0,
        wake=lambda: None,
    )
    together.wait(60)
    answers.put(asyncio.run(_click(decisions, proposal_id, first, count)))
    database.close()


def main(url: str, proposal_id: str, *counts: str) -> None:
    """Click."""
    # Stdout is for the answers.
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
    )
    clicks = [int(count) for count in counts]
    # Forked, before there is a connection or a thread: what they need is imported once.
    fork = multiprocessing.get_context("fork")
    together, answers = fork.Barrier(len(clicks)), fork.SimpleQueue()
    replicas = [
        fork.Process(target=_replica, args=(url, proposal_id, sum(clicks[:n]), count, together, answers))
        for n, count in enumerate(clicks)
    ]
    for replica in replicas:
        replica.start()
    for replica in replicas:
        replica.join()
        assert replica.exitcode == 0
    print(json.dumps([answers.get() for _ in replicas]))


if __name__ == "__main__":
    main(*sys.argv[1:])

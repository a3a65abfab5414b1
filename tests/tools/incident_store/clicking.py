"""A process of its own that clicks Approve many times in the same moment, as one replica of several.

Arguments: the URL of the database, the proposal, the number of the first person, how many people. It says ``ready``,
waits for a line, lets them all click at once, and prints what became of each as JSON.
"""

import asyncio
import json
import logging
import sys
from datetime import timedelta

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


def main(url: str, proposal_id: str, first: str, count: str) -> None:
    """Click."""
    # Stdout is for the answers.
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
    )
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
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(asyncio.run(_click(decisions, proposal_id, int(first), int(count)))), flush=True)
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""What can wait leaves gaps for intake while alerts pour in, and none otherwise."""

import threading
import time

from sqlmodel import Session

from tests.incidents.builders import START, alert
from tests.tools.incident_store.stage import Stage
from tools.incident_store.database import LONGEST_GAP_S
from tools.incident_store.writer.intake import Notification

TOOK_S = 0.01


def slow(session: Session) -> None:
    """A transaction that takes a while."""
    session.connection().exec_driver_sql("SELECT 1")
    threading.Event().wait(TOOK_S)


def seconds_of(stage: Stage, rounds: int, *, storing: bool) -> float:
    begun = time.monotonic()
    for number in range(rounds):
        if storing:
            stage.writer.intake.store_all([Notification((alert(fingerprint=f"{number:x}"),))], START)
        stage.database.write_in_gaps(slow)
    return time.monotonic() - begun


def test_between_two_transactions_intake_has_its_part_while_alerts_pour_in(stage: Stage) -> None:
    rounds = 4
    assert seconds_of(stage, rounds, storing=True) >= rounds * TOOK_S + (rounds - 1) * 2 * TOOK_S


def test_while_nothing_comes_in_nothing_waits(stage: Stage) -> None:
    stage.database.write_in_gaps(slow)
    begun = time.monotonic()
    for _ in range(10):
        stage.database.write_in_gaps(lambda session: None)
    assert time.monotonic() - begun < 10 * LONGEST_GAP_S

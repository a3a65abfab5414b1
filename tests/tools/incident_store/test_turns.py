"""Who writes next."""

import threading
import time
from collections.abc import Callable

import pytest

from tools.incident_store.turns import Turns

LIMIT_S = 10.0


def queue_up(turns: Turns, order: list[str], name: str, *, urgent: bool) -> threading.Thread:
    """A writer that waits behind the one that has the turn; returns once it stands in the queue."""

    def write() -> None:
        with turns.take(urgent=urgent, timeout_s=LIMIT_S):
            order.append(name)

    before = turns.waiting
    thread = threading.Thread(target=write)
    thread.start()
    _until(lambda: turns.waiting == before + 1)
    return thread


def _until(look: Callable[[], bool]) -> None:
    deadline, never = time.monotonic() + LIMIT_S, threading.Event()
    while not look():
        assert time.monotonic() < deadline
        never.wait(0.0005)


def finished(order: list[str], *waiting: tuple[str, bool], first_is_urgent: bool = False) -> list[str]:
    turns = Turns()
    with turns.take(urgent=first_is_urgent, timeout_s=LIMIT_S):
        threads = [queue_up(turns, order, name, urgent=urgent) for name, urgent in waiting]
    for thread in threads:
        thread.join(LIMIT_S)
    return order


def test_writers_go_in_the_order_in_which_they_came() -> None:
    assert finished([], ("a", False), ("b", False), ("c", False)) == ["a", "b", "c"]


def test_who_is_urgent_goes_first() -> None:
    assert finished([], ("a", False), ("b", False), ("urgent", True)) == ["urgent", "a", "b"]


def test_who_is_urgent_passes_nobody_twice_in_a_row() -> None:
    names = ("u1", True), ("u2", True), ("u3", True), ("a", False), ("b", False)
    assert finished([], *names) == ["u1", "a", "u2", "b", "u3"]
    assert finished([], *names, first_is_urgent=True) == ["a", "u1", "b", "u2", "u3"]


def test_a_turn_that_does_not_come_in_time_is_given_up_and_leaves_no_trace() -> None:
    turns = Turns()
    with turns.take(urgent=False, timeout_s=LIMIT_S):
        with pytest.raises(TimeoutError), turns.take(urgent=True, timeout_s=0.01):
            raise AssertionError("two at once")
        assert turns.waiting == 0
    with turns.take(urgent=False, timeout_s=0.01):
        pass


def test_a_turn_ends_when_its_work_fails() -> None:
    turns = Turns()
    with pytest.raises(ValueError, match="broken"), turns.take(urgent=False, timeout_s=LIMIT_S):
        raise ValueError("broken")
    with turns.take(urgent=False, timeout_s=0.01):
        pass

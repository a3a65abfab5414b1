"""Courses of a series: a value for every moment. The same arguments give the same course, so that what it comes to in a
window is computed once for all tests."""

from collections.abc import Callable
from datetime import datetime
from functools import cache

from tests.agents.moments import ONSET

Shape = Callable[[datetime], float]


@cache
def flat(value: float, wobble: float = 0.01) -> Shape:
    """A level with a little regular noise."""
    return lambda at: value * (1 + wobble * (int(at.timestamp() // 60) % 3 - 1))


@cache
def step_up(before: float, after: float, onset: datetime = ONSET) -> Shape:
    """One level before the onset, another from it on."""
    low, high = flat(before), flat(after)
    return lambda at: high(at) if at >= onset else low(at)

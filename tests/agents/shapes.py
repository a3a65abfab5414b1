"""Courses of a series: a value for every moment."""

from collections.abc import Callable
from datetime import datetime

from tests.agents.moments import ONSET

Shape = Callable[[datetime], float]


def flat(value: float, wobble: float = 0.01) -> Shape:
    """A level with a little regular noise."""
    return lambda at: value * (1 + wobble * (int(at.timestamp() // 60) % 3 - 1))


def step_up(before: float, after: float, onset: datetime = ONSET) -> Shape:
    """One level before the onset, another from it on."""
    low, high = flat(before), flat(after)
    return lambda at: high(at) if at >= onset else low(at)

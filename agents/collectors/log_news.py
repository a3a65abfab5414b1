"""What a log says since the trouble began that it did not say before."""

from dataclasses import dataclass
from datetime import datetime

from agents.collectors.log_patterns import Logged, Pattern, joined, patterns_of
from agents.log_signs import Sign, is_error, sign_of
from tools.cloudwatch_logs.records import LogLines

GROWN = 3.0
"""A pattern has grown when it comes at least this many times as often as before, and `OFTEN` times in all."""
OFTEN = 5


@dataclass(frozen=True)
class News:
    """A pattern that is new, or has grown; `before`: how often it came in the time that is compared with."""

    pattern: Pattern
    before: int = 0

    @property
    def first(self) -> Logged:
        """The first of it."""
        return self.pattern.first

    @property
    def times(self) -> int:
        """How often it came."""
        return self.pattern.count

    @property
    def sign(self) -> Sign | None:
        """What it is a sign of."""
        return sign_of(self.first.told)

    @property
    def error(self) -> bool:
        """Whether it tells of an error; otherwise of a warning."""
        return self.first.traceback or is_error(self.first.told)

    @property
    def rank(self) -> tuple[bool, bool, bool, int]:
        """The worst is greatest: errors before warnings, then what tells something, then what is new."""
        return (self.error, self.sign is not None, self.before == 0, self.times)


def worst_first(lines: LogLines) -> list[News]:
    """Every pattern, for a log that has no time to compare with."""
    return sorted(map(News, patterns_of(joined(lines.lines)).values()), key=lambda one: one.rank, reverse=True)


def news_of(now: LogLines, before: LogLines, *, earlier: datetime, begin: datetime, end: datetime) -> list[News]:
    """What is new or has grown, worst first: `now` was read from `begin` to `end`, `before` from `earlier` to `begin`.

    Of what could not be read to its end, the part that was read is compared.
    """
    usual = patterns_of(joined(before.lines))
    length, length_before = _seconds(now, begin, end), _seconds(before, earlier, begin)
    found: list[News] = []
    for one in worst_first(now):
        known = usual.get(one.pattern.template)
        count = known.count if known else 0
        if count == 0 or (one.times >= OFTEN and one.times / length >= GROWN * count / length_before):
            found.append(News(one.pattern, count))
    return sorted(found, key=lambda one: one.rank, reverse=True)


def _seconds(lines: LogLines, begin: datetime, end: datetime) -> float:
    until = end if lines.whole or not lines.lines else lines.lines[-1].at
    return max((until - begin).total_seconds(), 1.0)

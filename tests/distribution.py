"""Which tests one worker runs after each other, and which begin first.

A portion is a file, or all files that tell stories to one rig: a rig is two processes that take seconds of processor
time to start. What may last longest begins first, so that at the end only short files are left and no worker waits for
another's last one; how long a file may last is what its tests declare as their timeout.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import pytest
from xdist.scheduler.loadfile import LoadFileScheduling

RIG = "tests/scenarios"
TOLD_TO_ONE_RIG = frozenset(
    f"{RIG}/test_{name}.py"
    for name in ("asking", "bad_input", "decisions", "diagnose_command", "executions", "outcomes", "traps")
)


def portion_of(nodeid: str) -> str:
    """The portion that a test belongs to: its file, or the folder of a rig."""
    file = nodeid.split("::", 1)[0]
    return RIG if file in TOLD_TO_ONE_RIG else file


class ByPortion(LoadFileScheduling):
    """Gives each worker a portion at a time, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return portion_of(nodeid)


def longest_first(timeouts: Iterable[tuple[str, float]]) -> Mapping[str, int]:
    """The rank of each portion, of all tests' ids with their timeouts in seconds (0 where none is declared).

    A file may last as long as its longest test, a portion as long as its files together; equals stay in their order.
    """
    files: dict[str, float] = {}
    for nodeid, timeout in timeouts:
        file = nodeid.split("::", 1)[0]
        files[file] = max(files.get(file, 0.0), timeout)
    portions: defaultdict[str, float] = defaultdict(float)
    for file, timeout in files.items():
        portions[portion_of(file)] += timeout
    return {one: rank for rank, one in enumerate(sorted(portions, key=lambda one: -portions[one]))}


def declared_timeout(item: pytest.Item) -> float:
    """The seconds of a test's own mark, else 0."""
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark is not None and mark.args else 0.0

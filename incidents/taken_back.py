"""Which changes of one incident were taken back: their undo was done after them."""

from collections.abc import Sequence
from itertools import permutations

from incidents.proposal import Proposal
from incidents.spec import spec_of


def taken_back(done: Sequence[Proposal]) -> set[str]:
    """Ids of those whose undo is among those after them. `done`: of one incident, in the order they were done."""
    order = {one.id: place for place, one in enumerate(done)}
    return {
        first.id
        for first, second in permutations(done, 2)
        if order[first.id] < order[second.id]
        and spec_of(first.remediation).undo(first.origin).remediation == second.remediation
    }

"""A sample taken evenly: every so many-th, with the first and the last."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def evenly(items: Sequence[T], most: int) -> list[T]:
    """At most `most` of the items, in their order, as far from each other as can be."""
    if len(items) <= most:
        return list(items)
    if most <= 1:
        return list(items[-1:])[:most]
    return [items[round(place * (len(items) - 1) / (most - 1))] for place in range(most)]

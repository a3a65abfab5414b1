"""Evenly spaced moments, as arrays: every series of every case is recorded on the same ones."""

import zlib
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from tools.case_files.moments import NOW

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

DIGITS: Final = 10
"""Of the seconds since 1970, for every moment from 2001 to 2286."""
_KEPT = 64
"""Grids that are kept: an investigation asks for a few windows, and the next case for the same."""


class Grid:
    """Moments of a window.

    Attributes:
        moments: from the first on.
        micros: each in microseconds after the investigation, so mostly negative.
        drawn: a CRC-32 of each one's second.
        again: another, begun with that one.
    """

    AGAIN: Final = b"again"

    def __init__(self, start: datetime, width: timedelta, count: int) -> None:
        """`count` moments, `width` apart."""
        import numpy as np

        self.moments = tuple(start + width * i for i in range(count))
        self.micros: NDArray[int64] = micros_of(start) + microseconds(width) * np.arange(count, dtype=np.int64)
        seconds = [f"{int(moment.timestamp()):0{DIGITS}}".encode() for moment in self.moments]
        self.drawn: NDArray[int64] = np.array([zlib.crc32(second) for second in seconds], dtype=np.int64)
        self.again: NDArray[int64] = np.array(
            [zlib.crc32(self.AGAIN, drawn) for drawn in self.drawn.tolist()], dtype=np.int64
        )


@lru_cache(_KEPT)
def grid_of(start: datetime, width: timedelta, count: int) -> Grid:
    """The grid of a window, made once."""
    return Grid(start, width, count)


def micros_of(moment: datetime) -> int:
    """Microseconds from the investigation to a moment."""
    return microseconds(moment - NOW)


def microseconds(span: timedelta) -> int:
    """A span in microseconds, exactly."""
    return span // timedelta(microseconds=1)

"""A picture's pixels are megabytes, and the figure they belong to refers to itself: both go when it is drawn."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from bot.slack.picture import leaving_nothing


class Figure:
    """Refers to itself, as matplotlib's do."""

    def __init__(self) -> None:
        self.canvas = self


@pytest.fixture
def drawn() -> Iterator[list[weakref.ref[Figure]]]:
    """What was drawn; Python's own collector stays away meanwhile."""
    gc.disable()
    yield []
    gc.enable()


def test_a_figure_is_gone_once_its_picture_is_there(drawn: list[weakref.ref[Figure]]) -> None:
    def draw(words: str) -> bytes:
        drawn.append(weakref.ref(Figure()))
        return words.encode()

    assert draw("left") == b"left" and drawn[0]() is not None
    assert leaving_nothing(draw)("gone") == b"gone"
    assert [one() for one in drawn] == [None, None]


def test_a_figure_that_could_not_be_drawn_is_gone_too(drawn: list[weakref.ref[Figure]]) -> None:
    def draw() -> bytes:
        drawn.append(weakref.ref(Figure()))
        raise ValueError("no font")

    with pytest.raises(ValueError, match="no font"):
        leaving_nothing(draw)()
    assert drawn[0]() is None

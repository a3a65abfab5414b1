"""A picture's pixels are megabytes, and the figure they belong to refers to itself: they go when it is drawn."""

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bot.slack.picture import png_of

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(autouse=True)
def without_collections() -> Iterator[None]:
    """Python's own collector stays away meanwhile."""
    gc.disable()
    yield
    gc.enable()


def _with_words() -> Any:
    """A canvas whose title, like every text of a figure, refers to the renderer it was measured with."""
    figure: Any = Figure(layout="constrained")
    figure.suptitle("p99")
    figure.subplots().plot([1, 2], label="slow")
    return FigureCanvasAgg(figure)


def _pixels(canvas: Any) -> "weakref.ref[object]":
    return weakref.ref(canvas.get_renderer()._renderer)


def test_the_pixels_are_gone_once_the_picture_is_there() -> None:
    canvas = _with_words()
    pixels = _pixels(canvas)
    assert pixels() is not None
    assert png_of(canvas).startswith(PNG)
    assert pixels() is None


def test_the_pixels_of_what_could_not_be_drawn_are_gone_too() -> None:
    canvas = _with_words()
    pixels = _pixels(canvas)

    def no_font(*_: object) -> None:
        raise ValueError("no font")

    canvas.print_png = no_font
    with pytest.raises(ValueError, match="no font"):
        png_of(canvas)
    assert pixels() is None

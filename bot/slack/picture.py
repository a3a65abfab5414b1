"""The end of a drawing: the picture's bytes, and its pixels given back at once."""

import io
from typing import Any


def png_of(canvas: Any) -> bytes:
    """What is drawn on a `FigureCanvasAgg`, as PNG; nothing can be drawn on it afterwards.

    A figure of matplotlib refers to itself in circles, and its pixels, 6 to 12 MB, are a single object to Python's
    collector, which counts objects: 77 MB of them were seen to wait for it. So the renderer lets go of them here. The
    figure itself is small and waits. To collect it at once would go through everything the process holds, for every
    picture of a storm.
    """
    picture = io.BytesIO()
    try:
        canvas.print_png(picture)
    finally:
        # Titles and labels refer to the renderer; the renderer alone refers to the pixels.
        renderer: object = canvas.get_renderer()
        vars(renderer).clear()
    return picture.getvalue()

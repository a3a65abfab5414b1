"""Words in a picture: which letters the font has, how wide they are, where a line breaks. Needs matplotlib."""

from bisect import bisect_right
from typing import Any

import matplotlib.font_manager

_ELLIPSIS = "…"


class Letters:
    """Measures in the font that pictures are drawn with."""

    def __init__(self, dpi: float) -> None:
        """`dpi`: of the picture."""
        self._dpi = dpi
        fonts: Any = matplotlib.font_manager  # whose stubs leave half of every signature unknown
        self._fonts: dict[bool, Any] = {
            bold: fonts.get_font(fonts.findfont(fonts.FontProperties(family="DejaVu Sans", weight=weight)))
            for bold, weight in ((False, "normal"), (True, "bold"))
        }
        self._known = {bold: frozenset(font.get_charmap()) for bold, font in self._fonts.items()}

    def fitted(self, text: str, size: float, bold: bool, width: float, lines: int) -> list[str]:
        """At most `lines` lines, none wider than `width` inches; what is cut off ends in an ellipsis.

        A letter that the font does not have becomes a question mark. A dollar sign begins no formula.
        """
        known = self._known[bold]
        words = "".join(c if ord(c) in known else "?" for c in text).split()
        found: list[str] = []
        while words and len(found) < lines:
            count = self._that_fit(words, size, bold, width)
            found.append(" ".join(words[:count]) if count else self._cut(words[0], size, bold, width))
            words = words[max(1, count) :]
        if words and found:
            found[-1] = self._cut(f"{found[-1]} {words[0]}", size, bold, width)
        return [one.replace("$", r"\$") for one in found] or [" "]

    def width(self, text: str, size: float, bold: bool) -> float:
        """In inches."""
        font = self._fonts[bold]
        font.set_size(size, self._dpi)
        font.set_text(text, 0.0)
        return font.get_width_height()[0] / 64 / self._dpi

    def _that_fit(self, words: list[str], size: float, bold: bool, width: float) -> int:
        count = 0
        while count < len(words) and self.width(" ".join(words[: count + 1]), size, bold) <= width:
            count += 1
        return count

    def _cut(self, text: str, size: float, bold: bool, width: float) -> str:
        def with_first(count: int) -> float:
            return self.width(text[:count] + _ELLIPSIS, size, bold)

        # By halves: measuring a word of hundreds of letters takes milliseconds.
        over = bisect_right(range(len(text) + 1), width, key=with_first)
        return text[: max(0, over - 1)].rstrip() + _ELLIPSIS

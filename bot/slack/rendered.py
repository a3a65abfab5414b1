"""What a message comes to once it is rendered: text and blocks, or a file with a message around it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]


@dataclass(frozen=True)
class Rendered:
    """A message. `text` is what notifications, screen readers and clients without blocks show."""

    text: str
    blocks: list[Block]


@dataclass(frozen=True)
class FilePost:
    """A message that shows a picture: the file goes up first, then `message` is rendered around its id.

    `words_instead`: where Slack refuses the picture, its words are posted; without it there is no message then.
    """

    filename: str
    title: str
    alt_text: str
    content: bytes
    message: Callable[[str], Rendered]
    words_instead: bool = True

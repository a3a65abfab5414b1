"""What an MCP server offers and answers, as far as it is used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class OfferedTool:
    """A tool that may be called. `description` and `schema` are the server's own words, untrusted."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Offer:
    """What one server offers. `refused`: why a tool that the file lists is not among it, by name, in plain words."""

    tools: Sequence[OfferedTool]
    refused: Mapping[str, str]
    not_listed: int = 0
    """How many tools it has beside those that the file lists."""


@dataclass(frozen=True)
class McpAnswer:
    """What a tool answered, untrusted.

    Attributes:
        text: head and tail where it was longer than is kept.
        failed: whether the server itself calls it an error.
        left_out: parts that are no text, e.g. images.
    """

    text: str
    failed: bool = False
    left_out: int = 0

"""What a source of the team's own answered."""

from typing import Literal

from agents.readings.base import ReadingBase


class OtherSourceReading(ReadingBase):
    """The answer of a source of the team's own, through an MCP server; what it says stands in the evidence."""

    type: Literal["other_source"] = "other_source"
    server: str
    tool: str

"""What every reading has: the evidence it belongs to."""

from pydantic import BaseModel, ConfigDict


class ReadingBase(BaseModel):
    """The typed side of one fact."""

    model_config = ConfigDict(frozen=True)

    evidence: str = ""
    """The id of the evidence it belongs to."""

"""Where an incident's thread stands in Slack."""

from pydantic import BaseModel, ConfigDict


class ThreadRef(BaseModel):
    """A channel's id, and the ts of the thread's first message."""

    model_config = ConfigDict(frozen=True)

    channel: str
    ts: str

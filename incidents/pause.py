"""Stop: while a pause stands, nothing that changes something is sent, for one model or for all."""

from pydantic import BaseModel, ConfigDict

from incidents.clock import Moment

EVERYTHING = "*"
"""The scope of a pause of all models."""


class Pause(BaseModel):
    """Who stopped what, and when. `scope` is a model's name or `EVERYTHING`."""

    model_config = ConfigDict(frozen=True)

    scope: str
    by: str
    at: Moment

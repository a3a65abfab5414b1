"""The table of daily notes."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from tools.incident_store.table import Table, UtcDateTime


class DailyNoteRecord(Table, table=True):
    """What a channel was told of its models on a day (UTC): `facts` is a `DailyNote`."""

    __table_args__ = (UniqueConstraint("channel", "day", name="uq_daily_note"),)

    id: int | None = Field(default=None, primary_key=True)
    channel: str
    day: str
    facts: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)  # pyright: ignore[reportUnknownVariableType] sqlmodel types Field's result loosely

"""What every table is made of: its name, and columns that are the same on both databases."""

import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, text
from sqlalchemy.orm import declared_attr
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment. SQLite keeps no time zone, so there it is stored as UTC and read back as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment without a time zone rather than guess one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give UTC back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def moment(*, nullable: bool = False, index: bool = False) -> Any:
    """A column of a moment."""
    return Field(default=None, sa_type=UtcDateTime, nullable=nullable, index=index)  # pyright: ignore[reportUnknownVariableType] sqlmodel types Field's result loosely


def where(condition: str) -> dict[str, Any]:
    """What makes an index a partial one, on both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def json() -> Any:
    """A column of JSON, an object; empty where nothing is given."""
    return Field(default_factory=dict, sa_type=JSON, nullable=False)  # pyright: ignore[reportUnknownVariableType] sqlmodel types Field's result loosely


class Table(SQLModel):
    """The base of every table: ``AlertRecord`` is kept in the table ``alert``."""

    @declared_attr.directive
    def __tablename__(cls) -> str:  # pyright: ignore[reportIncompatibleVariableOverride] SQLModel documents this override, its stub forbids it
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__.removesuffix("Record")).lower()

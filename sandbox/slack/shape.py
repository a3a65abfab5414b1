"""JSON of unknown shape, made known."""

from typing import Any, cast


def as_object(value: object) -> dict[str, Any] | None:
    """The value if it is a JSON object, else None."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def as_array(value: object) -> list[Any] | None:
    """The value if it is a JSON array, else None."""
    return cast("list[Any]", value) if isinstance(value, list) else None

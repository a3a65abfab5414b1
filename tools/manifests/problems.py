"""What is wrong with a manifest, in plain words, from what pydantic found."""

import difflib
import types
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from incidents.errors import ManifestError
from tools.manifests.yaml_lines import Document, Where, dotted

SHOWN = 60
"""How much of a wrong value is repeated."""


def first_problem(document: Document, error: ValidationError, schema: type[BaseModel]) -> ManifestError:
    """The topmost mistake as our error; further ones are counted, with their lines."""
    errors = error.errors(include_url=False, include_context=True)
    # Of two mistakes in one line, a misspelt key explains why the right one is missing.
    own = sorted(
        (one for one in errors if not _follows_from_another(one, errors)), key=lambda e: e["type"] == "missing"
    )
    found = sorted((_described(document, one, schema) for one in own), key=lambda row: row[0] or 0)
    line, key, problem = found[0]
    more = [f"line {other}" if other else "the file" for other, _, _ in found[1:]]
    if more:
        problem += f" (and {len(more)} more: {', '.join(dict.fromkeys(more))})"
    return ManifestError(document.file, line, key, problem)


def _follows_from_another(one: ErrorDetails, errors: list[ErrorDetails]) -> bool:
    """A list whose items are wrong is too short, too; what is wrong is the items."""
    place = one["loc"]
    return one["type"] == "too_short" and any(
        len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in errors
    )


def _described(document: Document, one: ErrorDetails, schema: type[BaseModel]) -> tuple[int | None, str, str]:
    path = document.nearest(one["loc"])
    line = document.line(path)
    value: Any = one["input"]
    match one["type"]:
        case "missing":
            missing = str(one["loc"][-1])
            return line, dotted((*path, missing)), "is missing; add it"
        case "extra_forbidden":
            return line, dotted(path), _unknown_key(str(path[-1]) if path else "", known_keys(schema, path[:-1]))
        case "union_tag_not_found" | "union_tag_invalid":
            context = one.get("ctx", {})
            return line, dotted(path), f"needs {context.get('discriminator')} to be one of {_tags(context, schema)}"
        case "model_type" | "model_attributes_type" | "dict_type" | "tuple_type":
            wanted = "a list" if one["type"] == "tuple_type" else "a mapping of keys to values"
            return line, dotted(path), f"must be {wanted}; found {_shown(value)}"
        case _:
            return line, dotted(path), _words(one["msg"], value, one["type"])


def _tags(context: dict[str, Any], schema: type[BaseModel]) -> str:
    return str(context.get("expected_tags") or "the words the documentation names")


def _words(message: str, value: Any, kind: str) -> str:
    if kind in {"value_error", "assertion_error"}:
        return message.split(", ", 1)[-1]
    text = message.replace("Input should be", "must be").replace("should have", "must have")
    text = text[0].lower() + text[1:] if text else text
    hint = ""
    if kind == "string_type" and isinstance(value, bool):
        hint = "; YAML reads yes, no, on and off as true and false: put it in quotes"
    elif kind == "string_type" and not isinstance(value, (dict, list)) and value is not None:
        hint = "; put it in quotes"
    return f"{text}; found {_shown(value)}{hint}"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = repr(value) if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _unknown_key(key: str, known: tuple[str, ...]) -> str:
    if not known:
        return "is not a known key; remove it"
    near = difflib.get_close_matches(key, known, n=1)
    return (
        f"is not a known key; did you mean {near[0]}?" if near else f"is not a known key; known are {', '.join(known)}"
    )


def known_keys(schema: type[BaseModel], path: Where) -> tuple[str, ...]:
    """The keys that may stand in the mapping at `path`; empty where any may."""
    at: list[Any] = [schema]
    for step in path:
        at = [inner for one in at for inner in _step(one, step)]
    keys = [name for one in at if _is_model(one) for name in one.model_fields]
    return tuple(dict.fromkeys(keys))


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _step(annotation: Any, step: str | int) -> Iterator[Any]:
    if _is_model(annotation):
        field = annotation.model_fields.get(str(step))
        if field is not None:
            yield from _members(field.annotation)
        return
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is dict:
        yield from _members(arguments[1])
    elif typing.get_origin(annotation) is tuple:
        yield from _members(arguments[0])


def _members(annotation: Any) -> Iterator[Any]:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        yield from _members(typing.get_args(annotation)[0])
    elif origin in (typing.Union, types.UnionType):
        for one in typing.get_args(annotation):
            yield from _members(one)
    else:
        yield annotation

"""Facts as tables: what facts of one sort have in common is said once, because a prompt pays for each repetition.

Facts that follow one another and have source and type in common are one table. A row begins with the fact's id and its
sentence; then come the values that all facts of the table have, and last, where there are any, an object with the rest.
Where every sentence begins with one of the values, that value stands before the sentence, which goes on from there.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from pydantic import BaseModel, ValidationError

from agents.wording import sentence

_NAMED = frozenset({"type", "id", "found"})
"""What has a place of its own; a value of a reading by such a name stands in the row's last object."""

Fact = Mapping[str, Any]
"""``id``, ``source``, ``found`` and ``reading``, which is an object with at least its ``type``."""


class _Table(BaseModel):
    source: str
    type: str
    begins_with: str = ""
    columns: list[str]
    rows: list[list[Any]]


def tabled(facts: Iterable[Fact]) -> list[dict[str, Any]]:
    """The facts as tables, in their order."""
    return [_table(list(alike)) for _, alike in groupby(facts, lambda fact: (fact["source"], fact["reading"]["type"]))]


def untabled(tables: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The facts of tables, as they were; what is no table is passed over."""
    facts: list[dict[str, Any]] = []
    for one in tables:
        try:
            table = _Table.model_validate(one)
        except ValidationError:
            continue
        facts += [_fact(table, row) for row in table.rows if _fits(row, len(table.columns))]
    return facts


def _table(facts: Sequence[Fact]) -> dict[str, Any]:
    readings: list[Mapping[str, Any]] = [fact["reading"] for fact in facts]
    shared = [name for name in readings[0] if name not in _NAMED and all(name in reading for reading in readings)]
    first = next((name for name in shared if all(_rest(fact, name) is not None for fact in facts)), "")
    head = {"source": facts[0]["source"], "type": readings[0]["type"], **({"begins_with": first} if first else {})}
    values = [name for name in shared if name != first]
    return {
        **head,
        "columns": ["id", *([first] if first else []), "found", *values],
        "rows": [_row(fact, first, values) for fact in facts],
    }


def _row(fact: Fact, first: str, values: Sequence[str]) -> list[Any]:
    reading: Mapping[str, Any] = fact["reading"]
    told = [reading[first], _rest(fact, first)] if first else [fact["found"]]
    rest = {name: value for name, value in reading.items() if name not in {"type", first, *values}}
    return [fact["id"], *told, *(reading[name] for name in values), *([rest] if rest else [])]


def _fact(table: _Table, row: Sequence[Any]) -> dict[str, Any]:
    cells = dict(zip(table.columns, row, strict=False))
    number, found = cells.pop("id", None), str(cells.pop("found", ""))
    if table.begins_with in cells:
        found = _whole(cells[table.begins_with], found)
    rest: dict[str, Any] = row[-1] if len(row) > len(table.columns) else {}
    return {"id": number, "source": table.source, "found": found, "reading": {"type": table.type, **cells, **rest}}


def _fits(row: Sequence[Any], width: int) -> bool:
    return len(row) == width or (len(row) == width + 1 and isinstance(row[-1], dict))


def _rest(fact: Fact, name: str) -> str | None:
    """The sentence after the value it begins with; None where it does not begin so."""
    value, found = fact["reading"][name], str(fact["found"])
    if not isinstance(value, str) or not value:
        return None
    rest = found[len(value) :]
    return rest if _whole(value, rest) == found else None


def _whole(beginning: Any, rest: str) -> str:
    return sentence(f"{beginning}{rest}") if rest else str(beginning)

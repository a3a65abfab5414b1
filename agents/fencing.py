"""The fence around untrusted text: everything from outside reaches a language model as JSON inside one tag.

In the JSON ``<``, ``>`` and ``&`` are escaped, so no text from outside can close the fence or open another.
"""

import json
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agents.fact_tables import tabled, untabled
from agents.readings.found import Found, Reading
from agents.redaction import redact
from agents.wording import cut

_ESCAPES = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"))
_FENCE = re.compile(r'<untrusted from="[a-z ]+">\n(.*?)\n</untrusted>', re.DOTALL)
_READING: TypeAdapter[Reading] = TypeAdapter(Reading)
_FACTS: TypeAdapter[list[dict[str, Any]]] = TypeAdapter(list[dict[str, Any]])
LONGEST_TEXT = 1200
"""Characters of one text that a language model is shown; head and tail are kept."""
MOST_FACTS = 80
"""Facts in one answer."""
MOST_CHARACTERS = 48_000
"""Characters of the facts in one answer, about 12,000 tokens; facts beyond are left out and counted."""


def fenced(source: str, content: Mapping[str, Any], *, longest: int = LONGEST_TEXT) -> str:
    """The content as JSON inside the fence, secrets taken out, texts of more than `longest` cut head and tail."""
    text = json.dumps(_shortened(content, longest), ensure_ascii=False, separators=(",", ":"), default=str)
    for sign, escaped in _ESCAPES:
        text = text.replace(sign, escaped)
    return f'<untrusted from="{source}">\n{text}\n</untrusted>'


def facts_fenced(
    source: str, facts: Sequence[Found], *, longest: int = LONGEST_TEXT, told: Container[str] = frozenset()
) -> str:
    """Facts with id, source, sentence and reading, as tables. `told`: ids of those that stand elsewhere already."""
    above = [fact.evidence.id for fact in facts if fact.evidence.id in told]
    facts = [fact for fact in facts if fact.evidence.id not in told]
    shown = [
        {
            "id": fact.evidence.id,
            "source": fact.evidence.source,
            "found": fact.evidence.found,
            "reading": {
                "type": fact.reading.type,
                **fact.reading.model_dump(mode="json", exclude={"evidence", "type"}, exclude_defaults=True),
            },
        }
        for fact in facts[:MOST_FACTS]
    ]
    shown = _within(shown, MOST_CHARACTERS)
    left_out = len(facts) - len(shown)
    content: dict[str, Any] = {"evidence": tabled(shown)}
    content |= {"stand_above": above} if above else {}
    content |= {"left_out": left_out} if left_out > 0 else {}
    return fenced(source, content, longest=longest)


def fences_in(text: str) -> list[dict[str, Any]]:
    """The content of every fence in a text, in order; what is not JSON is passed over."""
    found: list[dict[str, Any]] = []
    for match in _FENCE.finditer(text):
        try:
            content = json.loads(match[1])
        except ValueError:
            continue
        if isinstance(content, dict):
            found.append(content)  # pyright: ignore[reportUnknownArgumentType] - JSON objects have string keys
    return found


def facts_in(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The facts in a fence, of tables or one by one: each with at least an id and a sentence."""
    try:
        told = _FACTS.validate_python(content.get("evidence", []))
    except ValidationError:
        return []
    facts = [fact for one in told for fact in (untabled([one]) if "rows" in one else [one])]
    return [fact for fact in facts if "id" in fact and "found" in fact]


def readings_in(contents: Iterable[Mapping[str, Any]]) -> list[Reading]:
    """The readings of fenced facts; what does not fit the type is passed over."""
    readings: list[Reading] = []
    for content in contents:
        for fact in facts_in(content):
            try:
                readings.append(_READING.validate_python({**fact["reading"], "evidence": fact["id"]}))
            except (ValidationError, KeyError, TypeError):
                continue
    return readings


def _within(facts: Sequence[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    """As many of the first facts as fit."""
    shown: list[dict[str, Any]] = []
    for fact in facts:
        limit -= min(len(json.dumps(fact, ensure_ascii=False, default=str)), 2 * LONGEST_TEXT)
        if limit < 0 and shown:
            break
        shown.append(fact)
    return shown


def _shortened(value: Any, longest: int) -> Any:
    match value:
        case str():
            # Redacted first: half a secret at a cut would look like none.
            return cut(redact(value), longest)
        case dict():
            return {redact(str(k))[:200]: _shortened(v, longest) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - any JSON
        case list() | tuple():
            return [_shortened(v, longest) for v in value]  # pyright: ignore[reportUnknownVariableType] - any JSON
        case _:
            return value

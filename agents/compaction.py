"""Long histories are compacted before they go to a language model: old answers of tools keep ids and first words.

What is compacted depends on the history alone, from its beginning on, and stays compacted as it grows: so the same
prefix is sent again and again, and prompt caches go on serving it. The offline rules, which may have to stand in, are
given the whole history; every answer is kept as evidence anyway.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelRequest, ModelRequestPart, ToolReturnPart

from agents.fencing import facts_in, fenced, fences_in
from agents.wording import cut

LONGEST_HISTORY = 48_000
"""Characters of tools' answers, about 12,000 tokens, beyond which all but the last turn's are compacted."""
KEPT_OF_A_FACT = 120
"""Characters of its sentence."""


def compacted(messages: Sequence[ModelMessage], longest: int = LONGEST_HISTORY) -> list[ModelMessage]:
    """The history with old answers shortened, wherever those until then came to more than `longest` characters."""
    made: list[ModelMessage] = []
    for message in messages:
        if _answers(message) and sum(map(_size, [*made, message])) > longest:
            made = [_shortened(one) for one in made]
        made.append(message)
    return made


def _answers(message: ModelMessage) -> bool:
    return isinstance(message, ModelRequest) and any(isinstance(part, ToolReturnPart) for part in message.parts)


def _size(message: ModelMessage) -> int:
    if not isinstance(message, ModelRequest):
        return 0
    return sum(len(part.model_response_str()) for part in message.parts if isinstance(part, ToolReturnPart))


def _shortened(message: ModelMessage) -> ModelMessage:
    if not isinstance(message, ModelRequest) or not _answers(message):
        return message
    return replace(message, parts=[_short(part) for part in message.parts])


def _short(part: ModelRequestPart) -> ModelRequestPart:
    if not isinstance(part, ToolReturnPart):
        return part
    facts = [fact for content in fences_in(part.model_response_str()) for fact in facts_in(content)]
    if not facts:
        return part
    kept: list[dict[str, Any]] = [{"id": one["id"], "found": cut(str(one["found"]), KEPT_OF_A_FACT)} for one in facts]
    return replace(part, content=fenced("shortened", {"evidence": kept}))

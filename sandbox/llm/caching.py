"""The prompt cache of the Messages API, as its documentation tells it.

A marked block writes everything up to it into the cache, for five minutes from its last use; a later request reads the
longest prefix that was written, is the same to the byte, and ends at one of its marks or up to 20 blocks before one.
The order is tools, system, messages. A prefix shorter than the model's least is neither written nor read.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.llm.checks import blocks_of

LIFE_S = 300.0
LOOKBACK = 20
"""Blocks before a mark at which an earlier request's entry is still found."""
CHARACTERS_PER_TOKEN = 4
LEAST_TOKENS = 1024
LEAST_OF: Sequence[tuple[str, int]] = (("opus-4-5", 4096), ("haiku-4-5", 4096), ("haiku", 2048))
"""The shortest prefix that is cached, for models whose names hold this; `LEAST_TOKENS` for all others."""


@dataclass(frozen=True)
class Split:
    """Where the tokens of a request come from; together they are all of it."""

    read: int
    written: int
    rest: int


@dataclass
class PromptCache:
    """What was written, and until when it is kept."""

    clock: Callable[[], float] = time.monotonic
    _until: dict[str, float] = field(default_factory=dict[str, float])

    def split(self, request: dict[str, Any]) -> Split:
        """How a request's tokens are told, and the entries that it leaves."""
        now = self.clock()
        blocks = list(_blocks(request))
        keys, tokens = _prefixes(str(request.get("model")), [text for text, _ in blocks])
        marks = [place for place, (_, marked) in enumerate(blocks) if marked]
        if request.get("cache_control") and blocks:
            marks = sorted({*marks, len(blocks) - 1})
        least = _least(str(request.get("model")))
        marks = [place for place in marks if tokens[place] >= least]
        total = tokens[-1] if tokens else 0
        if not marks:
            return Split(0, 0, total)
        near = {place for mark in marks for place in range(max(0, mark - LOOKBACK), mark + 1)}
        found = [place for place in near if self._until.get(keys[place], 0.0) > now and tokens[place] >= least]
        read = tokens[max(found)] if found else 0
        for place in [*marks, *([max(found)] if found else [])]:
            self._until[keys[place]] = now + LIFE_S
        last = tokens[marks[-1]]
        return Split(read, max(0, last - read), total - max(last, read))


def _blocks(request: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Each block as text without its mark, in the order of the cache, and whether it is marked."""
    for tool in request.get("tools") or ():
        yield _told("tool", tool)
    system = request.get("system") or ()
    for block in [{"type": "text", "text": system}] if isinstance(system, str) else system:
        yield _told("system", block)
    for message in request["messages"]:
        for block in blocks_of(message):
            yield _told(str(message.get("role")), block)


def _told(where: str, block: dict[str, Any]) -> tuple[str, bool]:
    bare = {name: value for name, value in block.items() if name != "cache_control"}
    return f"{where} {json.dumps(bare, ensure_ascii=False)}", "cache_control" in block


def _prefixes(model: str, texts: Sequence[str]) -> tuple[list[str], list[int]]:
    """A key and the tokens of every prefix."""
    digest, characters = hashlib.sha256(model.encode()), 0
    keys: list[str] = []
    tokens: list[int] = []
    for text in texts:
        digest.update(text.encode())
        characters += len(text)
        keys.append(digest.hexdigest())
        tokens.append(max(1, characters // CHARACTERS_PER_TOKEN))
    return keys, tokens


def _least(model: str) -> int:
    return next((least for name, least in LEAST_OF if name in model), LEAST_TOKENS)

"""What the local Messages API calls cached is what the real one would."""

from typing import Any

import pytest

from sandbox.llm.caching import LIFE_S, LOOKBACK, PromptCache

MODEL = "claude-sonnet-5-5"
MARK = {"cache_control": {"type": "ephemeral"}}
Json = dict[str, Any]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> PromptCache:
    return PromptCache(clock)


def text(words: str, **more: Any) -> Json:
    return {"type": "text", "text": words, **more}


def request(*said: Json, system: str = "s" * 8_000, model: str = MODEL, **more: Any) -> Json:
    """The system prompt is marked, what is said comes after it."""
    return {
        "model": model,
        "system": [text(system, **MARK)],
        "messages": [{"role": "user", "content": list(said)}],
        **more,
    }


def test_a_prefix_is_written_once_and_read_after(cache: PromptCache) -> None:
    first, second = cache.split(request(text("one"))), cache.split(request(text("two")))
    assert first.written > 1_900 and first.read == 0
    assert (second.read, second.written) == (first.written, 0)
    assert second.rest == first.rest > 0


def test_one_other_character_and_nothing_is_read(cache: PromptCache) -> None:
    cache.split(request(text("one")))
    assert cache.split(request(text("one"), system="s" * 7_999 + "t")).read == 0


def test_other_tools_come_before_the_system_prompt_and_spoil_it(cache: PromptCache) -> None:
    cache.split(request(text("one"), tools=[{"name": "a"}]))
    assert cache.split(request(text("one"), tools=[{"name": "b"}])).read == 0


@pytest.mark.parametrize(
    ("model", "characters", "cached"),
    [
        (MODEL, 4_000, False),
        (MODEL, 4_400, True),
        ("claude-haiku-4-5", 15_000, False),
        ("claude-opus-4-5", 17_000, True),
        ("claude-3-5-haiku-latest", 6_000, False),
    ],
)
def test_what_is_shorter_than_the_least_is_not_cached(
    cache: PromptCache, model: str, characters: int, cached: bool
) -> None:
    asked = request(text("one"), system="s" * characters, model=model)
    assert (cache.split(asked).written > 0) is cached
    assert (cache.split(asked).read > 0) is cached


def test_another_model_has_another_cache(cache: PromptCache) -> None:
    cache.split(request(text("one")))
    assert cache.split(request(text("one"), model="claude-opus-5-5")).read == 0


def test_an_entry_lives_five_minutes_from_its_last_use(cache: PromptCache, clock: Clock) -> None:
    cache.split(request(text("one")))
    clock.now = LIFE_S - 1
    assert cache.split(request(text("two"))).read > 0
    clock.now = 2 * LIFE_S - 2
    assert cache.split(request(text("three"))).read > 0
    clock.now = 4 * LIFE_S
    assert cache.split(request(text("four"))).read == 0


def test_a_growing_conversation_is_read_up_to_where_it_was(cache: PromptCache) -> None:
    automatic: Json = {"cache_control": {"type": "ephemeral"}}
    first = cache.split(request(text("a" * 4_000), **automatic))
    second = cache.split(request(text("a" * 4_000), text("b" * 400), **automatic))
    assert first.read == 0 and first.rest == 0
    assert second.read == first.written
    assert 100 <= second.written < 130


@pytest.mark.parametrize(("added", "read"), [(LOOKBACK - 1, True), (LOOKBACK + 1, False)])
def test_an_entry_is_looked_for_twenty_blocks_back(cache: PromptCache, added: int, read: bool) -> None:
    automatic: Json = {"cache_control": {"type": "ephemeral"}}
    said = [text("a" * 4_000)]
    first = cache.split(request(*said, **automatic))
    again = cache.split(request(*said, *(text(f"b{number}") for number in range(added)), **automatic))
    assert (again.read >= first.written) is read


def test_without_a_mark_nothing_is_cached(cache: PromptCache) -> None:
    asked: Json = {"model": MODEL, "system": "s" * 8_000, "messages": [{"role": "user", "content": "one"}]}
    assert [cache.split(asked).read, cache.split(asked).read, cache.split(asked).written] == [0, 0, 0]

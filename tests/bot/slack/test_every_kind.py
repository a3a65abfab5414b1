"""Whatever stands in labels, logs, quotes and model output: valid blocks, nobody called, nothing hidden."""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.slack.blocks import check_message_blocks
from sandbox.slack.view_rules import check_view
from tests.bot.slack.every_kind import homes, messages, modals
from tests.bot.slack.samples import PEOPLE

HOSTILE = [
    "<!channel> <!here> <!everyone> <@UVICTIM1> <!subteam^SVICTIM>",
    "<http://evil.example|ok> https://evil.example/x [text](https://evil.example)",
    "a\u202egnp.exe\u2066 b\u200bc\x00\x07\x1b[31md\ufeff",
    "&amp;&lt;!channel&gt; &<>" * 40,
    "`*_~ ```code``` > quote\n> quote\n\n\n\n*bold*",
    "A" * 100_000,
    "<" * 5_000,
    "\n" * 3_000 + "x",
    "   ",
    "🙂" * 2_000,
    '"}],"blocks":[{"type":"section"',
]
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
OURS = re.compile(
    r"<!date\^\d+\^[^|<>]+\|[^<>]+>"
    r"|<!subteam\^SMLLEADS>"
    rf"|<@(?:{'|'.join(PEOPLE)})>"
    r"|<https?://(?:grafana\.example|prometheus\.example:9090|runbooks\.example|sandbox\.slack\.example)/[^\s<>|]*\|[^<>|]+>"
)


def texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every string, with `mrkdwn` for those that Slack interprets."""
    if isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from texts(one, key)
    elif isinstance(value, dict):
        pairs = cast("dict[str, Any]", value)
        for name, one in pairs.items():
            yield from texts(one, "mrkdwn" if name == "text" and pairs.get("type") == "mrkdwn" else name)
    elif isinstance(value, str):
        yield key, value


def assert_harmless(content: Any) -> None:
    for kind, text in texts(content):
        assert not FORBIDDEN.search(text), ascii(text[:200])
        if kind == "mrkdwn":
            rest = OURS.sub("", text)
            assert "<" not in rest and ">" not in rest, rest[:300]
        if kind == "url":
            assert "evil.example" not in text
    assert "user_id" not in json.dumps(content) and "broadcast" not in json.dumps(content)


def check_all(words: str) -> None:
    for name, message in messages(words):
        try:
            check_message_blocks(json.loads(json.dumps(message.blocks)), lambda _: True)
        except Exception as error:
            raise AssertionError(f"{name}: {error} {getattr(error, 'messages', '')}") from error
        assert 0 < len(message.text) <= 4_000
        assert_harmless(message.blocks)
        assert_harmless([{"type": "mrkdwn", "text": message.text}])
    for kind, views in (("home", homes(words)), ("modal", modals(words))):
        for _, view in views:
            check_view(json.loads(json.dumps(view)), kind, lambda _: True)
            assert_harmless(view["blocks"])


def test_every_kind_is_valid_and_harmless_with_ordinary_words() -> None:
    check_all("")


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
def test_every_kind_is_valid_and_harmless_with_hostile_words(words: str) -> None:
    check_all(words)


@settings(max_examples=25, deadline=None)
@given(
    st.text(
        alphabet=st.one_of(
            st.sampled_from("<>&|!@#*_~`^[]()\n\r\t:/\u202e\u200b\x00"), st.characters(exclude_categories=["Cs"])
        ),
        min_size=1,
        max_size=400,
    )
)
def test_every_kind_is_valid_and_harmless_with_any_words(words: str) -> None:
    check_all(words)

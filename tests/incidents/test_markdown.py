"""Untrusted words in GitHub's Markdown stay words."""

import re

from hypothesis import given
from hypothesis import strategies as st

from incidents.markdown import code, escaped, one_line

LIMIT = 200


def test_nobody_is_called_and_nothing_is_linked_or_hidden() -> None:
    told = escaped("@octocat fixes #12 [x](https://evil.example) www.evil.example <!-- agentops:INC-1 --> **b**", 300)
    for pattern in ("@octocat", "#12", "](", "://", "www.", "<!--", "**b"):
        assert pattern not in told, pattern
    assert told.startswith("@&#8203;octocat fixes")


def test_what_cannot_be_seen_is_taken_out_and_what_is_long_is_cut() -> None:
    assert one_line("a\u202eb\u200bc\x00\n\nd", 50) == "abc d"
    assert one_line("x" * 100_000, 10) == "x" * 9 + "…"
    assert escaped("\n\u200b", 10) == "–" and code("", 10) == "`–`"


def test_code_cannot_be_left() -> None:
    assert code("a`b`@c", 50) == "`aˋbˋ@c`"


@given(st.text(alphabet=st.one_of(st.sampled_from("@#<>!-[]()`*_w.:/\\\n a1&;"), st.characters()), max_size=400))
def test_whatever_stands_there(words: str) -> None:
    told = escaped(words, LIMIT)
    assert "\n" not in told and "<" not in told
    assert not re.search(r"@\w|(?<!&)#\w|://|www\.", told, re.IGNORECASE)
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]]", told)

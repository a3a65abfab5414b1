"""One message of every kind, as a person reads it."""

from collections.abc import Mapping
from functools import cache

from bot.slack.rendered import Rendered
from tests.bot.slack.every_kind import messages
from tests.bot.slack.reading import read


def said(name: str) -> str:
    return read(_messages()[name])


@cache
def _messages() -> Mapping[str, Rendered]:
    return dict(messages())

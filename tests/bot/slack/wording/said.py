"""One message of every kind, as a person reads it."""

from tests.bot.slack.every_kind import messages
from tests.bot.slack.reading import read


def said(name: str) -> str:
    return read(dict(messages())[name])

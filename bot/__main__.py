"""`python -m bot` is `agentops`."""

from bot.cli import app

app()

"""What every command needs: the settings or why there are none, and failures in one line."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from incidents.errors import AgentOpsError

if TYPE_CHECKING:
    from bot.settings import Settings

WRONG_SETUP = 2
"""Exit code when settings or files are wrong; 1 is a failure at run time."""


def settings_or_exit() -> "Settings":
    """The settings, or an explanation of what is wrong with them and exit code 2."""
    from pydantic import ValidationError

    from bot.settings import Settings, problems

    try:
        return Settings()
    except ValidationError as error:
        for problem in problems(error):
            typer.echo(problem, err=True)
        raise typer.Exit(WRONG_SETUP) from error


@contextmanager
def told() -> Generator[None]:
    """What could not be done is one line on standard error and exit code 1."""
    try:
        yield
    except AgentOpsError as error:
        typer.echo(f"could not go on: {error}", err=True)
        raise typer.Exit(1) from error

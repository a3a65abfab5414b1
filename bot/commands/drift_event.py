"""`agentops drift-event`: a detector's report becomes a drift event, to be posted to /webhooks/drift-events."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.console import WRONG_SETUP
from incidents.errors import AgentOpsError

drift_event_app = typer.Typer(help="Make drift events of detectors' reports.", no_args_is_help=True)


@drift_event_app.callback()
def drift_event() -> None:
    """Make drift events of detectors' reports."""


@drift_event_app.command("evidently")
def evidently(
    report: Annotated[Path, typer.Argument(help="Evidently's report as JSON, made with method='psi'.")],
    model: Annotated[str, typer.Option(help="The model's name in the catalogue.")],
    start: Annotated[str, typer.Option(help="Begin of the window, e.g. 2026-11-20T06:00:00Z.")],
    end: Annotated[str, typer.Option(help="End of the window.")],
    baseline: Annotated[str, typer.Option(help="What the window was compared with.")] = "training data",
) -> None:
    """Print the drift event of a report of Evidently 0.7."""
    from pydantic import ValidationError

    from tools.drift_events.event import DriftEvent, PsiFigures, Window
    from tools.drift_events.evidently import psi_by_column

    try:
        event = DriftEvent(
            version=1,
            model=model,
            detector="evidently",
            window=Window(start=datetime.fromisoformat(start), end=datetime.fromisoformat(end)),
            baseline=baseline,
            psi=PsiFigures(features=psi_by_column(report.read_bytes())),
        )
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            typer.echo(f"{'.'.join(str(part) for part in one['loc']) or 'window'}: {one['msg']}", err=True)
        raise typer.Exit(WRONG_SETUP) from error
    except ValueError as error:
        typer.echo(f"--start, --end: {error}", err=True)
        raise typer.Exit(WRONG_SETUP) from error
    except (AgentOpsError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_SETUP) from error
    typer.echo(event.model_dump_json(exclude_defaults=False, exclude_none=True))

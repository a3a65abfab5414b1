"""`agentops drift-event`: a detector's report becomes a drift event, to be posted to /webhooks/drift-events."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.console import WRONG_SETUP
from incidents.errors import AgentOpsError

drift_event_app = typer.Typer(help="Make drift events of detectors' reports.", no_args_is_help=True)

Model = Annotated[str, typer.Option(help="The model's name in the catalogue.")]
Start = Annotated[str, typer.Option(help="Begin of the window, e.g. 2026-11-20T06:00:00Z.")]
End = Annotated[str, typer.Option(help="End of the window.")]
Baseline = Annotated[str, typer.Option(help="What the window was compared with.")]


@dataclass(frozen=True)
class _Figures:
    psi: dict[str, float] = field(default_factory=dict[str, float])
    accuracy_delta: float | None = None


@drift_event_app.callback()
def drift_event() -> None:
    """Make drift events of detectors' reports."""


@drift_event_app.command("evidently")
def evidently(
    report: Annotated[Path, typer.Argument(help="Evidently's report as JSON, made with method='psi'.")],
    model: Model,
    start: Start,
    end: End,
    baseline: Baseline = "training data",
) -> None:
    """Print the drift event of a report of Evidently 0.7."""
    from tools.drift_events.evidently import psi_by_column

    _print_event("evidently", lambda: _Figures(psi_by_column(report.read_bytes())), model, start, end, baseline)


@drift_event_app.command("monitor")
def monitor(
    report: Annotated[Path, typer.Argument(help="The run's statistics.json.")],
    reference: Annotated[Path, typer.Option(help="The baseline's statistics.json.")],
    model: Model,
    start: Start,
    end: End,
    baseline: Baseline = "Model Monitor's baseline",
) -> None:
    """Print the drift event of a run of SageMaker Model Monitor: PSI of its distributions, or the change of accuracy.

    What cannot be told of a column is said on stderr, and the column is left out.
    """
    from tools.drift_events.model_monitor import figures_of

    def figures() -> _Figures:
        found = figures_of(report.read_bytes(), reference.read_bytes())
        for name, reason in found.left_out.items():
            typer.echo(f"left out: {name}: {reason}", err=True)
        return _Figures(found.psi, found.accuracy_delta)

    _print_event("sagemaker-model-monitor", figures, model, start, end, baseline)


def _print_event(detector: str, figures: Callable[[], _Figures], model: str, start: str, end: str, base: str) -> None:
    from pydantic import ValidationError

    from tools.drift_events.event import DriftEvent, PsiFigures, Window

    try:
        found = figures()
    except AgentOpsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_SETUP) from error
    except OSError as error:
        typer.echo(f"{error.filename}: cannot be read: {error.strerror}", err=True)
        raise typer.Exit(WRONG_SETUP) from error
    try:
        event = DriftEvent(
            version=1,
            model=model,
            detector=detector,
            window=Window(start=datetime.fromisoformat(start), end=datetime.fromisoformat(end)),
            baseline=base,
            psi=PsiFigures(features=found.psi),
            accuracy_delta=found.accuracy_delta,
        )
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            typer.echo(f"{'.'.join(str(part) for part in one['loc']) or 'window'}: {one['msg']}", err=True)
        raise typer.Exit(WRONG_SETUP) from error
    except ValueError as error:
        typer.echo(f"--start, --end: {error}", err=True)
        raise typer.Exit(WRONG_SETUP) from error
    typer.echo(event.model_dump_json(exclude_defaults=False, exclude_none=True))

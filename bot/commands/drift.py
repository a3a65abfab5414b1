"""`agentops drift`: two files of data compared feature by feature."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.console import WRONG_SETUP
from incidents.errors import AgentOpsError

if TYPE_CHECKING:
    from tools.datasets.feature_drift import DriftReport, FeatureDrift

NAME_WIDTH = 32


def drift(
    reference: Annotated[Path, typer.Option(help="What the model was trained on: .csv or .parquet.")],
    current: Annotated[Path, typer.Option(help="What it gets now.")],
    by: Annotated[str | None, typer.Option(help="Compare within each value of this column, too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare two windows of data: PSI, Kolmogorov-Smirnov, nulls and types of every feature, worst first."""
    try:
        from tools.datasets.feature_drift import compare
        from tools.datasets.tables import Table

        before, after = Table(reference), Table(current)
        features = len(set(before.columns) & set(after.columns) - {by})
        with typer.progressbar(
            length=features, label="Comparing", file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as bar:
            report = compare(before, after, by=by, done=lambda _: bar.update(1))
    except ModuleNotFoundError as error:
        typer.echo("this needs polars: pip install 'agentops[datasets]'", err=True)
        raise typer.Exit(WRONG_SETUP) from error
    except KeyError as error:
        typer.echo(f"--by: both files need a column {error}", err=True)
        raise typer.Exit(WRONG_SETUP) from error
    except AgentOpsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_SETUP) from error
    typer.echo(report.model_dump_json() if as_json else "\n".join(_lines(report)))


def _lines(report: "DriftReport") -> list[str]:
    found = [f"{report.reference_rows:,} rows of reference, {report.current_rows:,} rows now", ""]
    found += _table(report.features)
    for segment in report.segments:
        notable = [one for one in segment.features if one.verdict != "stable"]
        found += ["", f"where it is {segment.value} ({segment.rows:,} rows): " + ("" if notable else "all stable")]
        found += _table(notable) if notable else []
    return found


def _table(features: "tuple[FeatureDrift, ...] | list[FeatureDrift]") -> list[str]:
    head = f"{'feature':<{NAME_WIDTH}}  {'verdict':<8}  {'PSI':>7}  {'KS':>6}  {'nulls':>15}  why"
    return [head, *(_line(one) for one in features)]


def _line(one: "FeatureDrift") -> str:
    psi = "" if one.psi is None else f"{one.psi:.3f}"
    ks = "" if one.ks is None else f"{one.ks:.3f}"
    nulls = f"{one.nulls.reference:.1%} → {one.nulls.current:.1%}"
    name = one.feature if len(one.feature) <= NAME_WIDTH else f"{one.feature[: NAME_WIDTH - 1]}…"
    return f"{name:<{NAME_WIDTH}}  {one.verdict:<8}  {psi:>7}  {ks:>6}  {nulls:>15}  {one.why}"

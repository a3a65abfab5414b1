"""`agentops runbooks`: the index brought up to date, and searched."""

import json
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.console import WRONG_SETUP, settings_or_exit, told

runbooks_app = typer.Typer(help="Index and search the runbooks.", no_args_is_help=True)


@runbooks_app.command("index")
def index_runbooks(
    folder: Annotated[Path | None, typer.Argument(help="Folder of Markdown; the configured one by default.")] = None,
) -> None:
    """Bring the index up to date; only files that changed are read again."""
    from bot import logs
    from bot.partners import open_runbooks

    settings = settings_or_exit()
    logs.configure("error", "console")
    with told(), closing(open_runbooks(settings)) as index:
        report = index.index(folder or settings.runbooks_dir)
    typer.echo(
        f"{report.added} added, {report.updated} updated, {report.removed} removed, {report.unchanged} unchanged"
    )


@runbooks_app.command("search")
def search_runbooks(
    question: Annotated[str, typer.Argument(help="Words or a question.")],
    alert: Annotated[str | None, typer.Option(help="Name of an alert rule.")] = None,
    corpus: Annotated[Path | None, typer.Option(help="Search this folder of Markdown instead of the index.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    k: Annotated[int, typer.Option("--k", min=1, help="How many results at most.")] = 5,
) -> None:
    """Search the runbooks; an empty answer means that no runbook fits."""
    from bot import logs
    from bot.partners import open_corpus

    settings = settings_or_exit()
    logs.configure("error", "console")
    folder = corpus or settings.runbooks_dir
    if not folder.is_dir():
        typer.echo(f"{folder} is not a folder", err=True)
        raise typer.Exit(WRONG_SETUP)
    with told(), open_corpus(folder, settings) as index:
        hits = index.search(question, alert=alert, k=k)
    if as_json:
        results = [
            {"file": h.file, "heading": h.heading, "lines": list(h.lines), "quote": h.quote, "score": h.score}
            for h in hits
        ]
        typer.echo(json.dumps({"results": results}, ensure_ascii=False))
        return
    if not hits:
        typer.echo("No runbook fits.")
    for hit in hits:
        typer.echo(f"{hit.file}:{hit.lines[0]}  {hit.heading}\n    {hit.quote}\n")

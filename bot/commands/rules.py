"""`agentops rules`: the catalogue's thresholds as alerting rules for Prometheus."""

from typing import Annotated

import typer

from bot.commands.console import WRONG_SETUP, settings_or_exit
from incidents.errors import ManifestError


def rules(
    model: Annotated[str | None, typer.Option(help="Only the rules of this model of the catalogue.")] = None,
) -> None:
    """Print the catalogue's thresholds as a rule file for Prometheus. The watch checks the same, where it is on."""
    from incidents.signal_rules import rules_of
    from tools.manifests.load import load_catalogue
    from tools.prometheus.rule_text import rule_file

    settings = settings_or_exit()
    try:
        catalogue = load_catalogue(settings.models_file)
    except ManifestError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_SETUP) from error
    if model is not None and model not in catalogue.models:
        typer.echo(f"--model: {settings.models_file} has no model {model}", err=True)
        raise typer.Exit(WRONG_SETUP)
    chosen = [entry for entry in catalogue.models.values() if model in {None, entry.name}]
    found = [rule for entry in chosen for rule in rules_of(entry)]
    if not found:
        typer.echo("no model has signals with thresholds, so there are no rules", err=True)
        raise typer.Exit(WRONG_SETUP)
    typer.echo(rule_file(found, runbooks_url=settings.runbook_base_url), nl=False)

"""`agentops audit`: prove that a timeline is whole, and hand over the evidence."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.console import WRONG_SETUP, settings_or_exit, told
from incidents.audit import Anchor, AuditResult, verify

if TYPE_CHECKING:
    from tools.incident_store.audit_reader import AuditReader

audit_app = typer.Typer(help="Prove that a timeline is whole, and hand over the evidence.", no_args_is_help=True)

BROKEN = 1
"""Exit code of a timeline that is not whole."""


class Form(StrEnum):
    """How the evidence is written."""

    JSON = "json"
    MD = "md"


@audit_app.command("verify")
def verify_timelines(
    incident: Annotated[str | None, typer.Argument(help="An incident's id, e.g. INC-7.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every incident.")] = False,
    head: Annotated[
        list[str] | None, typer.Option("--head", metavar="N:HASH8", help="An entry as Slack shows it; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Find any changed, removed, re-ordered, added or cut-off entry; exit code 1 where there is one.

    The entries are compared with each other and with the length and head on the incident's own row. Somebody who can
    write to the database could cut the end off and change that row to fit, or rewrite everything from an entry on: only
    what was written down outside of the database shows that. The thread in Slack shows an entry and 8 characters with
    every decision: give them with --head.
    """
    if (incident is None) == (not everything) or (everything and head):
        typer.echo("give one incident, with --head as often as you like, or --all", err=True)
        raise typer.Exit(WRONG_SETUP)
    anchors = _anchors(head or [])
    with _reader() as reader:
        ids = reader.incident_ids() if everything else [incident or ""]
        found = [_verified(reader, id, anchors) for id in ids]
    if as_json:
        results = [one.model_dump() | {"intact": one.intact} for one in found]
        typer.echo(json.dumps({"intact": all(one.intact for one in found), "incidents": results}, ensure_ascii=False))
    else:
        for one in found:
            typer.echo(_told(one))
        if not found:
            typer.echo("There is no incident.")
    if not all(one.intact for one in found):
        raise typer.Exit(BROKEN)


@audit_app.command("export")
def export_evidence(
    incident: Annotated[str, typer.Argument(help="An incident's id, e.g. INC-7.")],
    out: Annotated[Path | None, typer.Option(help="Write it there instead of to standard output.")] = None,
    form: Annotated[Form, typer.Option("--format", help="json, or md for people.")] = Form.JSON,
    head: Annotated[
        list[str] | None, typer.Option("--head", metavar="N:HASH8", help="An entry as Slack shows it; may be repeated.")
    ] = None,
) -> None:
    """One bundle of evidence: timeline, diagnosis, proposals, policy, votes, calls and answers, verification, report.

    The same rows make the same bytes. Secrets are taken out. A timeline that is not whole is exported all the same, and
    the bundle says so.
    """
    from bot.commands.bundle import bundle
    from bot.commands.bundle_markdown import markdown

    anchors = _anchors(head or [])
    with _reader() as reader:
        try:
            rows = reader.rows(incident)
        except LookupError as error:
            raise _unknown(incident) from error
    evidence = bundle(rows, anchors)
    text = json.dumps(evidence, indent=2, ensure_ascii=False) + "\n" if form is Form.JSON else markdown(evidence)
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        typer.echo(f"could not write {out}: {error.strerror}", err=True)
        raise typer.Exit(BROKEN) from error
    broken = "" if evidence["chain"]["intact"] else "; its timeline is NOT whole"
    typer.echo(f"{out}: evidence of {incident}, SHA-256 {evidence['sha256']}{broken}")


@contextmanager
def _reader() -> Generator["AuditReader"]:
    from bot.commands.stored import stored
    from tools.incident_store.audit_reader import AuditReader

    with told(), stored(settings_or_exit()) as database:
        yield AuditReader(database)


def _anchors(typed: list[str]) -> list[Anchor]:
    try:
        return [Anchor.parse(one) for one in typed]
    except ValueError as error:
        typer.echo(f"--head: {error}", err=True)
        raise typer.Exit(WRONG_SETUP) from error


def _verified(reader: "AuditReader", incident: str, anchors: list[Anchor]) -> AuditResult:
    try:
        return verify(reader.chain(incident), anchors)
    except LookupError as error:
        raise _unknown(incident) from error


def _unknown(incident: str) -> typer.Exit:
    typer.echo(f"there is no incident {incident}; ids look like INC-7", err=True)
    return typer.Exit(WRONG_SETUP)


def _told(result: AuditResult) -> str:
    if result.broken is not None:
        return f"{result.incident_id}  BROKEN  at entry {result.broken.number}: {result.broken.why}"
    compared = f", {result.compared} compared with Slack" if result.compared else ""
    return f"{result.incident_id}  intact  {result.length} entries, head {result.head[:8]}{compared}"

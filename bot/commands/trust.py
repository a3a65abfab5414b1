"""`agentops trust`: what became of the remediations, on the command line."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.console import settings_or_exit, told

if TYPE_CHECKING:
    from incidents.trust import Times, Trust


def show_trust(
    model: Annotated[str | None, typer.Option(help="Only this model.")] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How far back to look.")] = 365,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object; times are in seconds.")] = False,
) -> None:
    """Count what became of every remediation that was proposed, by model, kind and month.

    What it says might be considered is a suggestion: the level of autonomy is a line of policy.yaml, with an author.
    """
    from bot.commands.stored import stored
    from incidents.autonomy_advice import suggestion
    from incidents.clock import now
    from incidents.trust import trust
    from tools.incident_store.trust_reader import TrustReader

    moment = now()
    since = moment - timedelta(days=days)
    with told(), stored(settings_or_exit()) as database:
        read = TrustReader(database).record(since, model)
    found = trust(*read, since=since, as_of=moment, suggest=suggestion)
    if as_json:
        typer.echo(json.dumps(_plain(found), ensure_ascii=False))
        return
    typer.echo(_in_words(found))


def _plain(found: "Trust") -> dict[str, object]:
    """As JSON; spans as seconds, which every reader of JSON understands."""
    content = found.model_dump(mode="json")
    for part, whole in ((content["models"], found.models), (content["lines"], found.lines)):
        for plain, one in zip(part, whole, strict=True):
            plain["times"] = {
                f"{name}_seconds": None if span is None else span.total_seconds() for name, span in one.times
            }
    return content


def _in_words(found: "Trust") -> str:
    if not found.lines and not found.models:
        return "Nothing has been proposed yet."
    parts: list[str] = []
    for one in found.models:
        false = f", {one.false_alarms} of them false alarms" if one.false_alarms else ""
        parts.append(f"{one.model}: {one.incidents} incidents{false}{_times(one.times)}")
        for line in (line for line in found.lines if line.model == one.model):
            counts = {name: value for name, value in line.counts if value}
            parts.append(f"  {line.kind}: " + ", ".join(f"{value} {_word(name)}" for name, value in counts.items()))
            parts += [f"    denied {denial.at:%Y-%m-%d}: {_printable(denial.reason)}" for denial in line.denials[:5]]
            parts.append(f"    {line.suggestion}")
    return "\n".join(parts)


def _word(name: str) -> str:
    return {"automatic": "approved by the policy", "verified": "recovered", "reverted": "undone"}.get(
        name, name.replace("_", " ")
    )


def _times(times: "Times") -> str:
    known = [f"{name} {span.total_seconds():,.0f} s" for name, span in times if span is not None]
    return f"; medians: {', '.join(known)}" if known else ""


def _printable(text: str) -> str:
    """People's words on one line, without what a terminal would obey."""
    return "".join(c if c.isprintable() else " " for c in " ".join(text.split()))[:200]

"""`agentops policy`: is the file right, do its examples hold, and why does it say what it says."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.console import settings_or_exit, told
from incidents.errors import AgentOpsError, ManifestError
from incidents.facts import Facts
from incidents.policy_explained import Explanation, RuleExplained, explain
from incidents.policy_notes import notes
from incidents.policy_review import Rehearsal, facts_of, rehearse, said

if TYPE_CHECKING:
    from bot.settings import Settings
    from incidents.catalogue import Catalogue, ModelSpec
    from incidents.ledger import IncidentFile
    from incidents.policy import Policy
    from tools.incident_store.reader import StoreReader

policy_app = typer.Typer(help="Check the policy file, play its examples, explain its decisions.", no_args_is_help=True)

FAILED = 1
"""Exit code of a file that is wrong, or whose examples fail."""

File = Annotated[Path | None, typer.Argument(help="The policy file; the configured one by default.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


class _Nothing(AgentOpsError):
    """What was asked about is not there."""


@dataclass(frozen=True)
class _Case:
    """Something to be explained: what it is, and its facts as they are now."""

    title: str
    facts: Facts


@policy_app.command("check")
def check_policy(file: File = None, as_json: AsJson = False) -> None:
    """Find mistakes and contradictions in the file; exit code 1 where there is one."""
    settings = settings_or_exit()
    path = file or settings.policy_file
    try:
        policy = _read(path, examples=True)
    except ManifestError as error:
        if as_json:
            typer.echo(json.dumps({"right": False, "line": error.line, "key": error.key, "problem": error.problem}))
        else:
            typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from error
    worth_knowing = list(_notes(policy, settings))
    if as_json:
        counts = {"rules": len(policy.rules), "freezes": len(policy.freezes), "examples": len(policy.examples)}
        typer.echo(json.dumps({"right": True, "hash": policy.hash, **counts, "notes": worth_knowing}))
        return
    typer.echo(
        f"{path} is right: rules {len(policy.rules)}, change freezes {len(policy.freezes)}, "
        f"examples that hold {len(policy.examples)}; hash {policy.hash[:8]}"
    )
    for note in worth_knowing:
        typer.echo(f"note: {note}")


@policy_app.command("test")
def test_policy(file: File = None, as_json: AsJson = False) -> None:
    """Play the file's examples; exit code 1 where one fails."""
    path = file or settings_or_exit().policy_file
    try:
        played = list(rehearse(_read(path, examples=False)))
    except ManifestError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from error
    failed = [one for one in played if one.problem]
    if as_json:
        told_examples = [
            {"name": one.example.name, "passed": not one.problem, "said": said(one.decision), "problem": one.problem}
            for one in played
        ]
        typer.echo(json.dumps({"passed": len(played) - len(failed), "failed": len(failed), "examples": told_examples}))
    else:
        for line in _table(played):
            typer.echo(line)
        typer.echo(f"\n{len(played) - len(failed)} of {len(played)} examples hold")
    if failed:
        raise typer.Exit(FAILED)


@policy_app.command("explain")
def explain_policy(
    subject: Annotated[str, typer.Argument(help="An incident's id, a proposal's id, or the name of an example.")],
    file: Annotated[Path | None, typer.Option(help="Ask this policy file instead of the configured one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say which rule says what of it now, and why."""
    settings = settings_or_exit()
    path = file or settings.policy_file
    with told():
        policy = _read(path, examples=False)
        cases = list(_cases(subject, policy, settings))
        found = [(case.title, explain(policy, case.facts)) for case in cases]
    if as_json:
        explained = [{"title": title, **one.model_dump(mode="json")} for title, one in found]
        typer.echo(json.dumps({"policy": str(path), "hash": policy.hash, "explained": explained}, ensure_ascii=False))
        return
    for number, (title, one) in enumerate(found):
        typer.echo("\n".join([*([""] if number else []), *_lines(title, one)]))


def _read(path: Path, *, examples: bool) -> "Policy":
    from tools.manifests.load import parse_policy
    from tools.manifests.yaml_lines import read_bytes

    return parse_policy(read_bytes(path), str(path), examples=examples)


def _notes(policy: "Policy", settings: "Settings") -> Iterator[str]:
    from tools.manifests.load import load_catalogue

    try:
        yield from notes(policy, load_catalogue(settings.models_file))
    except ManifestError as error:
        yield f"not compared with the catalogue, which is wrong itself: {error}"


def _cases(subject: str, policy: "Policy", settings: "Settings") -> Iterator[_Case]:
    """An example by its name, else what stands in the store. Raises `AgentOpsError` where there is nothing of it."""
    example = next((one for one in policy.examples if one.name == subject), None)
    if example is not None:
        yield _Case(f"the example “{example.name}”", facts_of(example, policy))
        return
    from bot.commands.stored import stored
    from tools.errors import NotFound
    from tools.incident_store.reader import StoreReader
    from tools.manifests.load import load_catalogue

    try:
        with stored(settings) as database:
            catalogue = load_catalogue(settings.models_file)
            yield from _stored_cases(subject, policy, StoreReader(database), catalogue, settings)
    except NotFound as error:
        raise _Nothing(f"there is no example {subject!r}, and no store to look in: {error.detail}") from error


def _stored_cases(
    subject: str, policy: "Policy", reader: "StoreReader", catalogue: "Catalogue", settings: "Settings"
) -> Iterator[_Case]:
    from bot.workflows.facts import facts_again, facts_now
    from incidents.clock import now

    try:
        incident_id, only = reader.proposal(subject).proposal.incident_id, subject
    except LookupError:
        incident_id, only = subject, None
    try:
        file = reader.file(incident_id)
    except LookupError as error:
        raise _Nothing(f"there is no example, incident or proposal {subject!r}") from error
    model, moment = _model_of(file, catalogue), now()
    views = [view for view in file.proposals if only in {None, view.proposal.id}]
    for view in views:
        title = f"{view.proposal.title} ({view.proposal.id}, {view.approval.state.value})"
        facts = facts_again(
            reader, policy, proposal=view.proposal, model=model, now=moment, speed=settings.speed, besides=None
        )
        yield _Case(title, facts)
    made = [view.proposal.remediation for view in views]
    choices = file.findings.plan.choices if file.findings is not None and only is None else ()
    for choice in choices:
        if choice.remediation not in made:
            yield _Case(
                f"{choice.remediation.kind} of the plan, which became no proposal",
                facts_now(
                    reader,
                    policy,
                    remediation=choice.remediation,
                    file=file,
                    model=model,
                    confidence=file.findings.diagnosis.confidence if file.findings is not None else None,
                    evidence_count=len(choice.evidence),
                    now=moment,
                    speed=settings.speed,
                    when=choice.when,
                ),
            )
    if not views and not choices:
        raise _Nothing(f"nothing was proposed for {incident_id}, so there is nothing to explain")


def _model_of(file: "IncidentFile", catalogue: "Catalogue") -> "ModelSpec":
    from incidents.catalogue import Unlisted

    found = catalogue.find({"model": file.incident.model, "env": file.incident.environment})
    if isinstance(found, Unlisted):
        raise _Nothing(f"{file.incident.model} is not in the catalogue ({found.reason}), so nothing of it may run")
    return found


def _table(played: list[Rehearsal]) -> Iterator[str]:
    width = max((len(one.example.name) for one in played), default=0)
    for one in played:
        verdict = "FAIL" if one.problem else "pass"
        yield f"{verdict}  {one.example.name:<{width}}  {one.problem or said(one.decision)}"


def _lines(title: str, one: Explanation) -> Iterator[str]:
    yield title
    yield f"  {one.said}"
    yield ""
    yield "Facts"
    for name, words in one.facts.in_words():
        yield f"  {name:<22}{words}"
    yield ""
    yield "Rules"
    for rule in one.rules:
        yield f"  {_mark(rule):<9}{rule.effect:<18}{rule.name}"
        yield f"  {'':<27}  {'; '.join(rule.why)}"


def _mark(rule: RuleExplained) -> str:
    return "decides" if rule.decides else {"yes": "applies", "unknown": "unclear", "no": "–"}[rule.applies]

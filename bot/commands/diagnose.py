"""`agentops diagnose`: an investigation on the command line, of a model as it is now or of a recorded case.

It is the investigation of a thread in Slack: the same collectors, reasoner, checks and plan. Nothing is written, sent
or changed.
"""

import asyncio
import difflib
import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.console import WRONG_SETUP, settings_or_exit
from incidents.errors import AgentOpsError, ManifestError

if TYPE_CHECKING:
    from agents.investigator import Investigator
    from agents.llm_config import LlmConfig
    from agents.progress import Progress
    from bot.commands.plan_preview import PlannedStep
    from bot.partners import Clients
    from bot.settings import Settings
    from bot.workflows.origins import OriginReads
    from incidents.catalogue import Catalogue, ModelSpec
    from incidents.investigation import Case, Findings, ProgressStep

OFFLINE = "offline"
"""Instead of a language model's name: the offline rules, whatever the settings say."""


class _Wrong(AgentOpsError):
    """What was asked for cannot be; the message says what can."""


@dataclass(frozen=True)
class Diagnosed:
    """What one investigation came to."""

    case: "Case"
    findings: "Findings"
    steps: "list[PlannedStep]"


def diagnose(
    case: Annotated[
        Path | None, typer.Option(help="A folder with a case.yaml: a recorded case (docs/case-format.md).")
    ] = None,
    model: Annotated[str | None, typer.Option(help="A model of the catalogue, as it is now.")] = None,
    llm: Annotated[
        str | None, typer.Option(help="Another language model, e.g. anthropic:claude-sonnet-5-5; offline for none.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--all", help="Print every fact that was read, not only those that something stands on.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Diagnose a model as it is now, or a recorded case. Nothing is written, sent or changed; Slack is not needed.

    Exit code 0: there is a diagnosis, "cause unknown" included. 1: it could not be made. 2: the command line, the
    settings or the case is wrong.
    """
    if (case is None) == (model is None):
        typer.echo("give either --case FOLDER or --model NAME", err=True)
        raise typer.Exit(WRONG_SETUP)
    from bot import logs

    settings = settings_or_exit()
    logs.configure("error", "console")
    try:
        config = _llm(settings, llm)
        found = asyncio.run(_of_case(settings, config, case) if case else _of_model(settings, config, str(model)))
    except (ManifestError, _Wrong) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_SETUP) from error
    except AgentOpsError as error:
        typer.echo(f"could not go on: {error}", err=True)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps(_plain(found), ensure_ascii=False))
        return
    from bot.commands.diagnosis_text import diagnosis_text

    typer.echo(diagnosis_text(found.case, found.findings, found.steps, whole=whole))


def _llm(settings: "Settings", name: str | None) -> "LlmConfig":
    from agents.llm_config import LlmConfig
    from bot.partners import llm_config

    if name == OFFLINE:
        return LlmConfig()
    config = llm_config(settings, name)
    if name is not None and config.offline:
        raise _Wrong(f"--llm: {name} needs ANTHROPIC_API_KEY; give --llm offline for the offline rules")
    return config


async def _of_case(settings: "Settings", llm: "LlmConfig", folder: Path) -> Diagnosed:
    """The answer that the evals get for the same folder, with the same runbooks."""
    from agents.replay import scene_of
    from bot.partners import open_corpus, replayer_of
    from tools.case_files.reading import read_case
    from tools.manifests.load import load_catalogue

    told, catalogue, own = read_case(folder), load_catalogue(settings.models_file), folder / "runbooks"
    with open_corpus(own if own.is_dir() else settings.runbooks_dir, settings) as runbooks:
        scene = scene_of(told, catalogue, runbooks)
        return await _investigated(settings, scene.case, replayer_of(scene.sources, llm), scene.partners)


async def _of_model(settings: "Settings", llm: "LlmConfig", name: str) -> Diagnosed:
    """The partners that the settings name, read as `agentops serve` reads them."""
    from bot.partners import Clients, investigator_of, other_sources_of, reader_role_of, region_of, runbooks_as_they_are
    from incidents.clock import now
    from tools.manifests.load import load_catalogue

    catalogue = load_catalogue(settings.models_file)
    entry = _entry(catalogue, name, settings.models_file)
    region, role = region_of(catalogue, settings.models_file), reader_role_of(catalogue, settings.models_file)
    clients, others = Clients.of(settings, region, role), other_sources_of(settings)
    try:
        with runbooks_as_they_are(settings) as runbooks:
            case = await _case_now(clients, entry, now(), settings.speed)
            investigator = investigator_of(settings, clients.sources(runbooks, others), llm=llm)
            return await _investigated(settings, case, investigator, clients)
    finally:
        await clients.close()
        if others is not None:
            await others.close()


def _entry(catalogue: "Catalogue", name: str, file: Path) -> "ModelSpec":
    if name in catalogue.models:
        return catalogue.models[name]
    near = difflib.get_close_matches(name, catalogue.models, n=2)
    instead = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(sorted(catalogue.models))}"
    raise _Wrong(f"--model: {file} has no model {name}; {instead}")


async def _case_now(clients: "Clients", model: "ModelSpec", now: datetime, speed: float) -> "Case":
    """An incident with the alerts that the watch would raise now; without one it is as if a person had asked."""
    from bot.workflows.watch import look_at
    from incidents.alert import Severity
    from incidents.incident import Incident, IncidentState, key_of, worst_severity
    from incidents.investigation import Case

    seen = await look_at(clients.prometheus, model, now, speed)
    alerts = tuple(alert for one in seen.values() for alert in one.firing)
    incident = Incident(
        id="not opened",
        key=key_of(model.name, model.environment),
        model=model.name,
        environment=model.environment,
        tier=model.tier,
        listed=True,
        channel=model.channel,
        state=IncidentState.INVESTIGATING,
        severity=worst_severity(alerts) if alerts else Severity.INFO,
        started_at=min((alert.starts_at for alert in alerts), default=now),
        opened_at=now,
        alerts=alerts,
    )
    return Case(incident=incident, model=model, now=now)


async def _investigated(
    settings: "Settings", case: "Case", investigator: "Investigator", reads: "OriginReads"
) -> Diagnosed:
    from bot.commands.plan_preview import preview
    from tools.manifests.load import load_policy

    policy = load_policy(settings.policy_file)
    try:
        with _progress() as progress:
            findings = await investigator.investigate(case, progress)
    finally:
        await investigator.close()
    return Diagnosed(case, findings, await preview(case, findings, reads, policy))


@contextmanager
def _progress() -> "Generator[Progress]":
    """A bar on standard error, where that is a terminal."""
    from agents.progress import STEPS

    ended: set[str] = set()
    hidden = not sys.stderr.isatty()
    with typer.progressbar(
        length=len(STEPS), label=f"{'Begin':<20}", file=sys.stderr, hidden=hidden, show_eta=False
    ) as bar:

        async def tell(step: "ProgressStep") -> None:
            if step.status in {"complete", "error"} and step.key not in ended:
                ended.add(step.key)
                bar.update(1)
            elif step.status == "in_progress":
                bar.label = f"{step.title:<20}"
                bar.render_progress()

        yield tell


def _plain(found: Diagnosed) -> dict[str, Any]:
    """As JSON."""
    from bot.commands.diagnosis_counts import counts

    case, findings = found.case, found.findings
    incident = case.incident
    return {
        "model": incident.model,
        "environment": incident.environment,
        "listed": incident.listed,
        "now": case.now.isoformat(),
        "alerts": [
            {**alert.model_dump(mode="json", include={"starts_at", "status", "labels"}), "name": alert.name}
            for alert in incident.alerts
        ],
        "diagnosis": findings.diagnosis.model_dump(mode="json"),
        "counts": counts(findings).model_dump(),
        "evidence": [one.model_dump(mode="json") for one in findings.evidence],
        "plan": {
            "explanation": findings.plan.explanation,
            "steps": [step.model_dump(mode="json") for step in found.steps],
        },
    }

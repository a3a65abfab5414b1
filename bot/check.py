"""`agentops check`: which settings, tokens, servers, channels and files are right, in plain words."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from agents.llm_config import LlmUnusable
from bot.check_replicas import examine_replicas
from bot.check_written import examine_history, examine_logs
from bot.partners import Clients, llm_config, other_sources_of, reader_role_of, region_of
from bot.settings import Settings, misspelt
from bot.slack.doctor import examine_slack
from incidents.catalogue import Catalogue, ModelSpec
from incidents.errors import ManifestError
from incidents.policy_notes import notes
from incidents.signal_rules import ALERT_BY_SIGNAL
from tools.errors import AccessDenied, BadAnswer, NotFound, Unavailable, UpstreamError
from tools.github.repositories import RepositoryReader
from tools.incident_store.database import Database, reachable
from tools.manifests.load import load_catalogue, load_policy


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `wrong` has to be mended; a `note` is worth knowing."""

    verdict: Literal["right", "wrong", "note"]
    subject: str
    text: str


async def examine(settings: Settings, say: Callable[[Finding], None]) -> list[Finding]:
    """Look at everything, telling each finding as it is made; returns them all."""
    found: list[Finding] = []
    async for finding in _findings(settings):
        say(finding)
        found.append(finding)
    return found


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    for name, meant in misspelt():
        yield Finding("note", "settings", f"{name} is no setting" + (f"; is {meant} meant?" if meant else ""))
    catalogue: Catalogue | None = None
    region, reader_role = "", None
    try:
        catalogue = load_catalogue(settings.models_file)
        region = region_of(catalogue, settings.models_file)
        reader_role = reader_role_of(catalogue, settings.models_file)
        yield Finding("right", "catalogue", f"{len(catalogue.models)} models in {settings.models_file}")
    except ManifestError as error:
        yield Finding("wrong", "catalogue", str(error))
    for finding in (*_policy(settings, catalogue), _runbooks(settings), *await _stored(settings)):
        yield finding
    yield _webhook(settings)
    async for finding in _what_reasons_and_draws(settings):
        yield finding
    channels: set[str] = set()
    if catalogue is not None:
        channels = {model.channel for model in catalogue.models.values()} | {catalogue.defaults.channel}
    async for subject, verdict, text in examine_slack(settings, sorted(channels)):
        yield Finding(verdict, subject, text)
    if catalogue is None or not region:
        return
    clients = Clients.of(settings, region, reader_role)
    async for finding in _partners(settings, clients, catalogue):
        yield finding


async def _partners(settings: Settings, clients: Clients, catalogue: Catalogue) -> AsyncIterator[Finding]:
    for findings in (_prometheus(settings, clients, catalogue), _sagemaker(clients, catalogue)):
        async for finding in findings:
            yield finding
    async for subject, verdict, text in examine_logs(clients.logs, catalogue):
        yield Finding(verdict, subject, text)
    async for finding in _github(clients, catalogue):
        yield finding
    async for subject, verdict, text in examine_history(clients.history, catalogue):
        yield Finding(verdict, subject, text)
    async for finding in _roles(settings, clients, catalogue):
        yield finding


def _policy(settings: Settings, catalogue: Catalogue | None) -> Iterator[Finding]:
    try:
        policy = load_policy(settings.policy_file)
    except ManifestError as error:
        yield Finding("wrong", "policy", str(error))
        return
    yield Finding("right", "policy", f"{len(policy.rules)} rules in {settings.policy_file}, hash {policy.hash[:8]}")
    for note in notes(policy, catalogue) if catalogue is not None else ():
        yield Finding("note", "policy", note)


def _runbooks(settings: Settings) -> Finding:
    pages = sorted(settings.runbooks_dir.glob("*.md")) if settings.runbooks_dir.is_dir() else []
    if pages:
        return Finding("right", "runbooks", f"{len(pages)} for alerts in {settings.runbooks_dir}")
    return Finding("wrong", "runbooks", f"{settings.runbooks_dir} has no runbooks; set AGENTOPS_RUNBOOKS_DIR")


def _webhook(settings: Settings) -> Finding:
    match len(settings.webhook_tokens):
        case 0:
            return Finding(
                "wrong",
                "webhook",
                "no AGENTOPS_WEBHOOK_TOKENS, so every alert would be refused; set one of 16 characters or more",
            )
        case 1:
            return Finding("right", "webhook", "one bearer token for Alertmanager")
        case _:
            return Finding(
                "right", "webhook", "two bearer tokens for Alertmanager; take the old one away when it is idle"
            )


async def _stored(settings: Settings) -> list[Finding]:
    replicas = [Finding(*told) async for told in examine_replicas(settings)]
    return [await _database(settings), *replicas]


async def _database(settings: Settings) -> Finding:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return Finding("wrong", "data folder", f"{settings.data_dir}: {error.strerror}; set AGENTOPS_DATA_DIR")
    database = Database(settings.database)
    try:
        if await asyncio.to_thread(reachable, database):
            return Finding("right", "database", database.url.render_as_string(hide_password=True))
        return Finding("wrong", "database", "it does not answer; look at AGENTOPS_DATABASE_URL and at the server")
    except SQLAlchemyError:
        shown = database.url.render_as_string(hide_password=True)
        return Finding("wrong", "database", f"{shown} answers, but not like a database of ours")
    finally:
        database.close()


async def _reasoner(settings: Settings) -> Finding:
    """One small request to the configured model: a key that is there may still be wrong."""
    config = llm_config(settings)
    subject = "language model"
    if config.offline:
        return Finding("note", subject, "no ANTHROPIC_API_KEY: the offline rules reason, and say so")
    from agents.llm_trial import try_out

    try:
        trial = await try_out(config)
    except LlmUnusable as error:
        return Finding("wrong", subject, str(error))
    if trial.problem:
        where = f" at {_place(config.base_url)}" if config.base_url else ""
        return Finding("wrong", subject, f"{config.model}{where} {trial.problem}; the offline rules would reason")
    cost = "its cost is not known, so tokens bound it" if trial.cost_usd is None else f"for ${trial.cost_usd:.4f}"
    text = f"{config.model} answered in {trial.seconds:.1f} s, {cost}; the offline rules stand in when it fails"
    return Finding("right", subject, text)


async def _what_reasons_and_draws(settings: Settings) -> AsyncIterator[Finding]:
    yield await _reasoner(settings)
    async for finding in _other_sources(settings):
        yield finding
    if settings.otlp_endpoint is not None:
        yield await _spans(settings.otlp_endpoint, settings)
    if find_spec("matplotlib") is None:
        yield Finding(
            "note", "charts", "matplotlib is not installed, so threads have no chart: agentops[charts] has it"
        )


async def _spans(endpoint: str, settings: Settings) -> Finding:
    from bot.telemetry import receiver_takes

    if await asyncio.to_thread(receiver_takes, endpoint, settings.otlp_header_values):
        return Finding("right", "spans", f"{_place(endpoint)} takes them")
    look = "look at AGENTOPS_OTLP_ENDPOINT and AGENTOPS_OTLP_HEADERS"
    return Finding("wrong", "spans", f"{_place(endpoint)} does not take them; {look}")


async def _other_sources(settings: Settings) -> AsyncIterator[Finding]:
    """Connects to every MCP server, and tells what is offered of it and what is not."""
    try:
        client = other_sources_of(settings)
    except ManifestError as error:
        yield Finding("wrong", "other sources", str(error))
        return
    if client is None:
        return
    try:
        for name in client.names:
            subject = f"source {name}"
            try:
                offer = await client.offer(name)
            except UpstreamError as error:
                yield Finding("wrong", subject, f"it cannot be read: {error.detail}")
                continue
            names = ", ".join(tool.name for tool in offer.tools)
            if names:
                yield Finding("right", subject, f"offers {names}; {offer.not_listed} more are not listed")
            for tool, reason in offer.refused.items():
                yield Finding("wrong", subject, f"{tool} is not offered: {reason}; take it off the list")
    finally:
        await client.close()


def _place(url: str) -> str:
    """An address without what may be secret in it."""
    address = urlsplit(url)
    return f"{address.scheme}://{address.netloc.rpartition('@')[2]}{address.path}"


async def _prometheus(settings: Settings, clients: Clients, catalogue: Catalogue) -> AsyncIterator[Finding]:
    place = _place(settings.prometheus_url)
    try:
        await clients.prometheus.ready()
    except AccessDenied:
        yield Finding("wrong", "Prometheus", f"{place} refuses us; look at AGENTOPS_PROMETHEUS_TOKEN")
        return
    except (BadAnswer, NotFound):
        yield Finding(
            "wrong", "Prometheus", f"{place} answers, but not like Prometheus; look at AGENTOPS_PROMETHEUS_URL"
        )
        return
    except UpstreamError:
        yield Finding("wrong", "Prometheus", f"{place} does not answer; look at AGENTOPS_PROMETHEUS_URL")
        return
    yield Finding("right", "Prometheus", f"{place} answers")
    yield await _rules(settings, clients)
    for model in catalogue.models.values():
        missing: list[str] = []
        for name, signal in model.signals.items():
            try:
                if not await clients.prometheus.query(model.query_of(signal)):
                    missing.append(name)
            except UpstreamError:
                missing.append(name)
        if missing:
            yield Finding("note", f"signals of {model.name}", f"no data for {', '.join(missing)}")
        else:
            yield Finding("right", f"signals of {model.name}", f"all {len(model.signals)} have data")


async def _rules(settings: Settings, clients: Clients) -> Finding:
    try:
        names = {rule.name for rule in await clients.rules()}
    except (UpstreamError, ManifestError) as error:
        if settings.watch:
            return Finding("right", "alert rules", "they cannot be read; the watch checks the catalogue's thresholds")
        return Finding("wrong", "alert rules", f"they cannot be read ({error}); look at AGENTOPS_RULES_DIR")
    if settings.watch:
        return _watched(names)
    if not names:
        return Finding(
            "wrong",
            "alert rules",
            "there are none; load manifests/prometheus/ into Prometheus or set AGENTOPS_RULES_DIR",
        )
    bare = sorted(name for name in names if not (settings.runbooks_dir / f"{name}.md").is_file())
    if bare:
        return Finding("note", "alert rules", f"{len(names)} can be read; no runbook for {', '.join(bare)}")
    return Finding("right", "alert rules", f"{len(names)} can be read, each has a runbook")


def _watched(names: set[str]) -> Finding:
    twice = sorted(names & {name for name, _ in ALERT_BY_SIGNAL.values()})
    if not twice:
        return Finding("right", "alert rules", "the watch checks the catalogue's thresholds")
    text = f"the watch is on, and Prometheus has rules of the same: {', '.join(twice)} may be told twice; keep one"
    return Finding("note", "alert rules", text)


async def _sagemaker(clients: Clients, catalogue: Catalogue) -> AsyncIterator[Finding]:
    said: set[str] = set()
    for model in catalogue.models.values():
        async for finding in _model(clients, model):
            # Where nothing can be read, everything fails for the same reason: that is one finding.
            if finding.subject != "SageMaker" or finding.text not in said:
                yield finding
            said.add(finding.text)


async def _model(clients: Clients, model: ModelSpec) -> AsyncIterator[Finding]:
    if model.endpoint is not None:
        subject = f"endpoint of {model.name}"
        try:
            endpoint = await clients.sagemaker.endpoint(model.endpoint.name)
            yield Finding("right", subject, f"{endpoint.status} on {endpoint.config_name}")
        except UpstreamError as error:
            yield _unread(subject, f"{model.endpoint.name} is not in {model.region}", error)
        if model.endpoint.last_known_good is None:
            yield Finding("note", subject, "models.yaml names no last_known_good config to roll back to")
        else:
            try:
                await clients.sagemaker.endpoint_config(model.endpoint.last_known_good)
            except UpstreamError as error:
                gone = f"its last_known_good {model.endpoint.last_known_good} does not exist; mend models.yaml"
                yield _unread(subject, gone, error)
    if model.retraining is not None:
        subject = f"pipeline of {model.name}"
        try:
            pipeline = await clients.sagemaker.pipeline(model.retraining.pipeline)
            yield Finding("right", subject, f"{pipeline.name} is {pipeline.status}")
        except UpstreamError as error:
            yield _unread(subject, f"{model.retraining.pipeline} is not in {model.region}", error)

    if model.retraining is not None and model.retraining.promotion is not None:
        subject = f"alarms of {model.name}"
        names = model.retraining.promotion.alarms
        try:
            missing = [alarm.name for alarm in await clients.sagemaker.alarms(names) if alarm.state == "missing"]
        except UpstreamError as error:
            yield _unread(subject, "they cannot be read", error)
            return
        if missing:
            text = f"CloudWatch has no alarm {', '.join(missing)}, so no candidate of this model can be promoted"
            yield Finding("note", subject, text)
        else:
            yield Finding("right", subject, f"{', '.join(names)} exist")


async def _roles(settings: Settings, clients: Clients, catalogue: Catalogue) -> AsyncIterator[Finding]:
    if not settings.aws_assume_roles:
        yield Finding(
            "note", "roles", "AGENTOPS_AWS_ASSUME_ROLES is off: the bot reads and changes with its own credentials"
        )
        return
    named = [roles for model in catalogue.models.values() for roles in model.roles.model_dump().values() if roles]
    for arn in dict.fromkeys(named):
        name = str(arn).rpartition("/")[2]
        try:
            await clients.try_role(arn)
            yield Finding("right", f"role {name}", "it can be assumed")
        except Unavailable:
            yield Finding("note", "roles", "STS does not answer, so it is not known which of them can be assumed")
            return
        except UpstreamError as error:
            text = f"it cannot be assumed ({error.detail}); compare its trust policy with manifests/iam/trust.json"
            yield Finding("wrong", f"role {name}", text)


def _unread(subject: str, gone: str, error: UpstreamError) -> Finding:
    match error:
        case NotFound():
            return Finding("wrong", subject, gone)
        case AccessDenied():
            return Finding(
                "wrong", "SageMaker", f"{error.detail}; reading needs credentials as in manifests/iam/reader.json"
            )
        case _:
            return Finding("wrong", "SageMaker", f"it does not answer as it should: {error.detail}")


async def _github(clients: Clients, catalogue: Catalogue) -> AsyncIterator[Finding]:
    """Does the token reach the repository of each model?"""
    named = [(model, model.repository) for model in catalogue.models.values() if model.repository is not None]
    reader = clients.repositories
    if reader is None:
        if named:
            yield Finding("note", "GitHub", "no AGENTOPS_GITHUB_TOKEN, so no issues are opened")
        return
    if not named:
        yield Finding("note", "GitHub", "models.yaml names no repository, so no issues are opened")
    try:
        for model, repository in named:
            finding = await _issues(reader, model, repository)
            yield finding
            if finding.subject == "GitHub":
                return
    finally:
        await reader.close()


async def _issues(reader: RepositoryReader, model: ModelSpec, repository: str) -> Finding:
    subject = f"issues of {model.name}"
    try:
        problem = await reader.problem(repository)
    except (AccessDenied, NotFound) as error:
        text = f"{repository}: {error.detail}; the token needs issues: read and write there"
        return Finding("wrong", subject, text)
    except UpstreamError as error:
        text = f"it does not answer as it should: {error.detail}; look at AGENTOPS_GITHUB_URL"
        return Finding("wrong", "GitHub", text)
    if problem is not None:
        return Finding("wrong", subject, f"{repository}: {problem}")
    return Finding("right", subject, f"the token reaches {repository}")

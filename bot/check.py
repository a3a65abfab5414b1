"""`agentops check`: which settings, tokens, servers, channels and files are right, in plain words."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Literal

from bot.bootstrap import Clients, region_of
from bot.settings import Settings
from bot.slack.doctor import Verdict, examine_slack
from incidents.catalogue import Catalogue, ModelSpec
from incidents.errors import ManifestError
from tools.errors import NotFound, UpstreamError
from tools.incident_store.database import Database, reachable
from tools.manifests.load import load_catalogue, load_policy


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `wrong` has to be mended; a `note` is worth knowing."""

    verdict: Literal["right", "wrong", "note"]
    subject: str
    text: str


async def examine(settings: Settings, say: Callable[[Finding], None]) -> int:
    """Look at everything, telling each finding as it is made; returns how many are wrong."""
    wrong = 0
    async for finding in _findings(settings):
        say(finding)
        wrong += finding.verdict == "wrong"
    return wrong


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    catalogue: Catalogue | None = None
    try:
        catalogue = load_catalogue(settings.models_file)
        yield Finding("right", "catalogue", f"{settings.models_file}: {len(catalogue.models)} models")
        region_of(catalogue, settings.models_file)
    except ManifestError as error:
        yield Finding("wrong", "catalogue", str(error))
    try:
        policy = load_policy(settings.policy_file)
        yield Finding("right", "policy", f"{settings.policy_file}: {len(policy.rules)} rules, hash {policy.hash[:8]}")
    except ManifestError as error:
        yield Finding("wrong", "policy", str(error))
    yield _webhook(settings)
    yield await _database(settings)
    pages = sorted(settings.runbooks_dir.glob("*.md")) if settings.runbooks_dir.is_dir() else []
    if pages:
        yield Finding("right", "runbooks", f"{settings.runbooks_dir}: {len(pages)} alert runbooks")
    else:
        yield Finding("wrong", "runbooks", f"{settings.runbooks_dir} has no runbooks; set AGENTOPS_RUNBOOKS_DIR")
    yield _reasoner(settings)
    if catalogue is None:
        return
    channels = sorted({model.channel for model in catalogue.models.values()} | {catalogue.defaults.channel})
    async for subject, verdict, text in examine_slack(settings, channels):
        yield Finding(_WORD[verdict], subject, text)
    clients = Clients.of(settings, region_of(catalogue, settings.models_file))
    async for finding in _prometheus(clients, catalogue):
        yield finding
    for model in catalogue.models.values():
        async for finding in _sagemaker(clients, model):
            yield finding


_WORD: dict[Verdict, Literal["right", "wrong", "note"]] = {"right": "right", "wrong": "wrong", "note": "note"}


def _webhook(settings: Settings) -> Finding:
    if settings.webhook_tokens:
        return Finding("right", "webhook", f"{len(settings.webhook_tokens)} bearer token(s) for Alertmanager")
    return Finding(
        "wrong",
        "webhook",
        "no AGENTOPS_WEBHOOK_TOKENS, so every alert would be refused; set one of 16 characters or more",
    )


async def _database(settings: Settings) -> Finding:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    try:
        if await asyncio.to_thread(reachable, database):
            return Finding("right", "database", database.url.render_as_string(hide_password=True))
        return Finding("wrong", "database", "it does not answer; look at AGENTOPS_DATABASE_URL and at the server")
    finally:
        database.close()


def _reasoner(settings: Settings) -> Finding:
    if settings.anthropic_api_key is None or not settings.anthropic_api_key.get_secret_value():
        return Finding("note", "language model", "no ANTHROPIC_API_KEY: the offline rules reason, and say so")
    return Finding("right", "language model", f"{settings.llm}, and the offline rules when it fails")


async def _prometheus(clients: Clients, catalogue: Catalogue) -> AsyncIterator[Finding]:
    try:
        await clients.prometheus.ready()
    except UpstreamError as error:
        yield Finding("wrong", "Prometheus", f"it is not ready ({error.detail}); look at AGENTOPS_PROMETHEUS_URL")
        return
    yield Finding("right", "Prometheus", "ready")
    try:
        rules = await clients.rules()
        yield Finding("right" if rules else "wrong", "alert rules", f"{len(rules)} rules can be read")
    except UpstreamError as error:
        yield Finding("wrong", "alert rules", f"they cannot be read ({error.detail}); set AGENTOPS_RULES_DIR")
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


async def _sagemaker(clients: Clients, model: ModelSpec) -> AsyncIterator[Finding]:
    if model.endpoint is not None:
        try:
            endpoint = await clients.sagemaker.endpoint(model.endpoint.name)
            yield Finding("right", f"endpoint of {model.name}", f"{endpoint.status} on {endpoint.config_name}")
            if model.endpoint.last_known_good:
                await clients.sagemaker.endpoint_config(model.endpoint.last_known_good)
            else:
                yield Finding("note", f"endpoint of {model.name}", "no last_known_good in the catalogue")
        except NotFound as error:
            yield Finding("wrong", f"endpoint of {model.name}", f"not found: {error.detail}")
        except UpstreamError as error:
            yield Finding("wrong", f"endpoint of {model.name}", f"it cannot be read: {error.detail}")
    if model.retraining is not None:
        try:
            pipeline = await clients.sagemaker.pipeline(model.retraining.pipeline)
            yield Finding("right", f"pipeline of {model.name}", f"{pipeline.name} is {pipeline.status}")
        except UpstreamError as error:
            yield Finding("wrong", f"pipeline of {model.name}", f"it cannot be read: {error.detail}")

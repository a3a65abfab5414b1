"""`agentops check`: which settings, tokens, servers, channels and files are right, in plain words."""

from collections.abc import AsyncIterator, Callable

from bot.check.aws import examine_roles, examine_sagemaker
from bot.check.database import examine_database
from bot.check.finding import Finding
from bot.check.github import examine_history, examine_issues
from bot.check.logs import examine_logs
from bot.check.manifests import examine_policy, examine_runbooks
from bot.check.metrics import examine_metrics
from bot.check.reasoning import examine_reasoning
from bot.check.replicas import examine_replicas
from bot.check.webhook import examine_webhook
from bot.partners import Clients, reader_role_of, region_of
from bot.settings import Settings, misspelt
from bot.slack.doctor import examine_slack
from incidents.catalogue import Catalogue
from incidents.errors import ManifestError
from tools.manifests.load import load_catalogue


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
    for finding in examine_policy(settings, catalogue):
        yield finding
    yield examine_runbooks(settings)
    yield await examine_database(settings)
    async for finding in examine_replicas(settings):
        yield finding
    yield examine_webhook(settings)
    async for finding in examine_reasoning(settings):
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
    for findings in (
        examine_metrics(settings, clients, catalogue),
        examine_sagemaker(clients, catalogue),
        examine_logs(clients.logs, catalogue),
        examine_issues(clients.repositories, catalogue),
        examine_history(clients.history, catalogue),
        examine_roles(settings, clients, catalogue),
    ):
        async for finding in findings:
            yield finding

"""The Slack side with the desk behind it: who decides, who answers, what is shown."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agents.investigator import Investigator
from bot.bootstrap.ground import Ground, new_id
from bot.by_hand import ByHand
from bot.decisions import Decisions
from bot.handling import Handling
from bot.partners import Clients, revealed
from bot.planner import Planner
from bot.settings import Settings
from bot.slack.app import SlackConfig, SlackSide
from bot.slack.blocks.links import Links
from bot.slack.desk import BotDesk
from bot.slack.people import People
from bot.slack.record_desk import RecordDesk
from bot.slack.shelf import StoreShelf
from bot.workflows.ports import Deps
from tools.incident_store.migrate import installation_id
from tools.incident_store.trust_reader import TrustReader
from tools.runbook_index.index import RunbookIndex

if TYPE_CHECKING:
    from incidents.catalogue import Catalogue


def links_of(settings: Settings, catalogue: "Catalogue") -> Links:
    """Where links may lead: the hosts of the settings, of the dashboards and of the partners themselves."""
    addresses = [settings.prometheus_url, settings.runbook_base_url or ""]
    addresses += [model.dashboard or "" for model in catalogue.models.values()]
    hosts = {urlsplit(address).netloc.lower() for address in addresses if address} | set(settings.link_hosts)
    return Links(hosts=frozenset(hosts), runbooks_url=settings.runbook_base_url or "")


async def open_slack(
    ground: Ground, deps: Deps, clients: Clients, runbooks: RunbookIndex, investigator: Investigator
) -> SlackSide[BotDesk]:
    """Everything of the bot that speaks to Slack; nothing is called yet. Its database has to be migrated."""
    settings = ground.settings
    links = links_of(settings, ground.catalogue)

    def make_desk(people: People, home_team: Callable[[], str]) -> BotDesk:
        decisions = Decisions(
            ground.reader,
            ground.writer,
            ground.catalogue,
            ground.policy,
            home_team=home_team,
            clock=ground.clock,
            speed=settings.speed,
            wake=deps.wake_dispatcher,
        )
        handling = Handling(
            ground.reader,
            ground.writer,
            Planner(deps),
            ByHand(ground.reader, ground.catalogue, clients.sagemaker.model_packages, ground.clock),
            policy=ground.policy,
            home_team=home_team,
            clock=ground.clock,
            wake=deps.wake_dispatcher,
        )
        return BotDesk(
            ground.reader,
            ground.writer,
            ground.catalogue,
            decisions,
            handling,
            investigator,
            runbooks,
            people,
            RecordDesk(TrustReader(ground.database), ground.clock),
            runbook_link=links.runbook,
            home_team=home_team,
            clock=ground.clock,
            new_id=new_id,
            wake=deps.wake_dispatcher,
            reasoned=deps.metrics.reasoned,
            owner=ground.owner,
        )

    config = SlackConfig(
        bot_token=revealed(settings.slack_bot_token) or "",
        app_token=revealed(settings.slack_app_token),
        signing_secret=revealed(settings.slack_signing_secret),
        api_url=settings.slack_api_url,
        links=links,
        installation=await asyncio.to_thread(installation_id, ground.database, new_id()),
        replica=ground.owner,
    )
    owners = {model.name: model.owners for model in ground.catalogue.models.values() if model.owners}
    shelf = StoreShelf(
        ground.reader,
        clients.prometheus,
        clients.rules,
        owners=owners,
        speed=settings.speed,
        daily_notes=ground.writer.daily_notes.note,
    )
    return SlackSide(config, store=ground.writer.outbox, shelf=shelf, make_desk=make_desk, clock=ground.clock)

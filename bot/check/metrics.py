"""Whether Prometheus answers, has the alert rules, and has data of every signal."""

from collections.abc import AsyncIterator

from bot.check.address import shown
from bot.check.finding import Finding
from bot.partners import Clients
from bot.settings import Settings
from incidents.catalogue import Catalogue
from incidents.errors import ManifestError
from incidents.signal_rules import ALERT_BY_SIGNAL
from tools.errors import AccessDenied, BadAnswer, NotFound, UpstreamError


async def examine_metrics(settings: Settings, clients: Clients, catalogue: Catalogue) -> AsyncIterator[Finding]:
    """Whether Prometheus answers, has rules, and has data of every signal of each model."""
    place = shown(settings.prometheus_url)
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

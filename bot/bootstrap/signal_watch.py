"""The watch and the daily note, where the settings ask for them."""

from bot.bootstrap.duties import Duties
from bot.bootstrap.ground import Ground
from bot.workflows.daily_note import DailyNotes
from bot.workflows.ports import Deps
from bot.workflows.watch import Watch
from incidents.signal_rules import rules_of
from tools.prometheus.rule_text import rules_of_watch
from tools.prometheus.series import AlertRule


def own_rules(ground: Ground) -> tuple[AlertRule, ...]:
    """The rules of the watch's alerts, by which their recovery is verified; none where it is off."""
    if not ground.settings.watch:
        return ()
    return rules_of_watch(rule for model in ground.catalogue.models.values() for rule in rules_of(model))


def start_watching(ground: Ground, deps: Deps, duties: Duties) -> None:
    """Begin what the settings ask for."""
    settings = ground.settings
    if settings.watch:
        duties.start("watch", Watch(deps, settings.scaled(settings.watch_seconds)).run())
    if settings.daily_note_at is not None:
        duties.start("daily note", DailyNotes(deps, settings.daily_note_at).run())

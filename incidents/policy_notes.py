"""What is worth knowing of a policy beside the catalogue: names in it that no watched model has."""

from collections.abc import Iterator

from incidents.catalogue import Catalogue
from incidents.policy import Policy


def notes(policy: Policy, catalogue: Catalogue) -> Iterator[str]:
    """One sentence for each; a misspelt name makes a rule that never applies, and nobody is told elsewhere."""
    models = set(catalogue.models)
    environments = {model.environment for model in catalogue.models.values()}
    tiers = {str(model.tier) for model in catalogue.models.values()}
    for name in policy.autonomy:
        if name not in models:
            yield f"autonomy names {name}, which is not in the catalogue"
    for rule in policy.rules:
        place = f"the rule {rule.name!r}"
        yield from _strangers(place, "model", rule.when.model, models)
        yield from _strangers(place, "environment", rule.when.environment, environments)
        yield from _strangers(place, "tier", tuple(str(tier) for tier in rule.when.tier or ()), tiers)
    for freeze in policy.freezes:
        place = f"the freeze {freeze.name!r}"
        yield from _strangers(place, "model", freeze.models, models)
        yield from _strangers(place, "environment", freeze.environments, environments)


def _strangers(place: str, what: str, named: tuple[str, ...] | None, known: set[str]) -> Iterator[str]:
    """Only where none of the names is known: lists often name what a catalogue happens not to have."""
    if named and not set(named) & known:
        yield f"{place} is for {what} {' or '.join(named)}, which no model of the catalogue has"

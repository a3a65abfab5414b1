"""What the writers go by beside the catalogue: how long, how often, how many."""

from dataclasses import dataclass, field
from datetime import timedelta

from incidents.budget import InvestigationBudget
from incidents.flapping import FlappingRule
from incidents.storm import StormRule


@dataclass(frozen=True)
class Limits:
    """The limits of a deployment.

    Attributes:
        settle_most: how long the first investigation waits at most, since the first alert, for others of its outage.
        flapping: when something flaps.
        storm: what a channel can bear.
        budget: how much is investigated.
    """

    settle_most: timedelta = timedelta(seconds=30)
    flapping: FlappingRule = field(default_factory=FlappingRule)
    storm: StormRule = field(default_factory=StormRule)
    budget: InvestigationBudget = field(default_factory=InvestigationBudget)


STANDARD = Limits()
"""Those of the settings' defaults, in real time."""

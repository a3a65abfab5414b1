"""Concept drift: the same inputs now mean something else, and a model is wrong by as much as it learned the old way."""

from dataclasses import dataclass, field

from sandbox.world.serving import Share

NOTICED = 0.03
"""A loss of accuracy below this is within what a model shows in ordinary weeks."""


@dataclass(frozen=True, slots=True)
class Concept:
    """How much of its accuracy a model loses since the relation to the label changed.

    Attributes:
        loss: Relative loss of accuracy of models trained before.
        retrained: The same for models trained since: while few labels show the new relation, a model that is trained on
            both does worse than one that knows the old relation well.
        versions: The same for SageMaker models that the change hits less, or more, by name.
        since: Unix seconds when it changed.
    """

    loss: float
    retrained: float
    versions: dict[str, float] = field(default_factory=dict[str, float])
    since: float = 0.0

    def harm(self, model: str, trained_at: float | None) -> float:
        """The relative loss of accuracy of a SageMaker model."""
        named = self.versions.get(model)
        if named is not None:
            return named
        return self.retrained if trained_at is not None and trained_at >= self.since else self.loss

    def harms(self, shares: tuple[Share, ...]) -> bool:
        """Whether what serves is hit so that it shows."""
        return sum(one.share * self.harm(one.model, one.trained_at) for one in shares) > NOTICED

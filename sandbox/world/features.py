"""Distributions of model inputs, and how far they moved: population stability index over quantile bins.

PSI = sum((actual - expected) * ln(actual / expected)) over the bins of the reference: ten quantile bins for numbers,
one bin for each value of a category or a count, shares floored at 1e-4. Nulls reach the model as the imputed value,
so a broken column moves its distribution too.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

BINS = 10
FLOOR = 1e-4
REFERENCE_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Feature:
    """One input of a model.

    Attributes:
        name: Its name in metrics and data.
        family: Shape of the training data. `category` draws codes 0..n-1 with `weights`; `count` is Poisson.
        location: Median of a lognormal, mean of a normal or a count.
        spread: Sigma of the logarithm for a lognormal, standard deviation for a normal.
        importance: Share of the model's decisions that rest on it; all of a model add up to about 1.
        effect: Weight in the score, in standard deviations of the feature.
        imputed: What the serving code puts in place of a null.
        weights: Shares of the codes of a category.
        values: Names of the codes of a category, as they stand in the data.
    """

    name: str
    family: Literal["lognormal", "normal", "count", "category"]
    location: float = 0.0
    spread: float = 1.0
    importance: float = 0.2
    effect: float = 0.5
    imputed: float = 0.0
    weights: tuple[float, ...] = ()
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """How today's inputs of a feature differ from the training data. The default is no difference."""

    scale: float = 1.0
    offset: float = 0.0
    weights: tuple[float, ...] = ()
    nulls: float = 0.0


UNSHIFTED = Shift()


def draw(feature: Feature, shift: Shift, rows: int, rng: np.random.Generator) -> tuple[Values, NDArray[np.bool_]]:
    """Sample values as they reach the model, and which of them were null at the source."""
    match feature.family:
        case "lognormal":
            values = feature.location * np.exp(feature.spread * rng.standard_normal(rows))
        case "normal":
            values = feature.location + feature.spread * rng.standard_normal(rows)
        case "count":
            values = rng.poisson(feature.location * shift.scale, rows).astype(np.float64)
        case "category":
            weights = np.asarray(shift.weights or feature.weights, dtype=np.float64)
            values = rng.choice(len(weights), size=rows, p=weights / weights.sum()).astype(np.float64)
    if feature.family in ("lognormal", "normal"):
        values = values * shift.scale + shift.offset
    null = rng.random(rows) < shift.nulls
    values[null] = feature.imputed
    return values, null


def stability_index(expected: Values, actual: Values) -> float:
    """PSI of two arrays of shares over the same bins."""
    e, a = np.maximum(expected, FLOOR), np.maximum(actual, FLOOR)
    return float(np.sum((a - e) * np.log(a / e)))


@dataclass(frozen=True, slots=True)
class Binning:
    """Bins of a reference sample and the share of it in each."""

    edges: Values
    shares: Values

    @classmethod
    def of(cls, values: Values, *, discrete: bool) -> "Binning":
        """Quantile bins of a sample; for a discrete one, a bin for each value."""
        if discrete:
            distinct = np.unique(values)
            edges = (distinct[1:] + distinct[:-1]) / 2
        else:
            edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
        return cls(edges, cls._share(values, edges))

    def psi(self, values: Values) -> float:
        """PSI of a sample against this reference."""
        return stability_index(self.shares, self._share(values, self.edges))

    @staticmethod
    def _share(values: Values, edges: Values) -> Values:
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
        return counts.astype(np.float64) / len(values)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one batch of inputs shows against a reference."""

    psi: dict[str, float]
    nulls: dict[str, float]
    prediction_psi: float
    anomalies: float
    violations: float


@dataclass(frozen=True, slots=True)
class Reference:
    """What a model was trained on: binnings of its features and of its own scores.

    `clean` says that the training data had no null spike; a model trained on broken data learned from imputed values.
    """

    features: tuple[Feature, ...]
    binnings: dict[str, Binning]
    means: dict[str, float]
    deviations: dict[str, float]
    limits: dict[str, tuple[float, float]]
    scores: Binning
    clean: bool = True
    shifts: dict[str, Shift] = field(default_factory=dict[str, Shift])

    @classmethod
    def train(cls, features: tuple[Feature, ...], shifts: dict[str, Shift], rng: np.random.Generator) -> "Reference":
        """Learn from inputs as the shifts make them."""
        columns = {f.name: draw(f, shifts.get(f.name, UNSHIFTED), REFERENCE_ROWS, rng)[0] for f in features}
        means = {name: float(values.mean()) for name, values in columns.items()}
        deviations = {name: float(values.std()) or 1.0 for name, values in columns.items()}
        binnings = {f.name: Binning.of(columns[f.name], discrete=f.family in ("count", "category")) for f in features}
        limits = {
            name: (float(np.quantile(values, 0.0005)), float(np.quantile(values, 0.9995)))
            for name, values in columns.items()
        }
        scores = Binning.of(scores_of(features, columns, means, deviations), discrete=False)
        clean = all(shift.nulls < 0.05 for shift in shifts.values())
        return cls(features, binnings, means, deviations, limits, scores, clean, dict(shifts))

    def read(self, shifts: dict[str, Shift], rows: int, rng: np.random.Generator) -> Reading:
        """Sample a batch of today's inputs and compare it with this reference."""
        drawn = {f.name: draw(f, shifts.get(f.name, UNSHIFTED), rows, rng) for f in self.features}
        columns = {name: values for name, (values, _) in drawn.items()}
        outside = np.zeros(rows, dtype=np.bool_)
        missing = np.zeros(rows, dtype=np.bool_)
        for name, (values, null) in drawn.items():
            low, high = self.limits[name]
            outside |= ((values < low) | (values > high)) & ~null
            missing |= null
        scores = scores_of(self.features, columns, self.means, self.deviations)
        return Reading(
            psi={name: self.binnings[name].psi(values) for name, values in columns.items()},
            nulls={name: float(null.mean()) for name, (_, null) in drawn.items()},
            prediction_psi=self.scores.psi(scores),
            anomalies=float(outside.mean()),
            violations=float(missing.mean()),
        )


def scores_of(
    features: tuple[Feature, ...], columns: dict[str, Values], means: dict[str, float], deviations: dict[str, float]
) -> Values:
    """What a model that learned these means and deviations answers, 0 to 1."""
    total = np.full(len(next(iter(columns.values()))), -1.0)
    for feature in features:
        total += feature.effect * (columns[feature.name] - means[feature.name]) / deviations[feature.name]
    return 1.0 / (1.0 + np.exp(-total))

"""Values that no customer sends: one value for everybody, or another unit. They hide from null rates and schemas.

The runbooks behind it: `ModelPredictionDriftHigh` (a feature replaced by its default moves the scores and hides from
the null rate), `ModelAucLow` (constant: quarantine, do not retrain) and `SchemaViolationRateHigh` (a unit changed).
"""

import math
from collections.abc import Sequence

from agents.readings.data import CapturedFeatureReading, MonitorStatisticsReading
from agents.readings.dossier import Dossier

MOVED_AS_A_WHOLE = 1.0
"""From this PSI on hardly any row is in the bin it would have been in: four times what often costs accuracy."""
_FACTORS: Sequence[float] = (*(10.0**power for power in range(1, 10)), 24.0, 60.0, 1024.0, 3600.0, 86_400.0)
"""Between units that are mistaken for each other: cents and euros, seconds and milliseconds, minutes, hours, days."""
NEAR_A_FACTOR = 0.1
"""Medians of an hour differ by some per cent from those of the training data; a factor is met within a tenth."""


def rescaled(dossier: Dossier) -> list[CapturedFeatureReading]:
    """Captured features whose median is that of the training data times what lies between two units."""
    return [
        one
        for one in dossier.captured
        if not one.prediction
        and (one.psi or 0.0) >= MOVED_AS_A_WHOLE
        and one.medians
        and _is_another_unit(*one.medians)
    ]


def constant(dossier: Dossier) -> list[MonitorStatisticsReading]:
    """Features that have one value in all rows, where the training data had many."""
    return [one for one in dossier.monitor_statistics if one.constant and one.feature]


def _is_another_unit(before: float, now: float) -> bool:
    if before * now <= 0:
        return False
    factor = max(now / before, before / now)
    return any(abs(math.log(factor / one)) <= math.log(1 + NEAR_A_FACTOR) for one in _FACTORS)

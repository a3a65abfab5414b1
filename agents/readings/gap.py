"""What could not be read."""

from typing import Literal

from agents.readings.base import ReadingBase


class GapReading(ReadingBase):
    """Something that could not be read."""

    type: Literal["gap"] = "gap"
    source: Literal[
        "Prometheus",
        "SageMaker",
        "Model Monitor",
        "Data Capture",
        "Runbook index",
        "CloudWatch Logs",
        "GitHub",
        "Other source",
    ]
    part: str
    """What is missing: a signal's name, ``changes``, ``endpoint``, ``versions``, ``violations``, ``statistics``,
    ``captured_data``, ``capacity``, ``season``, ``label_delay``, ``training_window``, ``runbooks``."""
    words: str
    failed: bool = True
    """False where the partner answered, and there was nothing."""

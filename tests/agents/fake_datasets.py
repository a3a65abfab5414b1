"""The data of one model, as the monitor and the capture show it."""

from dataclasses import dataclass, field

from incidents.catalogue import ModelSpec
from tools.datasets.captured import CapturedData
from tools.datasets.monitor import Violation
from tools.datasets.monitored import MonitoredData
from tools.datasets.window import Window
from tools.errors import NotFound, Unavailable


@dataclass
class FakeDatasets:
    """What the monitor found, and what was captured: nothing, where it is not told. `down` makes it fail."""

    found: list[Violation] = field(default_factory=list[Violation])
    capture: CapturedData | None = None
    statistics: MonitoredData | None = None
    asked: list[Window] = field(default_factory=list[Window])
    down: bool = False

    async def violations(self, model: ModelSpec) -> list[Violation]:
        if self.down:
            raise Unavailable("S3", "GetObject", "connection refused")
        return self.found

    async def monitored(self, model: ModelSpec) -> MonitoredData | None:
        return self.statistics

    async def captured(self, model: ModelSpec, window: Window, before: Window) -> CapturedData:
        self.asked.append(window)
        if self.down:
            raise Unavailable("S3", "GetObject", "connection refused")
        if self.capture is None:
            raise NotFound("S3", "ListObjectsV2", "nothing was captured")
        return self.capture

"""What a collector looks through: the sources, the case, and how far back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from agents.readings.found import Found
from agents.readings.gap import GapReading
from agents.sources import Sources
from agents.timing import Timing
from incidents.catalogue import ModelSpec
from incidents.evidence import Evidence, EvidenceKind, Figure
from incidents.investigation import Case
from tools.errors import AccessDenied, BadAnswer, NotFound, Throttled, Unavailable, UpstreamError


@dataclass(frozen=True)
class Lens:
    """One investigation's view of the partners."""

    sources: Sources
    timing: Timing
    case: Case

    @property
    def model(self) -> ModelSpec | None:
        """The catalogue's entry."""
        return self.case.model

    @property
    def now(self) -> datetime:
        """The moment of the investigation."""
        return self.case.now

    @property
    def start(self) -> datetime:
        """Where the metrics window begins."""
        return self.now - self.timing.lookback

    def fact(
        self,
        kind: EvidenceKind,
        source: str,
        asked: str,
        found: str,
        *,
        figures: tuple[Figure, ...] = (),
        subject: str | None = None,
        link: str | None = None,
        windowed: bool = False,
    ) -> Evidence:
        """A fact without an id yet. `windowed`: it is about the whole metrics window."""
        return Evidence(
            id="",
            kind=kind,
            source=source,
            asked=asked,
            found=found,
            figures=figures,
            subject=subject,
            window=(self.start, self.now) if windowed else None,
            read_at=self.now,
            link=link if link and link.startswith(("http://", "https://")) else None,
        )

    def gap(self, source: str, part: str, asked: str, why: str, *, failed: bool = True) -> Found:
        """Something that could not be read. `why` completes "... could not be read: "."""
        words = f"{_PARTS.get(part, f'the signal {part}')} could not be read: {why}."
        words = words[0].upper() + words[1:]
        reading = GapReading.model_validate({"source": source, "part": part, "words": words, "failed": failed})
        return Found(self.fact(EvidenceKind.GAP, source, asked, words), reading)


_PARTS: Mapping[str, str] = {
    "signals": "the metrics of this model",
    "capacity": "the load of the endpoint",
    "endpoint": "the state of the endpoint",
    "changes": "recent changes",
    "live_config": "which config served when",
    "violations": "the data quality report",
    "statistics": "the monitor's statistics",
    "captured_data": "captured requests",
    "versions": "the version before",
    "season": "how it was at the same hour a day and a week ago",
    "label_delay": "how late the labels are",
    "training_window": "whether the training window holds broken data",
    "endpoint_log": "the log of the endpoint",
    "training_log": "the log of the training job",
    "processing_log": "the log of the processing job",
    "jobs": "which jobs the pipelines ran lately",
    "history": "what was merged and released lately",
    "runbooks": "the runbooks",
    "past_incidents": "past incidents",
    "query": "the answer to a query",
}


def why(error: UpstreamError, source: str) -> str:
    """An error of a partner in plain words; the partner's own words stay in the log."""
    match error:
        case Throttled():
            return f"{source} asked us to slow down"
        case Unavailable():
            return f"{source} did not answer"
        case AccessDenied():
            return f"{source} refused access"
        case NotFound():
            return f"{source} has nothing of that name"
        case BadAnswer():
            return f"{source} gave an answer that makes no sense"
        case _:
            return f"{source} could not do it"

"""A runbook index over a few pages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tools.errors import Unavailable
from tools.runbook_index.records import Kind, RunbookHit


@dataclass
class Page:
    """A page with one passage for each heading."""

    file: str
    kind: Kind
    title: str
    passages: dict[str, str]


@dataclass
class FakeRunbooks:
    """Pages searched by shared words. `down` makes it fail."""

    pages: Sequence[Page]
    down: bool = False
    asked: list[str] = field(default_factory=list[str])

    def search(
        self, query: str, *, alert: str | None = None, runbook_url: str | None = None, k: int = 5
    ) -> list[RunbookHit]:
        self._ask(query)
        return self._ranked(query, alert, k, lambda page: True)

    def search_incidents(self, text: str, k: int = 3) -> list[RunbookHit]:
        self._ask(text)
        return self._ranked(text, None, k, lambda page: page.kind == "incident")

    def told_under(self, file: str, heading: str, query: str) -> RunbookHit | None:
        self._ask(query)
        hits = self._ranked(query, None, 50, lambda page: page.file == file)
        return next((hit for hit in hits if hit.heading == heading), None)

    def verify_quote(self, file: str, heading: str, quote: str) -> tuple[int, int] | None:
        self._ask(quote)
        for page in self.pages:
            if page.file == file and quote and quote in page.passages.get(heading, ""):
                return (3, 3)
        return None

    def _ranked(self, query: str, alert: str | None, k: int, keep: Callable[[Page], bool]) -> list[RunbookHit]:
        asked = set(query.lower().replace(",", " ").replace(":", " ").split())
        scored: list[tuple[float, RunbookHit]] = []
        for page in self.pages:
            if not keep(page):
                continue
            for number, (heading, text) in enumerate(page.passages.items()):
                shared = len(asked & set(text.lower().replace(".", " ").replace(",", " ").split()))
                own = 10 if alert and page.file == f"{alert}.md" else 0
                if shared + own == 0:
                    continue
                hit = RunbookHit(
                    file=page.file,
                    heading=heading,
                    lines=(3 + 4 * number, 3 + 4 * number),
                    quote=text,
                    score=min(1.0, (shared + own) / 20),
                    kind=page.kind,
                    record_id=f"{page.file}#{heading}",
                    title=page.title,
                )
                scored.append((shared + own, hit))
        return [hit for _, hit in sorted(scored, key=lambda row: (-row[0], row[1].record_id))[:k]]

    def _ask(self, query: str) -> None:
        self.asked.append(query)
        if self.down:
            raise Unavailable("Runbook index", "query", "connection refused")


PAGES: Sequence[Page] = (
    Page(
        "EndpointLatencyP99High.md",
        "runbook",
        "EndpointLatencyP99High",
        {
            "Diagnosis": "If latency rose within minutes of a deployment, the new config is the likeliest cause.",
            "Mitigation": "Roll back the endpoint config to the last one that was healthy.",
            "Escalation": "If CPU is saturated and the config is unchanged, scale out by one instance.",
        },
    ),
    Page(
        "FeatureNullRateHigh.md",
        "runbook",
        "FeatureNullRateHigh",
        {"Mitigation": "Quarantine the data with null values and re-run the data pipeline. Do not retrain on it."},
    ),
    Page(
        "ModelFeatureDriftHigh.md",
        "runbook",
        "ModelFeatureDriftHigh",
        {
            "Mitigation": "If accuracy fell and the data is clean, retrain on a recent window.",
            "Diagnosis": "Drift without a loss of accuracy needs no retraining: watch it.",
        },
    ),
    Page("procedures/retraining.md", "procedure", "Retraining", {"Before": "Check that the data is clean first."}),
    Page(
        "incidents/INC-004.md",
        "incident",
        "INC-004: slow recommender after a deployment",
        {"What happened": "p99 latency rose right after a deployment of product-recommender."},
    ),
)


def runbooks() -> FakeRunbooks:
    return FakeRunbooks(PAGES)

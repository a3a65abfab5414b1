"""What the tools of one investigation work on: the case, the book, and the lens on the partners."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agents.collectors import (
    alerts,
    capacity,
    captured_data,
    changes,
    commits,
    first_movers,
    free_query,
    logs,
    other_sources,
    quality,
    runbooks,
    season,
    signals,
    training_window,
    versions,
)
from agents.collectors.lens import Lens
from agents.evidence_book import EvidenceBook
from agents.readings.found import Found
from agents.readings.metrics import SignalReading
from tools.mcp_servers.records import Offer


@dataclass(frozen=True)
class Workbench:
    """Every question goes through the book: asked of a partner once, admitted under one id."""

    lens: Lens
    book: EvidenceBook

    def alerts(self) -> list[Found]:
        """The alerts of the incident."""
        return self.book.admit(alerts.alerts(self.lens))

    async def all_signals(self) -> list[Found]:
        """Every signal of the catalogue, now against before."""
        return await self._asked(("all_signals",), lambda: signals.all_signals(self.lens))

    async def one_signal(self, name: str) -> list[Found]:
        """One signal of the catalogue."""
        return await self._asked(("signal", name), lambda: signals.one_signal(self.lens, name))

    async def capacity(self) -> list[Found]:
        """CPU, memory, instances, traffic, requests per instance and those that were throttled."""
        return await self._asked(("capacity",), lambda: capacity.capacity(self.lens))

    def first_movers(self) -> list[Found]:
        """What moved first, of all that was read by now."""
        return self.book.admit(first_movers.first_movers(self.lens, self.book.dossier))

    async def season(self) -> list[Found]:
        """What moved, of all that was read by now, against the same hour a day and a week ago."""
        return await self._asked(("season",), lambda: season.season(self.lens, self.book.dossier))

    async def endpoint_state(self) -> list[Found]:
        """The endpoint as it stands."""
        return await self._asked(("endpoint",), lambda: changes.endpoint_state(self.lens))

    async def recent_changes(self) -> list[Found]:
        """What was changed lately."""
        return await self._asked(("changes",), lambda: changes.recent_changes(self.lens))

    async def versions(self) -> list[Found]:
        """The live version beside the one before it, where that was changed lately."""
        return await self._asked(("versions",), self._ask_versions)

    async def data_quality(self) -> list[Found]:
        """What Model Monitor says."""
        return await self._asked(("quality",), lambda: quality.data_quality(self.lens))

    async def captured_data(self) -> list[Found]:
        """What the captured requests show, in trouble of data or predictions."""
        return await self._asked(("captured",), self._ask_captured)

    async def logs(self) -> list[Found]:
        """What the endpoint and the jobs logged since the trouble began."""
        return await self._asked(("logs",), self._ask_logs)

    async def commits(self) -> list[Found]:
        """What was merged and released in the model's repository before the trouble began."""
        return await self._asked(("commits",), self._ask_commits)

    async def training_window(self) -> list[Found]:
        """Whether the data of the training window was broken at some time."""
        return await self._asked(("training window",), lambda: training_window.training_window(self.lens))

    async def runbooks_for_alerts(self) -> list[Found]:
        """The pages of the alerts, and past incidents like this one."""
        return await self._asked(("pages",), lambda: runbooks.for_alerts(self.lens))

    async def search_runbooks(self, query: str) -> list[Found]:
        """Passages for a question."""
        query = query.strip()[:400]
        return await self._asked(("search", query), lambda: runbooks.search(self.lens, query))

    async def search_incidents(self, text: str) -> list[Found]:
        """Past incidents like the one told, with what was done about them."""
        text = text.strip()[:400]
        return await self._asked(("incidents", text), lambda: runbooks.similar(self.lens, text))

    async def query_prometheus(self, promql: str) -> list[Found]:
        """The answer to a query that a reasoner wrote itself."""
        return await self._asked(("query", promql), lambda: free_query.query_prometheus(self.lens, promql))

    async def offer_of(self, server: str, *, gap_is_told: bool = True) -> Offer | None:
        """What another source offers, asked once; None where it does not answer, which is a gap in the book if told."""
        offer = await self.book.once(("offer", server), lambda: other_sources.offer(self.lens, server))
        if isinstance(offer, Offer):
            return offer
        if gap_is_told:
            self.book.admit([offer])
        return None

    async def ask_other(self, server: str, tool: str, arguments: Mapping[str, Any]) -> list[Found]:
        """The answer of another source; the same question is asked once."""
        question = ("other", server, tool, json.dumps(dict(arguments), sort_keys=True, default=str))
        return await self._asked(question, lambda: other_sources.ask(self.lens, server, tool, arguments))

    async def begin(self) -> None:
        """Ask all partners at once for what is always read; the answers wait in the book to be admitted."""
        lens, asked = self.lens, self.book.once
        await asyncio.gather(
            asked(("all_signals",), lambda: signals.all_signals(lens)),
            asked(("capacity",), lambda: capacity.capacity(lens)),
            asked(("endpoint",), lambda: changes.endpoint_state(lens)),
            asked(("changes",), lambda: changes.recent_changes(lens)),
            asked(("versions",), self._ask_versions),
            asked(("quality",), lambda: quality.data_quality(lens)),
            asked(("captured",), self._ask_captured),
            asked(("pages",), lambda: runbooks.for_alerts(lens)),
            asked(("logs",), self._ask_logs),
            asked(("commits",), self._ask_commits),
        )

    async def _ask_versions(self) -> Sequence[Found]:
        """After the changes: it follows from them whether there is anything to compare."""
        state, recent = await asyncio.gather(
            self.book.once(("endpoint",), lambda: changes.endpoint_state(self.lens)),
            self.book.once(("changes",), lambda: changes.recent_changes(self.lens)),
        )
        return await versions.versions(self.lens, [*state, *recent])

    async def _ask_captured(self) -> Sequence[Found]:
        """After the metrics: they tell since when, and whether the data matters at all."""
        found = await self.book.once(("all_signals",), lambda: signals.all_signals(self.lens))
        return await captured_data.captured_data(self.lens, found)

    async def _ask_logs(self) -> Sequence[Found]:
        return await logs.logs(self.lens, await self._began())

    async def _ask_commits(self) -> Sequence[Found]:
        return await commits.commits(self.lens, await self._began())

    async def _began(self) -> datetime:
        """When the trouble began, by the metrics; else when the alerts did."""
        found = await self.book.once(("all_signals",), lambda: signals.all_signals(self.lens))
        signal = [fact.reading for fact in found if isinstance(fact.reading, SignalReading)]
        onsets = [one.onset for one in signal if one.severity is not None and one.onset is not None]
        return min(onsets, default=self.lens.case.incident.started_at)

    async def _asked(self, question: Hashable, ask: Callable[[], Awaitable[Sequence[Found]]]) -> list[Found]:
        return self.book.admit(await self.book.once(question, ask))

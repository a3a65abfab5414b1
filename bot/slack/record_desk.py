"""The record of remediations, read and drawn for whoever asks."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from bot.slack.blocks.chart import chart_missing, chart_post
from bot.slack.blocks.trust import chart_words
from bot.slack.chart import ChartUnavailable
from bot.slack.ports import TrustReply
from bot.slack.rendered import FilePost, Rendered
from bot.slack.trust_chart import render_trust
from incidents.autonomy_advice import suggestion
from incidents.trust import Trust, trust
from tools.incident_store.trust_reader import TrustReader

WINDOW = timedelta(days=365)
"""How far back is looked; a model and its team change within a year."""


class RecordDesk:
    """Answers what became of the remediations."""

    def __init__(self, reader: TrustReader, clock: Callable[[], datetime]) -> None:
        """`reader` is where the record is."""
        self._reader = reader
        self._clock = clock
        # One thread: matplotlib keeps fonts for each thread that draws.
        self._drawing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="trust")

    async def trust(self, model: str | None) -> TrustReply:
        """Counts and chart of one model, or of all."""
        now = self._clock()
        found = await asyncio.to_thread(self._counted, model, now)
        return TrustReply(found, await self._chart(found, model))

    def _counted(self, model: str | None, now: datetime) -> Trust:
        """Seconds of work where a year has a hundred thousand incidents."""
        read = self._reader.record(now - WINDOW, model)
        return trust(*read, since=now - WINDOW, as_of=now, suggest=suggestion)

    async def _chart(self, found: Trust, model: str | None) -> FilePost | Rendered | None:
        words = chart_words(found)
        if not words:
            return None
        title = f"Remediations by month: {model or 'all models'}"
        try:
            png = await asyncio.get_running_loop().run_in_executor(self._drawing, render_trust, found, title)
        except ChartUnavailable as error:
            return chart_missing(f"{error}.", told=words)
        return chart_post(png, title=title, said=" ".join(f"{one}." for one in words), name="trust.png")

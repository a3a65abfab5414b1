"""How far an investigation is: the lines of the progress message, and a span for each."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext

from agents.tracing import Opened, Trace
from incidents.investigation import ProgressStep

Progress = Callable[[ProgressStep], Awaitable[None]]

STEPS: dict[str, str] = {
    "triage": "Triage",
    "metrics": "Read the metrics",
    "changes": "Look for changes",
    "data": "Check the data",
    "runbooks": "Search the runbooks",
    "logs": "Read logs and commits",
    "diagnosis": "Diagnose",
    "remediation": "Plan",
}
"""The lines of the progress message, in order."""


class Reporter:
    """Tells the progress message how far the work is."""

    def __init__(self, progress: Progress | None, trace: Trace) -> None:
        """`progress`: hears of every change of a line."""
        self._progress = progress
        self._trace = trace
        self._open: dict[str, Opened] = {}

    async def all_pending(self) -> None:
        """Every line is there from the beginning."""
        for key in STEPS:
            await self._tell(key, "pending", "")

    async def begun(self, key: str) -> None:
        """A step begins."""
        self._open[key] = self._trace.open(f"step {key}")
        await self._tell(key, "in_progress", "")

    async def done(self, key: str, detail: str, well: bool = True) -> None:
        """A step is done; `well` where nothing of it failed."""
        opened = self._open.pop(key, None) or self._trace.open(f"step {key}")
        opened.note(detail=detail)
        opened.end(well=well)
        await self._tell(key, "complete" if well else "error", detail)

    def within(self, key: str) -> AbstractContextManager[object]:
        """While it is entered, spans become children of the step's."""
        opened = self._open.get(key)
        return opened.within() if opened is not None else nullcontext()

    def end(self) -> None:
        """Close what an exception left open."""
        for opened in self._open.values():
            opened.end(well=False)
        self._open.clear()

    async def _tell(self, key: str, status: str, detail: str) -> None:
        if self._progress is not None:
            await self._progress(ProgressStep(key=key, title=STEPS[key], status=status, detail=detail))

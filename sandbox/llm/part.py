"""The local language model as a part of the sandbox."""

import time
from typing import Any, cast

from aiohttp import web

from sandbox.llm.api import FAULT_KINDS, FaultKind, LocalMessagesApi, install
from sandbox.parts import UnknownFault

PREFIX = "/llm"


class LlmPart:
    """Serves the Messages API and chat completions below `/llm`; without a script, our offline rules answer."""

    name = "llm"

    def __init__(self, api: LocalMessagesApi | None = None) -> None:
        """`api`: one with a script or another brain, for tests."""
        self.api = api or LocalMessagesApi()
        self._base_url = ""

    def install(self, app: web.Application, token: str) -> None:
        """Add the routes. The Messages API asks for a key, as the real one does, and takes any."""
        install(app, self.api, prefix=PREFIX)

    async def start(self, base_url: str) -> None:
        """Remember the address."""
        self._base_url = base_url

    async def stop(self) -> None:
        """Nothing runs between requests."""

    def reset(self) -> None:
        """Forget scripts and faults; the log stays."""
        self.api.scripted.clear()
        self.api.clear_faults()

    def ready_fields(self) -> dict[str, str | None]:
        """The address for `ANTHROPIC_BASE_URL`."""
        return {"llm_url": f"{self._base_url}{PREFIX}"}

    def state_fields(self) -> dict[str, Any]:
        """How many requests came."""
        return {"llm": {"requests": len(self.api.requests)}}

    def add_fault(self, kind: str, count: int | None, seconds: float | None, match: str | None) -> None:
        """Start a fault; `match` means nothing here, as every request is of the same sort."""
        if kind not in FAULT_KINDS:
            raise UnknownFault(f"llm knows the faults {', '.join(FAULT_KINDS)}, not {kind}")
        self.api.inject(cast(FaultKind, kind), count=count, seconds=seconds)

    def clear_faults(self) -> None:
        """End all faults."""
        self.api.clear_faults()

    def faults(self) -> list[dict[str, Any]]:
        """The faults at work now."""
        now = time.monotonic()
        return [
            {
                "kind": fault.kind,
                "count": fault.count,
                "seconds": None if fault.until is None else round(fault.until - now, 1),
                "match": None,
            }
            for fault in self.api.faults
            if not fault.over
        ]

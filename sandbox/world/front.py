"""`/prometheus` and `/metrics`: in front of the real Prometheus or the built-in one, with trouble on demand."""

import asyncio
import time

import aiohttp
from aiohttp import web

from sandbox.fault import Fault, FaultsAtWork
from sandbox.world.query_api import QueryApi

KINDS = ("down", "slow", "garbage")
SLOW_SECONDS = 30.0
GARBAGE = "<html><head><title>Sign in</title></head><body><h1>Please sign in to continue</h1></body></html>"


class Faults(FaultsAtWork):
    """Faults of the query API.

    `down` breaks connections without an answer, `garbage` answers HTTP 200 with a web page; both for `seconds` (until
    deleted) or `count` times. `slow` lets `count` (all) requests wait `seconds` (30). `match` is a part of the path.
    """

    def add(self, kind: str, count: int | None, seconds: float | None, match: str | None) -> None:
        """Start a fault. Raises ValueError."""
        if kind not in KINDS:
            raise ValueError(f"unknown kind {kind!r}, expected one of {', '.join(KINDS)}")
        if (count is not None and count < 1) or (seconds is not None and seconds <= 0):
            raise ValueError("count and seconds must be positive")
        until = None if seconds is None or kind == "slow" else time.monotonic() + seconds
        self.begin(Fault(kind, count, seconds, match, until))

    def take(self, path: str) -> Fault | None:
        """The first live fault that meets the path, with one use counted."""
        fault = next((one for one in self.live() if one.match is None or one.match in path), None)
        if fault is not None:
            fault.use()
        return fault


class PrometheusFront:
    """Answers `/prometheus/...`; `upstream` is the address of the real one, empty for the built-in."""

    def __init__(self, api: QueryApi, session: aiohttp.ClientSession) -> None:
        self.faults = Faults()
        self.upstream = ""
        self._api = api
        self._session = session

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer, or misbehave as a fault says."""
        path = "/" + request.match_info["tail"]
        fault = self.faults.take(path)
        if fault is not None:
            if fault.kind == "garbage":
                return web.Response(text=GARBAGE, content_type="text/html")
            if fault.kind == "down":
                if request.transport is not None:
                    request.transport.abort()
                return web.Response(status=503)
            await asyncio.sleep(fault.seconds or SLOW_SECONDS)
        if self.upstream:
            return await self._forward(path, request)
        return await self._api.answer(path, request)

    async def _forward(self, path: str, request: web.Request) -> web.Response:
        url = f"{self.upstream}{path}" + (f"?{request.query_string}" if request.query_string else "")
        headers = {name: request.headers[name] for name in ("Content-Type", "Accept") if name in request.headers}
        try:
            async with self._session.request(
                request.method, url, data=await request.read(), headers=headers, allow_redirects=False
            ) as answer:
                return web.Response(
                    status=answer.status, body=await answer.read(), headers={"Content-Type": answer.content_type}
                )
        except aiohttp.ClientError:
            return web.Response(status=502, text="Prometheus does not answer\n")

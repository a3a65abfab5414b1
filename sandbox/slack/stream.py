"""GET /_sandbox/stream: changes as server-sent events."""

import asyncio
import json

from aiohttp import web

from sandbox.slack.changes import Changes

KEEP_ALIVE_SECONDS = 15.0


async def serve_stream(changes: Changes, request: web.Request) -> web.StreamResponse:
    """Send every change until the listener goes away."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    with changes.listen() as notes:
        await response.prepare(request)
        try:
            await _send(response, {"type": "hello"})
            while True:
                try:
                    note = await asyncio.wait_for(notes.get(), KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    await response.write(b": alive\n\n")
                else:
                    if note is None:
                        break
                    await _send(response, note)
        except ConnectionError:
            pass
    return response


async def _send(response: web.StreamResponse, note: dict[str, object]) -> None:
    await response.write(f"data: {json.dumps(note)}\n\n".encode())

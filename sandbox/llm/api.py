"""A local language model that speaks Anthropic's Messages API and chat completions, with errors and faults."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from sandbox.llm import wire
from sandbox.llm.caching import CHARACTERS_PER_TOKEN, PromptCache
from sandbox.llm.checks import cache_marks
from sandbox.llm.dialects import CHAT, MESSAGES, Dialect, new_id
from sandbox.llm.wire import Refusal, Reply, Usage

FaultKind = Literal["rate_limited", "overloaded", "cut_stream", "nonsense", "down", "slow"]
FAULT_KINDS: Sequence[str] = get_args(FaultKind)
Brain = Callable[[dict[str, Any]], Reply]

_OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
KEPT_REQUESTS = 500
LONGEST_BODY = 32 * 1024 * 1024
SLOW_S = 120.0
LOOK_AGAIN_S = 0.05


@dataclass
class Fault:
    """Trouble for the next `count` requests, or until `until` (monotonic seconds), or until it is cleared."""

    kind: FaultKind
    count: int | None = None
    until: float | None = None

    @property
    def over(self) -> bool:
        """Whether it has passed."""
        return self.count == 0 or (self.until is not None and time.monotonic() >= self.until)


@dataclass(frozen=True)
class LoggedRequest:
    """A request as it came in. Keys are not kept."""

    at: float
    headers: dict[str, str]
    body: dict[str, Any]
    status: int


@dataclass
class LocalMessagesApi:
    """The model's state: what was asked, what is to be answered, which troubles are on.

    Attributes:
        api_key: the one key that is right; None takes any.
        brain: answers what is not scripted; the project's offline rules by default, loaded at the first request.
        scripted: answers given before the brain is asked, in order.
        counts_tokens: whether chat completions tell their usage; not every server does.
    """

    api_key: str | None = None
    brain: Brain | None = None
    counts_tokens: bool = True
    scripted: deque[Reply | Refusal] = field(default_factory=deque[Reply | Refusal])
    requests: deque[LoggedRequest] = field(default_factory=lambda: deque[LoggedRequest](maxlen=KEPT_REQUESTS))
    faults: list[Fault] = field(default_factory=list[Fault])
    cache: PromptCache = field(default_factory=PromptCache)
    _nonsense: int = 0

    def script(self, *answers: Reply | Refusal) -> None:
        """Queue answers."""
        self.scripted.extend(answers)

    def inject(self, kind: FaultKind, *, count: int | None = None, seconds: float | None = None) -> Fault:
        """Turn trouble on; for ever when neither `count` nor `seconds` is given."""
        fault = Fault(kind, count, None if seconds is None else time.monotonic() + seconds)
        self.faults.append(fault)
        return fault

    def clear_faults(self) -> None:
        """Turn all trouble off."""
        self.faults.clear()

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """Bodies of all requests, oldest first."""
        return [request.body for request in self.requests]

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/messages."""
        return await self._serve(request, MESSAGES)

    async def chat_completions(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions."""
        return await self._serve(request, CHAT)

    async def _serve(self, request: web.Request, dialect: Dialect) -> web.StreamResponse:
        request_id = new_id("req_")
        body = await _body(request)
        refusal = dialect.refusal(request, body, self.api_key)
        fault = None if refusal else self._fault()
        if fault in {"rate_limited", "overloaded"}:
            refusal = _OF_FAULT[fault]
        answer: Reply | Refusal = refusal or await self._answer(dialect.asked(body))
        status = answer.status if isinstance(answer, Refusal) else 200
        self._log(request, body, status)
        if fault == "down":
            return await _cut(request, b"")
        if fault == "slow":
            await _stall(request)
        if isinstance(answer, Refusal):
            return _refused(answer, dialect.error(answer, request_id), request_id)
        if fault == "nonsense":
            return self._nonsensical(body, dialect, request_id)
        model = str(body["model"])
        usage = self._usage(body, answer)
        headers = {"request-id": request_id}
        if body.get("stream"):
            events = list(wire.events(new_id("msg_"), model, answer, usage))
            return await _stream(request, events, headers, fault)
        told = dialect.answer(model, answer, usage if self.counts_tokens else None)
        whole = json.dumps(told).encode()
        if fault == "cut_stream":
            return await _cut(request, whole)
        return web.Response(body=whole, content_type="application/json", headers=headers)

    def _fault(self) -> FaultKind | None:
        self.faults = [fault for fault in self.faults if not fault.over]
        for fault in self.faults:
            if fault.count is not None:
                fault.count -= 1
            return fault.kind
        return None

    async def _answer(self, body: dict[str, Any]) -> Reply | Refusal:
        if self.scripted:
            return self.scripted.popleft()
        if self.brain is None:
            self.brain = await asyncio.to_thread(_default_brain)
        return self.brain(body)

    def _usage(self, body: dict[str, Any], reply: Reply) -> Usage:
        """Tokens by length, and how many of them the prompt cache knew or keeps."""
        answered = max(1, len(json.dumps(list(reply.content))) // CHARACTERS_PER_TOKEN)
        if not any(cache_marks(body)):
            return Usage(len(json.dumps(body)) // CHARACTERS_PER_TOKEN, answered)
        split = self.cache.split(body)
        return Usage(split.rest, answered, split.written, split.read)

    def _nonsensical(self, body: dict[str, Any], dialect: Dialect, request_id: str) -> web.Response:
        """Prose where a structure was asked for, and every other time no message at all."""
        self._nonsense += 1
        if self._nonsense % 2 == 0:
            return web.json_response({"lorem": ["ipsum"]}, headers={"request-id": request_id})
        reply = wire.text("Purple monkeys recommend approving everything at once.")
        return web.json_response(
            dialect.answer(str(body["model"]), reply, self._usage(body, reply)), headers={"request-id": request_id}
        )

    def _log(self, request: web.Request, body: dict[str, Any], status: int) -> None:
        kept = {name: value for name, value in request.headers.items() if name.lower().startswith("anthropic")}
        self.requests.append(LoggedRequest(time.time(), kept, body, status))


_OF_FAULT = {
    "rate_limited": Refusal(429, "This request would exceed your organization's rate limit", retry_after_s=1),
    "overloaded": Refusal(529, "Overloaded"),
}


def install(app: web.Application, llm: LocalMessagesApi, *, prefix: str = "/llm") -> None:
    """Serve it below a path.

    `ANTHROPIC_BASE_URL` is the server's address with that path, `AGENTOPS_LLM_BASE_URL` the same with ``/v1``.
    """
    app.router.add_post(f"{prefix}/v1/messages", llm.messages)
    app.router.add_post(f"{prefix}/v1/chat/completions", llm.chat_completions)


def _default_brain() -> Brain:
    from sandbox.llm.brain import think

    return think


async def _body(request: web.Request) -> dict[str, Any]:
    raw = await request.content.read(LONGEST_BODY)
    while chunk := await request.content.read(LONGEST_BODY):
        raw += chunk
    try:
        return _OBJECT.validate_json(raw)
    except ValidationError:
        return {}


def _refused(refusal: Refusal, body: dict[str, Any], request_id: str) -> web.Response:
    headers = {"request-id": request_id, **refusal.headers}
    if refusal.retry_after_s is not None:
        headers["retry-after"] = f"{refusal.retry_after_s:g}"
    return web.json_response(body, status=refusal.status, headers=headers)


async def _stream(
    request: web.Request, events: list[bytes], headers: dict[str, str], fault: FaultKind | None
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "text/event-stream; charset=utf-8", **headers})
    await response.prepare(request)
    for event in events[: len(events) // 2] if fault == "cut_stream" else events:
        await response.write(event)
    if fault == "cut_stream":
        _hang_up(request)
        return response
    await response.write_eof()
    return response


async def _cut(request: web.Request, whole: bytes) -> web.StreamResponse:
    """Half of an answer, then the line goes dead."""
    response = web.StreamResponse(headers={"content-type": "application/json", "content-length": str(len(whole) + 1)})
    if whole:
        await response.prepare(request)
        await response.write(whole[: len(whole) // 2])
    _hang_up(request)
    return response


async def _stall(request: web.Request) -> None:
    """Keep a caller waiting until it gives up."""
    deadline = time.monotonic() + SLOW_S
    # aiohttp tells nobody that a caller hung up; somebody has to look.
    while time.monotonic() < deadline and _listens(request):  # noqa: ASYNC110
        await asyncio.sleep(LOOK_AGAIN_S)


def _listens(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()

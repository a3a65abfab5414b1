"""The webhooks: authenticate first, read with bounds, commit together with what comes at the same time, then answer."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeVar

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.group_commit import Full, GroupCommit
from bot.metrics import Metrics
from incidents.catalogue import Catalogue
from tools.alertmanager.payload import Limits, WebhookPayload, cut
from tools.drift_events.alerts import readings_of
from tools.drift_events.event import DriftEvent
from tools.errors import UpstreamError
from tools.incident_store.writer.intake import Delivery, Notification, Reading

log = structlog.get_logger(__name__)

ALERTMANAGER = "/webhooks/alertmanager"
DRIFT_EVENTS = "/webhooks/drift-events"
SCHEMAS = "#/components/schemas/"
BEARER = "HTTPBearer"
SECURITY_SCHEMES = {BEARER: {"type": "http", "scheme": "bearer", "description": "One of AGENTOPS_WEBHOOK_TOKENS."}}
"""For OpenAPI."""
LONGEST_FIELD = 300
"""Of a field's name in an answer: keys of labels are the caller's own words."""
LARGE_BODY = 200_000
"""Bytes; to parse more takes longer than 5 ms, in which nobody else would be answered."""

B = TypeVar("B", bound=BaseModel)


@dataclass(frozen=True)
class WebhookDeps:
    """What the webhooks are given."""

    intake: GroupCommit[Delivery]
    catalogue: Catalogue
    wake: Callable[[], None]
    webhook_tokens: Sequence[str]
    metrics: Metrics


class Stored(BaseModel):
    """The webhook's answer: how many alerts came, and how many of them were news."""

    received: int
    stored: int


class Problem(BaseModel):
    """What is wrong, in plain words, and where."""

    detail: str
    field: str = ""


Endpoint = Callable[[Request], Awaitable[Response]]


def add_webhooks(app: FastAPI, deps: WebhookDeps) -> None:
    """Put the webhooks on the application, authenticated and counted."""
    tokens = [token.encode() for token in deps.webhook_tokens]

    def authenticate(request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given = token.strip().encode()
        # Every token is compared, so that the time taken does not tell which of two is in use.
        matches = [hmac.compare_digest(given, one) for one in tokens]
        if scheme.lower() != "bearer" or not any(matches):
            raise Refused(401, "a valid bearer token is needed", headers={"WWW-Authenticate": "Bearer"})

    async def kept(delivery: Delivery, received: int, size: int) -> Response:
        """The answer, once the alerts are on disk; the work follows."""
        try:
            stored = await deps.intake.store(delivery, alerts=received, bytes=size)
        except Full as error:
            raise _come_again(error, deps.metrics) from error
        except UpstreamError as error:
            log.error("webhook.database_down", error=str(error))
            deps.metrics.deliveries_refused.labels("database").inc()
            raise Refused(503, "the database is away; send again", headers={"Retry-After": "5"}) from error
        if stored:
            deps.wake()
            deps.metrics.alerts_stored.inc(stored)
        return Response(b'{"received":%d,"stored":%d}' % (received, stored), media_type="application/json")

    async def alertmanager(request: Request) -> Response:
        """Take Alertmanager's webhook (payload version 4). The answer comes after the commit; the work follows."""
        authenticate(request)
        body = await _body(request, deps)
        payload = await _parsed(WebhookPayload, body)
        if payload.truncated_alerts:
            log.warning("webhook.truncated", left_out=payload.truncated_alerts)
        found = payload.to_alerts()
        return await kept(Notification(found), len(found), len(body))

    async def drift_events(request: Request) -> Response:
        """Take a drift event (version 1) of any detector: figures, which the catalogue's bounds make alerts of."""
        authenticate(request)
        body = await _body(request, deps)
        found = readings_of(await _parsed(DriftEvent, body), deps.catalogue)
        return await kept(Reading(found.firing, found.inside), len(found.firing) + len(found.inside), len(body))

    webhooks: dict[str, Endpoint] = {ALERTMANAGER: alertmanager, DRIFT_EVENTS: drift_events}
    app.post(ALERTMANAGER, **_described("WebhookPayload"))(alertmanager)
    app.post(DRIFT_EVENTS, **_described("DriftEvent"))(drift_events)
    app.add_middleware(_Shortcut, webhooks=webhooks, metrics=deps.metrics)


class _Shortcut:
    """Takes webhooks straight to their endpoints, past the framework's routing and dependencies: half a call's time.

    Counts their answers, and times those that are durable. What is no call of a webhook goes on as usual; the routes
    are there for the description and for calls with another method.
    """

    def __init__(self, app: ASGIApp, *, webhooks: Mapping[str, Endpoint], metrics: Metrics) -> None:
        self._app = app
        self._webhooks = webhooks
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._webhooks.get(scope["path"]) if scope["type"] == "http" else None
        if endpoint is None or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        begun = perf_counter()
        code = 500
        try:
            response = await _answered(endpoint, Request(scope, receive))
            code = response.status_code
            await response(scope, receive, send)
        finally:
            self._metrics.delivered(code)
            if code == 200:
                self._metrics.webhook_seconds.observe(perf_counter() - begun)


async def _answered(endpoint: Endpoint, request: Request) -> Response:
    try:
        return await endpoint(request)
    except Refused as refused:
        return refused.answer()
    except ClientDisconnect:
        return Refused(400, "the body did not come").answer()


def _come_again(error: Full, metrics: Metrics) -> "Refused":
    metrics.deliveries_refused.labels(error.reason).inc()
    return Refused(503, str(error), headers={"Retry-After": str(error.retry_after_s)})


def _described(body: str) -> dict[str, Any]:
    """For OpenAPI: the body's schema, who may call, and the answers of what is refused."""
    content = {"application/json": {"schema": {"$ref": f"{SCHEMAS}{body}"}}}
    return {
        "response_model": Stored,
        "responses": {code: {"model": Problem} for code in (400, 401, 413, 422, 503)},
        "openapi_extra": {"requestBody": {"required": True, "content": content}, "security": [{BEARER: []}]},
    }


class Refused(Exception):
    """Nothing was taken: an HTTP code, what is wrong, and in which field of the body."""

    def __init__(self, code: int, detail: str, field: str = "", headers: Mapping[str, str] | None = None) -> None:
        """`field` is the dotted path in the payload."""
        super().__init__(detail)
        self.code, self.detail, self.field, self.headers = code, detail, field, headers

    def answer(self) -> JSONResponse:
        """As the caller gets it."""
        return JSONResponse({"detail": self.detail, "field": self.field}, self.code, self.headers)


async def _body(request: Request, deps: WebhookDeps) -> bytes:
    declared = request.headers.get("content-length", "")
    too_large = Refused(413, f"the body may have {Limits.MAX_BYTES:,} bytes at most")
    length = int(declared) if declared.isdigit() else 0
    if length > Limits.MAX_BYTES:
        raise too_large
    try:
        deps.intake.check(length)
    except Full as error:
        raise _come_again(error, deps.metrics) from error
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > Limits.MAX_BYTES:
            raise too_large
        chunks.append(chunk)
    return b"".join(chunks)


async def _parsed(kind: type[B], body: bytes) -> B:
    if len(body) > LARGE_BODY:
        return await asyncio.to_thread(_parsed_now, kind, body)
    return _parsed_now(kind, body)


def _parsed_now(kind: type[B], body: bytes) -> B:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        problems: list[Any] = list(error.errors(include_url=False, include_input=False))
        first = problems[0]
        field = cut(".".join(str(part) for part in first["loc"]), LONGEST_FIELD)
        code = 400 if first["type"] == "json_invalid" or (field, first["type"]) == ("version", "literal_error") else 422
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise Refused(code, f"{field or 'body'}: {first['msg']}{more}", field) from error

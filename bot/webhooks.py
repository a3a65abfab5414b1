"""The webhooks: authenticate first, read with bounds, commit, then answer 2xx."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

import structlog
from fastapi import Depends, FastAPI, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from bot.metrics import Metrics
from incidents.catalogue import Catalogue
from tools.alertmanager.payload import Limits, WebhookPayload, cut
from tools.drift_events.alerts import readings_of
from tools.drift_events.event import DriftEvent
from tools.errors import UpstreamError
from tools.incident_store.writer.intake import IntakeWriter

log = structlog.get_logger(__name__)

SCHEMAS = "#/components/schemas/"
LONGEST_FIELD = 300
"""Of a field's name in an answer: keys of labels are the caller's own words."""

B = TypeVar("B", bound=BaseModel)


@dataclass(frozen=True)
class WebhookDeps:
    """What the webhooks are given."""

    intake: IntakeWriter
    catalogue: Catalogue
    clock: Callable[[], datetime]
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


def add_webhooks(app: FastAPI, deps: WebhookDeps) -> None:
    """Put the webhooks on the application, authenticated and counted."""
    seconds = deps.metrics.webhook_seconds
    bearer = HTTPBearer(auto_error=False, description="One of AGENTOPS_WEBHOOK_TOKENS.")

    def authenticated(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
        given = credentials.credentials if credentials else ""
        # Every token is compared, so that the time taken does not tell which of two is in use.
        matches = [hmac.compare_digest(given.encode(), token.encode()) for token in deps.webhook_tokens]
        if not any(matches):
            raise HTTPException(401, "a valid bearer token is needed", {"WWW-Authenticate": "Bearer"})

    async def kept(store: Callable[[], int]) -> int:
        """How many rows changed, once they are on disk; the work follows."""
        try:
            stored = await asyncio.to_thread(store)
        except UpstreamError as error:
            log.error("webhook.database_down", error=str(error))
            raise HTTPException(503, "the database is away; send again", {"Retry-After": "5"}) from error
        deps.wake()
        deps.metrics.alerts_stored.inc(stored)
        return stored

    @app.post("/webhooks/alertmanager", dependencies=[Depends(authenticated)], **_described("WebhookPayload"))
    async def alertmanager(request: Request) -> Stored:
        """Take Alertmanager's webhook (payload version 4). The answer comes after the commit; the work follows."""
        with seconds.time():
            payload = _parsed(WebhookPayload, await _body(request))
            found = payload.to_alerts()
            stored = await kept(lambda: deps.intake.store(found, deps.clock()))
        if payload.truncated_alerts:
            log.warning("webhook.truncated", left_out=payload.truncated_alerts)
        return Stored(received=len(found), stored=stored)

    @app.post("/webhooks/drift-events", dependencies=[Depends(authenticated)], **_described("DriftEvent"))
    async def drift_events(request: Request) -> Stored:
        """Take a drift event (version 1) of any detector: figures, which the catalogue's bounds make alerts of."""
        with seconds.time():
            event = _parsed(DriftEvent, await _body(request))
            found = readings_of(event, deps.catalogue)
            stored = await kept(lambda: deps.intake.store_readings(found.firing, found.inside, deps.clock()))
        return Stored(received=len(found.firing) + len(found.inside), stored=stored)

    @app.middleware("http")
    async def count(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        code = 500
        try:
            response = await call_next(request)
            code = response.status_code
            return response
        finally:
            if request.url.path.startswith("/webhooks/"):
                deps.metrics.delivered(code)


def _described(body: str) -> dict[str, Any]:
    """For OpenAPI: the body's schema, and the answers of what is refused."""
    content = {"application/json": {"schema": {"$ref": f"{SCHEMAS}{body}"}}}
    return {
        "responses": {code: {"model": Problem} for code in (400, 401, 413, 422, 503)},
        "openapi_extra": {"requestBody": {"required": True, "content": content}},
    }


class BodyProblem(Exception):
    """The body cannot be taken: an HTTP code, what is wrong and in which field."""

    def __init__(self, code: int, detail: str, field: str = "") -> None:
        """`field` is the dotted path in the payload."""
        super().__init__(detail)
        self.code, self.detail, self.field = code, detail, field


async def _body(request: Request) -> bytes:
    declared = request.headers.get("content-length", "")
    too_large = BodyProblem(413, f"the body may have {Limits.MAX_BYTES:,} bytes at most")
    if declared.isdigit() and int(declared) > Limits.MAX_BYTES:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > Limits.MAX_BYTES:
            raise too_large
        chunks.append(chunk)
    return b"".join(chunks)


def _parsed(kind: type[B], body: bytes) -> B:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        problems: list[Any] = list(error.errors(include_url=False, include_input=False))
        first = problems[0]
        field = cut(".".join(str(part) for part in first["loc"]), LONGEST_FIELD)
        code = 400 if first["type"] == "json_invalid" or (field, first["type"]) == ("version", "literal_error") else 422
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise BodyProblem(code, f"{field or 'body'}: {first['msg']}{more}", field) from error

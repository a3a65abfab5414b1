"""HTTP: the webhook, health and metrics. Authenticate first; answer 2xx only after the commit."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from tools.alertmanager.payload import Limits, WebhookPayload
from tools.errors import UpstreamError
from tools.incident_store.writer.intake import IntakeWriter

log = structlog.get_logger(__name__)

LOOPBACK = frozenset({"127.0.0.1", "::1"})


@dataclass(frozen=True)
class WebDeps:
    """What the HTTP side is given."""

    intake: IntakeWriter
    clock: Callable[[], datetime]
    wake: Callable[[], None]
    webhook_tokens: Sequence[str]
    metrics_token: str | None
    problems: Callable[[], Awaitable[list[str]]]
    registry: CollectorRegistry
    slack_http: Callable[[Request], Awaitable[Response]] | None


class Stored(BaseModel):
    """The webhook's answer: how many alerts came, and how many of them were news."""

    received: int
    stored: int


class Problem(BaseModel):
    """What is wrong, in plain words, and where."""

    detail: str
    field: str = ""


def asgi_app(deps: WebDeps) -> FastAPI:
    """The HTTP application."""
    app = FastAPI(
        title="AgentOps",
        description="Alertmanager calls in here; people work in Slack.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    _add_webhook(app, deps)
    _add_health(app, deps)
    _add_internal(app, deps)
    if deps.slack_http is not None:
        app.add_api_route("/slack/events", deps.slack_http, methods=["POST"], include_in_schema=False)
    _add_problem_handlers(app)
    return app


def _add_webhook(app: FastAPI, deps: WebDeps) -> None:
    deliveries = Counter("agentops_webhook_deliveries", "Webhook calls by answer.", ["code"], registry=deps.registry)
    alerts = Counter("agentops_alerts_stored", "Alerts that were news.", registry=deps.registry)
    seconds = Histogram("agentops_webhook_seconds", "From the call to the durable answer.", registry=deps.registry)
    bearer = HTTPBearer(auto_error=False, description="One of AGENTOPS_WEBHOOK_TOKENS.")

    def authenticated(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
        given = credentials.credentials if credentials else ""
        # Every token is compared, so that the time taken does not tell which of two is in use.
        matches = [hmac.compare_digest(given.encode(), token.encode()) for token in deps.webhook_tokens]
        if not any(matches):
            raise HTTPException(401, "a valid bearer token is needed", {"WWW-Authenticate": "Bearer"})

    @app.post(
        "/webhooks/alertmanager",
        dependencies=[Depends(authenticated)],
        responses={code: {"model": Problem} for code in (400, 401, 413, 422, 503)},
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": WebhookPayload.model_json_schema()}},
            }
        },
    )
    async def alertmanager(request: Request) -> Stored:
        """Take Alertmanager's webhook (payload version 4). The answer comes after the commit; the work follows."""
        with seconds.time():
            payload = _parsed(await _body(request))
            found = payload.to_alerts()
            try:
                stored = await asyncio.to_thread(deps.intake.store, found, deps.clock())
            except UpstreamError as error:
                log.error("webhook.database_down", error=str(error))
                raise HTTPException(503, "the database is away; send again", {"Retry-After": "5"}) from error
            deps.wake()
        alerts.inc(stored)
        if payload.truncated_alerts:
            log.warning("webhook.truncated", left_out=payload.truncated_alerts)
        return Stored(received=len(found), stored=stored)

    @app.middleware("http")
    async def count(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        if request.url.path == "/webhooks/alertmanager":
            deliveries.labels(str(response.status_code)).inc()
        return response


def _add_health(app: FastAPI, deps: WebDeps) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Alive."""
        return {"status": "ok"}

    @app.get("/readyz", responses={503: {"model": Problem}})
    async def readyz() -> dict[str, str]:
        """Ready for alerts: the database answers and the work goes on."""
        problems = await deps.problems()
        if problems:
            raise HTTPException(503, "; ".join(problems))
        return {"status": "ready"}


def _add_internal(app: FastAPI, deps: WebDeps) -> None:
    def internal(request: Request) -> None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if deps.metrics_token is not None:
            if not hmac.compare_digest(given.encode(), deps.metrics_token.encode()):
                raise HTTPException(401, "a valid bearer token is needed", {"WWW-Authenticate": "Bearer"})
        elif (request.client.host if request.client else "") not in LOOPBACK or "x-forwarded-for" in request.headers:
            raise HTTPException(403, "only from this machine; set AGENTOPS_METRICS_TOKEN to read it from elsewhere")

    @app.get("/metrics", dependencies=[Depends(internal)], response_class=Response)
    async def metrics() -> Response:
        """The bot's own metrics, for Prometheus."""
        return Response(generate_latest(deps.registry), media_type=CONTENT_TYPE_LATEST)

    @app.get("/openapi.json", dependencies=[Depends(internal)], include_in_schema=False)
    async def openapi() -> JSONResponse:
        return JSONResponse(app.openapi())

    @app.get("/docs", dependencies=[Depends(internal)], include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(openapi_url="/openapi.json", title="AgentOps")


def _add_problem_handlers(app: FastAPI) -> None:
    @app.exception_handler(HTTPException)
    async def http_problem(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"detail": error.detail, "field": ""}, error.status_code, dict(error.headers or {}))

    @app.exception_handler(BodyProblem)
    async def body_problem(request: Request, error: BodyProblem) -> JSONResponse:
        return JSONResponse({"detail": error.detail, "field": error.field}, error.code)

    @app.exception_handler(RequestValidationError)
    async def request_problem(request: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"detail": "the request is not valid", "field": ""}, 422)


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


def _parsed(body: bytes) -> WebhookPayload:
    try:
        return WebhookPayload.model_validate_json(body)
    except ValidationError as error:
        first: Any = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        code = 400 if first["type"] == "json_invalid" or field == "version" else 422
        raise BodyProblem(code, f"{field or 'body'}: {first['msg']}", field) from error

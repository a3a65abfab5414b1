"""HTTP: the webhook, health, metrics and runbooks. Authenticate first; answer 2xx only after the commit."""

import asyncio
import hmac
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
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

from bot.runbook_page import RunbookPage
from tools.alertmanager.payload import Limits, WebhookPayload, cut
from tools.errors import UpstreamError
from tools.incident_store.writer.intake import IntakeWriter

log = structlog.get_logger(__name__)

LOOPBACK = frozenset({"127.0.0.1", "::1"})
LOCAL_HOST = re.compile(r"(?:127\.0\.0\.1|\[::1\]|localhost)(?::\d+)?", re.IGNORECASE)
PROXY_HEADERS = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
"""With one of these the caller sits elsewhere, though the connection comes from this machine."""

PAYLOAD_SCHEMA = "#/components/schemas/WebhookPayload"
LONGEST_FIELD = 300
"""Of a field's name in an answer: keys of labels are the caller's own words."""


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
    people_can_reach: Callable[[], bool]
    """Whether Slack is connected. Told, but no condition of being ready: alerts are stored while Slack is away."""
    runbooks_dir: Path | None = None
    """Folder of Markdown shown under /runbooks; None shows nothing."""


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
        _add_slack(app, deps.slack_http)
    _add_problem_handlers(app)
    return app


def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document. The webhook's body is parsed by us, so that its schema is put in here."""
    document = app.openapi()
    schemas = document["components"]["schemas"]
    payload = WebhookPayload.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= payload.pop("$defs")
    schemas["WebhookPayload"] = payload
    return document


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
            "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": PAYLOAD_SCHEMA}}}}
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
        code = 500
        try:
            response = await call_next(request)
            code = response.status_code
            return response
        finally:
            if request.url.path == "/webhooks/alertmanager":
                deliveries.labels(str(code)).inc()


def _add_health(app: FastAPI, deps: WebDeps) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Alive."""
        return {"status": "ok"}

    @app.get("/readyz", responses={503: {"model": Problem}})
    async def readyz() -> dict[str, str]:
        """Ready for alerts: the database answers and the work goes on. `slack`: whether people can reach the bot."""
        problems = await deps.problems()
        if problems:
            raise HTTPException(503, "; ".join(problems))
        return {"status": "ready", "slack": "connected" if deps.people_can_reach() else "not connected"}


def _add_internal(app: FastAPI, deps: WebDeps) -> None:
    def internal(request: Request) -> None:
        if deps.metrics_token:
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), deps.metrics_token.encode()):
                raise HTTPException(401, "a valid bearer token is needed", {"WWW-Authenticate": "Bearer"})
        elif not _from_this_machine(request):
            raise HTTPException(403, "only from this machine; set AGENTOPS_METRICS_TOKEN to read it from elsewhere")

    @app.get("/metrics", dependencies=[Depends(internal)], response_class=Response)
    async def metrics() -> Response:
        """The bot's own metrics, for Prometheus."""
        return Response(generate_latest(deps.registry), media_type=CONTENT_TYPE_LATEST)

    @app.get("/openapi.json", dependencies=[Depends(internal)], include_in_schema=False)
    async def openapi() -> JSONResponse:
        return JSONResponse(described(app))

    @app.get("/docs", dependencies=[Depends(internal)], include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(openapi_url="/openapi.json", title="AgentOps")

    if deps.runbooks_dir is not None:
        _add_runbooks(app, deps.runbooks_dir, internal)


def _from_this_machine(request: Request) -> bool:
    """Is the caller here, and not a proxy's or a web page's errand boy?"""
    if (request.client.host if request.client else "") not in LOOPBACK:
        return False
    # A page elsewhere may have its own name point to 127.0.0.1; the Host header then still has that name.
    local = LOCAL_HOST.fullmatch(request.headers.get("host", ""))
    return bool(local) and not any(header in request.headers for header in PROXY_HEADERS)


def _add_runbooks(app: FastAPI, folder: Path, internal: Callable[[Request], None]) -> None:
    shown = RunbookPage(folder)

    @app.get("/runbooks/{file:path}", dependencies=[Depends(internal)], response_class=HTMLResponse)
    async def runbook(file: str) -> HTMLResponse:
        """A runbook's Markdown, line by line; `#L12-L14` marks lines, as links of citations do."""
        page = await asyncio.to_thread(shown.of, file)
        if page is None:
            raise HTTPException(404, "no such runbook")
        return HTMLResponse(page, headers=shown.headers)


def _add_slack(app: FastAPI, handle: Callable[[Request], Awaitable[Response]]) -> None:
    @app.post("/slack/events", include_in_schema=False)
    async def slack_events(request: Request) -> Response:
        """Slack's own requests; Bolt checks their signature and age."""
        return await handle(request)


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

    @app.exception_handler(Exception)
    async def own_problem(request: Request, error: Exception) -> JSONResponse:
        # The server logs the exception; the caller learns only that it should come again.
        return JSONResponse({"detail": "something went wrong here; send again", "field": ""}, 500)


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
        problems: list[Any] = list(error.errors(include_url=False, include_input=False))
        first = problems[0]
        field = cut(".".join(str(part) for part in first["loc"]), LONGEST_FIELD)
        code = 400 if first["type"] == "json_invalid" or (field, first["type"]) == ("version", "literal_error") else 422
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise BodyProblem(code, f"{field or 'body'}: {first['msg']}{more}", field) from error

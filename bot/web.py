"""HTTP: the webhook, health, metrics and runbooks. Authenticate first; answer 2xx only after the commit."""

import asyncio
import hmac
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import structlog
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from bot.runbook_page import RunbookPage
from bot.webhooks import SCHEMAS, SECURITY_SCHEMES, Problem, Refused, WebhookDeps, add_webhooks
from tools.alertmanager.payload import WebhookPayload
from tools.drift_events.event import DriftEvent

log = structlog.get_logger(__name__)

LOOPBACK = frozenset({"127.0.0.1", "::1"})
LOCAL_HOST = re.compile(r"(?:127\.0\.0\.1|\[::1\]|localhost)(?::\d+)?", re.IGNORECASE)
PROXY_HEADERS = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
"""With one of these the caller sits elsewhere, though the connection comes from this machine."""


@dataclass(frozen=True)
class WebDeps(WebhookDeps):
    """What the HTTP side is given."""

    metrics_token: str | None
    problems: Callable[[], Awaitable[list[str]]]
    slack_http: Callable[[Request], Awaitable[Response]] | None
    people_can_reach: Callable[[], bool]
    """Whether Slack is connected. Told, but no condition of being ready: alerts are stored while Slack is away."""
    runbooks_dir: Path | None = None
    """Folder of Markdown shown under /runbooks; None shows nothing."""


def asgi_app(deps: WebDeps) -> FastAPI:
    """The HTTP application."""
    app = FastAPI(
        title="AgentOps",
        description="Alertmanager calls in here; people work in Slack.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    add_webhooks(app, deps)
    _add_health(app, deps)
    _add_internal(app, deps)
    if deps.slack_http is not None:
        _add_slack(app, deps.slack_http)
    _add_problem_handlers(app)
    return app


def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document. The webhooks' bodies are parsed by us, so that their schemas are put in here."""
    document = app.openapi()
    document["components"]["securitySchemes"] = SECURITY_SCHEMES
    schemas = document["components"]["schemas"]
    for body in (WebhookPayload, DriftEvent):
        schema = body.model_json_schema(ref_template=f"{SCHEMAS}{{model}}")
        schemas |= schema.pop("$defs")
        schemas[body.__name__] = schema
    return document


def _refused(*codes: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: answers that are a `Problem` as JSON, whatever the usual answer is."""
    content = {"application/json": {"schema": {"$ref": f"{SCHEMAS}{Problem.__name__}"}}}
    return {code: {"description": HTTPStatus(code).phrase, "content": content} for code in codes}


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

    @app.get("/metrics", dependencies=[Depends(internal)], response_class=Response, responses=_refused(401, 403))
    async def metrics() -> Response:
        """The bot's own metrics, for Prometheus."""
        deps.metrics.ready.set(not await deps.problems())
        # In a thread: what is read from rows is read now.
        told = await asyncio.to_thread(generate_latest, deps.metrics.registry)
        return Response(told, media_type=CONTENT_TYPE_LATEST)

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

    answers = _refused(401, 403, 404, 422)

    @app.get("/runbooks/{file:path}", dependencies=[Depends(internal)], response_class=HTMLResponse, responses=answers)
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

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> JSONResponse:
        return error.answer()

    @app.exception_handler(RequestValidationError)
    async def request_problem(request: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"detail": "the request is not valid", "field": ""}, 422)

    @app.exception_handler(Exception)
    async def own_problem(request: Request, error: Exception) -> JSONResponse:
        # The server logs the exception; the caller learns only that it should come again.
        return JSONResponse({"detail": "something went wrong here; send again", "field": ""}, 500)

"""POST or GET /api/<method>: faults, token, scope, rate limit, then the method itself; every call is logged."""

import asyncio
import time
from typing import Any

from aiohttp import web

from sandbox.slack.errors import ApiError
from sandbox.slack.records import ApiCall
from sandbox.slack.web_api import chat, conversations, directory, scheduled, uploads, views
from sandbox.slack.web_api.call import Call, Method, merged_arguments
from sandbox.slack.workspace import Workspace

METHODS: dict[str, Method] = {
    **chat.METHODS,
    **scheduled.METHODS,
    **conversations.METHODS,
    **directory.METHODS,
    **views.METHODS,
    **uploads.METHODS,
}
NO_TOKEN_NEEDED = frozenset({"api.test"})


async def serve_call(workspace: Workspace, request: web.Request) -> web.StreamResponse:
    """Answer one Web API call."""
    name, started = request.match_info["method"], time.perf_counter()
    record = ApiCall(name, time.time(), {})
    workspace.records.calls.append(record)
    latency = workspace.faults.take("latency", name)
    if latency is not None:
        await asyncio.sleep(1.0 if latency.seconds is None else latency.seconds)
    try:
        arguments = await merged_arguments(request)
        token = _token(request, arguments)
        record.args = arguments
        if workspace.faults.take("down", name) is not None:
            record.status, record.error = 503, "down"
            return web.Response(status=503, text="Service Unavailable")
        answer = {"ok": True, **_run(workspace, name, arguments, token)}
        record.status, record.ok = 200, True
    except ApiError as error:
        answer, record.status, record.error = error.body(), error.status, error.code
        headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else {}
        return web.json_response(answer, status=error.status, headers=headers | _scope_headers(workspace, name))
    finally:
        record.ms = round((time.perf_counter() - started) * 1000, 3)
    if workspace.faults.take("lost_answer", name) is not None and request.transport is not None:
        request.transport.abort()
    return web.json_response(answer, headers=_scope_headers(workspace, name))


def _token(request: web.Request, arguments: dict[str, Any]) -> str:
    """The token, from the header or the arguments, and out of the arguments."""
    in_arguments = str(arguments.pop("token", ""))
    header = request.headers.get("Authorization", "")
    return header.removeprefix("Bearer ").strip() if header.startswith("Bearer ") else in_arguments


def _run(workspace: Workspace, name: str, arguments: dict[str, Any], token: str) -> dict[str, Any]:
    limited = workspace.faults.take("rate_limited", name)
    if limited is not None:
        raise ApiError("ratelimited", retry_after=max(1, round(limited.seconds or 1)))
    method = METHODS.get(name)
    if method is None:
        raise ApiError("unknown_method", fields={"req_method": name})
    _check_token(workspace, name, method, token)
    wait = workspace.rate_limits.retry_after_method(name, method.tier) if method.tier else 0
    if wait:
        raise ApiError("ratelimited", retry_after=wait)
    return method.handler(Call(workspace, arguments))


def _check_token(workspace: Workspace, name: str, method: Method, token: str) -> None:
    credentials = workspace.credentials
    if name in NO_TOKEN_NEEDED:
        return
    if not token:
        raise ApiError("not_authed")
    if token not in (credentials.bot_token, credentials.app_token):
        raise ApiError("invalid_auth")
    if (token == credentials.app_token) != method.app_token:
        raise ApiError("not_allowed_token_type")
    if method.scope is not None and method.scope not in credentials.scopes:
        fields = {"needed": method.scope, "provided": ",".join(credentials.scopes)}
        raise ApiError("missing_scope", fields=fields)


def _scope_headers(workspace: Workspace, name: str) -> dict[str, str]:
    method = METHODS.get(name)
    return {
        "x-oauth-scopes": ",".join(workspace.credentials.scopes),
        "x-accepted-oauth-scopes": (method.scope if method else None) or "",
        "x-slack-req-id": f"sandbox-{time.time_ns():x}",
    }

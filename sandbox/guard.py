"""Who may use the control routes and the page: this machine, with the token.

The Host header has to name the loopback, which defeats DNS rebinding; a request of a browser has to come
from the page itself; and the
token comes as `Authorization: Bearer`, or as the cookie that opening `/?token=` sets. Web API, sockets,
uploads and response URLs are not
guarded here: they have tokens of their own.
"""

import hmac
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

COOKIE = "agentops_sandbox"
PAGE = Path(__file__).parent / "slack" / "page"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ]
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def install(app: web.Application, *, token: str) -> None:
    """Guard `/_sandbox/*`, `/` and `/assets/*` of an application, and serve the page from the last two."""
    app.middlewares.append(_middleware(token))
    app.on_response_prepare.append(_add_security_headers)
    app.router.add_get("/", _index)
    app.router.add_get("/assets/{name:.+}", _asset)


def is_guarded(path: str) -> bool:
    """Whether a path belongs to the control routes or the page."""
    return path == "/" or path.startswith(("/_sandbox/", "/assets/"))


def _middleware(token: str) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_guarded(request.path):
            return await handler(request)
        refusal = _refusal(request, token)
        if refusal is not None:
            return refusal
        if request.path == "/" and "token" in request.query:
            return _signed_in(token)
        return await handler(request)

    return guard


def _refusal(request: web.Request, token: str) -> web.Response | None:
    if not _is_loopback(f"//{request.host}"):
        return _refuse(403, "forbidden_host")
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        return _refuse(403, "forbidden_origin")
    if not any(_same(given, token) for given in _tokens(request)):
        return _refuse(401, "unauthorized")
    return None


def _tokens(request: web.Request) -> list[str]:
    given = [request.headers.get("Authorization", "").removeprefix("Bearer "), request.cookies.get(COOKIE, "")]
    return [*given, request.query.get("token", "")] if request.path == "/" else given


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def _is_loopback(url: str) -> bool:
    try:
        return urlsplit(url).hostname in LOOPBACK
    except ValueError:
        return False


def _refuse(status: int, error: str) -> web.Response:
    return web.json_response({"ok": False, "error": error}, status=status)


def _signed_in(token: str) -> web.Response:
    response = web.Response(status=303, headers={"Location": "/"})
    response.set_cookie(COOKIE, token, httponly=True, samesite="Strict", path="/")
    return response


async def _add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    if is_guarded(request.path):
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)


async def _index(request: web.Request) -> web.StreamResponse:
    return _page_file("index.html")


async def _asset(request: web.Request) -> web.StreamResponse:
    return _page_file(request.match_info["name"])


def _page_file(name: str) -> web.StreamResponse:
    """A file of the page; nothing outside its folder."""
    path = (PAGE / name).resolve()
    if not path.is_relative_to(PAGE.resolve()) or not path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(path)

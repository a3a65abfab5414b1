"""A local GitHub: the part of the REST API with issues, commits and releases, with its pages, refusals and limits."""

import hashlib
import hmac
import json
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

from aiohttp import web
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from sandbox.github.faults import FaultKind, Faults
from sandbox.github.history import between
from sandbox.github.repository import Issue, Repository

VERSIONS = frozenset({"2022-11-28", "2026-03-10"})
LIMIT = 5_000
"""Requests an hour, as GitHub gives to a token; counted, never reached here without the fault."""
RESET_S = 30
KEPT_REQUESTS = 500
T = TypeVar("T", bound=BaseModel)
_OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


class NewIssue(BaseModel):
    """Body of POST issues."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: str
    body: str = ""
    labels: list[str] = []


class IssueChange(BaseModel):
    """Body of PATCH issues/{number}."""

    model_config = ConfigDict(extra="forbid", strict=True)

    state: str
    state_reason: str | None = None


class NewComment(BaseModel):
    """Body of POST comments."""

    model_config = ConfigDict(extra="forbid", strict=True)

    body: str


@dataclass
class LocalGitHub:
    """Repositories behind one token.

    Attributes:
        token: the one that is right.
        base_url: where it is reached; pages' addresses begin with it.
        requests: what was asked, as ``METHOD /path``, newest last.
        used: how much of the rate limit is used.
    """

    token: str
    repositories: dict[str, Repository]
    base_url: str = ""
    faults: Faults = field(default_factory=Faults)
    requests: deque[str] = field(default_factory=lambda: deque[str](maxlen=KEPT_REQUESTS))
    used: int = 0

    def listed(self) -> list[dict[str, Any]]:
        """Every issue with its comments, for the control API."""
        return [
            {
                "repository": repository.name,
                **issue.as_json(self.base_url),
                "comments": [comment.as_json() for comment in issue.comments],
            }
            for repository in self.repositories.values()
            for issue in repository.issues
        ]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Any request of the API: faults, token, route."""
        path = "/" + request.match_info["path"]
        asked = f"{request.method} {path}"
        self.requests.append(asked)
        fault = self.faults.take(asked)
        try:
            if fault is not None and fault != "lost_answer":
                raise _trouble(fault)
            answer = await self._answer(request, path)
        except Refused as refused:
            if refused.status == 0:
                return _hang_up(request)
            return web.json_response(
                {"message": refused.message, "documentation_url": "https://docs.github.com/rest"},
                status=refused.status,
                headers={**self._limits(), **refused.headers},
            )
        if fault == "lost_answer":
            return _hang_up(request)
        return answer

    async def _answer(self, request: web.Request, path: str) -> web.Response:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self.token.encode()):
            raise Refused(401, "Bad credentials")
        if not request.headers.get("user-agent"):
            raise Refused(403, "Request forbidden by administrative rules. Please make sure it has a User-Agent header")
        if request.headers.get("x-github-api-version", "2022-11-28") not in VERSIONS:
            raise Refused(400, "The API version given is not supported")
        self.used += 1
        match path.strip("/").split("/"):
            case ["repos", owner, name, *rest]:
                repository = self.repositories.get(f"{owner}/{name}")
                if repository is None:
                    raise Refused(404, "Not Found")
                return await self._in_repository(request, repository, rest)
            case _:
                raise Refused(404, "Not Found")

    async def _in_repository(self, request: web.Request, repository: Repository, rest: list[str]) -> web.Response:
        if not rest:
            return self._json(repository.as_json())
        if rest in (["commits"], ["releases"]) and request.method == "GET":
            return self._history(request, repository, rest[0])
        if rest[0] != "issues":
            raise Refused(404, "Not Found")
        if not repository.has_issues:
            raise Refused(410, "Issues are disabled for this repo")
        if request.method != "GET" and not repository.writable:
            raise Refused(403, "Resource not accessible by personal access token")
        if request.method != "GET" and repository.archived:
            raise Refused(403, "Repository was archived so is read-only.")
        match (request.method, rest[1:]):
            case ("GET", []):
                found = _selected(repository.issues, request.query)
                return self._page(request, [one.as_json(self.base_url) for one in found])
            case ("POST", []):
                new = _parsed(NewIssue, await _body(request), "Issue")
                issue = repository.open(new.title, new.body, new.labels)
                return self._json(issue.as_json(self.base_url), 201)
            case (method, [number, *more]):
                issue = _issue(repository, number)
                return await self._in_issue(request, repository, issue, method, more)
            case _:
                raise Refused(404, "Not Found")

    def _history(self, request: web.Request, repository: Repository, what: str) -> web.Response:
        """Commits or releases; what is asked for by the ETag it still has costs nothing of the limit."""
        if what == "commits":
            try:
                commits = between(repository.commits, request.query.get("since"), request.query.get("until"))
            except (ValueError, TypeError) as error:
                raise Refused(422, "Validation Failed: since or until is no moment") from error
            found = [one.as_json(self.base_url) for one in commits]
        else:
            releases = sorted(repository.releases, key=lambda one: one.at, reverse=True)
            found = [one.as_json(self.base_url) for one in releases]
        etag = f'W/"{hashlib.sha256(json.dumps([found, str(request.query)]).encode()).hexdigest()}"'
        if request.headers.get("if-none-match") == etag:
            self.used -= 1
            return web.Response(status=304, headers={**self._limits(), "ETag": etag})
        answer = self._page(request, found)
        answer.headers["ETag"] = etag
        return answer

    async def _in_issue(
        self, request: web.Request, repository: Repository, issue: Issue, method: str, more: list[str]
    ) -> web.Response:
        match (method, more):
            case ("GET", []):
                return self._json(issue.as_json(self.base_url))
            case ("PATCH", []):
                change = _parsed(IssueChange, await _body(request), "Issue")
                if change.state not in {"open", "closed"}:
                    raise Refused(422, "Validation Failed")
                issue.state, issue.state_reason = change.state, change.state_reason
                return self._json(issue.as_json(self.base_url))
            case ("GET", ["comments"]):
                return self._page(request, [one.as_json() for one in issue.comments])
            case ("POST", ["comments"]):
                new = _parsed(NewComment, await _body(request), "IssueComment")
                return self._json(repository.comment(issue.number, new.body).as_json(), 201)
            case _:
                raise Refused(404, "Not Found")

    def _page(self, request: web.Request, found: list[dict[str, Any]]) -> web.Response:
        size, page = _whole(request.query, "per_page", 30, 100), _whole(request.query, "page", 1, 10_000)
        links: dict[str, str] = {}
        if page * size < len(found):
            following = urlencode({**request.query, "page": page + 1})
            links["Link"] = f'<{self.base_url}{request.path}?{following}>; rel="next"'
        return self._json(found[(page - 1) * size : page * size], 200, **links)

    def _json(self, content: Any, status: int = 200, **headers: str) -> web.Response:
        return web.json_response(content, status=status, headers={**self._limits(), **headers})

    def _limits(self) -> dict[str, str]:
        return {
            "x-ratelimit-limit": str(LIMIT),
            "x-ratelimit-remaining": str(max(0, LIMIT - self.used)),
            "x-ratelimit-reset": str(int(time.time()) + 3_600),
        }


def _trouble(fault: FaultKind) -> Refused:
    match fault:
        case "rate_limited":
            spent = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + RESET_S)}
            return Refused(403, "API rate limit exceeded for user ID 1.", **spent)
        case "secondary_limit":
            wait = {"retry-after": "5"}
            return Refused(403, "You have exceeded a secondary rate limit. Please wait a few minutes.", **wait)
        case "denied":
            return Refused(403, "Resource not accessible by personal access token")
        case "unavailable":
            return Refused(502, "Server Error")
        case "down" | "lost_answer":
            return Refused(0, "hangs up")


def _selected(issues: list[Issue], query: Any) -> list[Issue]:
    state, labels = query.get("state", "open"), [one for one in query.get("labels", "").split(",") if one]
    found = [one for one in issues if not one.gone and (state == "all" or one.state == state)]
    found = [one for one in found if all(label in one.labels for label in labels)]
    return sorted(found, key=lambda one: one.number, reverse=query.get("direction", "desc") == "desc")


def _issue(repository: Repository, number: str) -> Issue:
    try:
        issue = repository.issue(int(number))
    except (ValueError, LookupError) as error:
        raise Refused(404, "Not Found") from error
    if issue.gone:
        raise Refused(410, "This issue was deleted")
    return issue


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        return _OBJECT.validate_json(await request.read())
    except ValidationError as error:
        raise Refused(400, "Problems parsing JSON") from error


def _parsed(kind: type[T], body: dict[str, Any], resource: str) -> T:
    try:
        parsed = kind.model_validate(body)
    except ValidationError as error:
        raise Refused(422, f"Validation Failed: {resource} {error.errors()[0]['loc']}") from error
    if len(json.dumps(body)) > 70_000:
        raise Refused(422, f"Validation Failed: {resource} body is too long (maximum is 65536 characters)")
    return parsed


def _whole(query: Any, name: str, default: int, most: int) -> int:
    text = str(query.get(name, default))
    return min(max(int(text), 1), most) if text.isdecimal() else default


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def install(app: web.Application, github: LocalGitHub, *, prefix: str) -> None:
    """Serve the API below a path; `AGENTOPS_GITHUB_URL` is the server's address with that path."""
    app.router.add_route("*", f"{prefix}/{{path:.*}}", github.handle)

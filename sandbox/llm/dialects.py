"""The two wire formats: how a request is read, and how answers and errors are written."""

import uuid
from abc import ABC, abstractmethod
from typing import Any

from aiohttp import web

from sandbox.llm import chat, wire
from sandbox.llm.checks import problem_with
from sandbox.llm.wire import Refusal, Reply, Usage


class Dialect(ABC):
    """A wire format: how a request is read, and how answers and errors are written."""

    @abstractmethod
    def refusal(self, request: web.Request, body: dict[str, Any], key: str | None) -> Refusal | None:
        """Why a request is not taken; `key` is the one that is right, None takes any."""

    @abstractmethod
    def asked(self, body: dict[str, Any]) -> dict[str, Any]:
        """The request in the shape of the Messages API."""

    @abstractmethod
    def answer(self, model: str, reply: Reply, usage: Usage | None) -> dict[str, Any]:
        """The body of an answer; without `usage` where it is not told."""

    @abstractmethod
    def error(self, refusal: Refusal, request_id: str) -> dict[str, Any]:
        """The body of an error."""


class _Messages(Dialect):
    def refusal(self, request: web.Request, body: dict[str, Any], key: str | None) -> Refusal | None:
        given = request.headers.get("x-api-key") or _bearer(request)
        if not given or (key is not None and given != key):
            return Refusal(401, "invalid x-api-key")
        if not request.headers.get("anthropic-version"):
            return Refusal(400, "anthropic-version: header is required")
        problem = problem_with(body)
        return Refusal(400, problem) if problem else None

    def asked(self, body: dict[str, Any]) -> dict[str, Any]:
        return body

    def answer(self, model: str, reply: Reply, usage: Usage | None) -> dict[str, Any]:
        return wire.message(new_id("msg_"), model, reply, usage or wire.Usage(0, 0))

    def error(self, refusal: Refusal, request_id: str) -> dict[str, Any]:
        return refusal.on_the_wire(request_id)


class _Chat(Dialect):
    def refusal(self, request: web.Request, body: dict[str, Any], key: str | None) -> Refusal | None:
        # A server of one's own asks for no key unless it was given one.
        if key is not None and _bearer(request) != key:
            return Refusal(401, "Incorrect API key provided")
        problem = chat.problem_with_chat(body)
        return Refusal(400, problem) if problem else None

    def asked(self, body: dict[str, Any]) -> dict[str, Any]:
        return chat.as_messages_request(body)

    def answer(self, model: str, reply: Reply, usage: Usage | None) -> dict[str, Any]:
        return chat.completion(new_id("chatcmpl-"), model, reply, usage)

    def error(self, refusal: Refusal, request_id: str) -> dict[str, Any]:
        return chat.refused_chat(refusal)


def _bearer(request: web.Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def new_id(prefix: str) -> str:
    """An id of the API's looks."""
    return f"{prefix}{uuid.uuid4().hex[:20]}"


MESSAGES: Dialect = _Messages()
CHAT: Dialect = _Chat()

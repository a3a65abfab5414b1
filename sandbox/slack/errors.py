"""What goes wrong in the workspace, as facts.

SandboxSlackError
├── ApiError       a Web API call that answers {"ok": false, "error": code, ...}
└── ControlError   a persona's act that cannot be done
"""

from typing import Any


class SandboxSlackError(Exception):
    """Any refusal of the workspace. `code` is the one word callers compare with."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


class ApiError(SandboxSlackError):
    """A Web API error as Slack words it.

    Args:
        code: the `error` of the answer.
        messages: the lines of `response_metadata.messages`, without their `[ERROR] `.
        fields: more fields of the answer (`needed` and `provided` of `missing_scope`).
        retry_after: seconds; makes it HTTP 429 with `Retry-After`.
    """

    def __init__(
        self,
        code: str,
        *,
        messages: list[str] | None = None,
        fields: dict[str, Any] | None = None,
        retry_after: int | None = None,
    ):
        super().__init__(code)
        self.messages = messages or []
        self.fields = fields or {}
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        """The HTTP status of the answer: Slack says 200 to every error but a rate limit."""
        return 429 if self.retry_after is not None else 200

    def body(self) -> dict[str, Any]:
        """The JSON answer."""
        answer: dict[str, Any] = {"ok": False, "error": self.code, **self.fields}
        if self.messages:
            answer["errors"] = self.messages
            answer["response_metadata"] = {"messages": [f"[ERROR] {line}" for line in self.messages]}
        return answer


class ControlError(SandboxSlackError):
    """A persona's act that cannot be done; `acked_ms` and `errors` as in the control API."""

    def __init__(self, code: str, **fields: Any):
        super().__init__(code)
        self.fields = fields

    def body(self) -> dict[str, Any]:
        """The JSON answer of the control API."""
        return {"ok": False, "error": self.code, **self.fields}

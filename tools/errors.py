"""What can go wrong with a system outside ours; every client in `tools` raises only these.

AgentOpsError (incidents.errors)
└── UpstreamError            a partner could not do what was asked
    ├── Unavailable          no answer: refused, reset, timed out, 5xx
    │   └── Throttled        asked to slow down; `retry_after_s` where told
    ├── AccessDenied         the credentials do not cover the request
    ├── NotFound             the thing named does not exist
    ├── Busy                 the thing exists and is being changed by somebody
    ├── AlreadyExists        the name is taken
    ├── QuotaExceeded        an account limit
    ├── InvalidRequest       the partner understood and refused
    └── BadAnswer            an answer that is not what the protocol promises
"""

from incidents.errors import AgentOpsError


class UpstreamError(AgentOpsError):
    """A partner could not do what was asked.

    Attributes:
        service: the partner in plain words, e.g. ``"Prometheus"``.
        operation: what was asked of it, e.g. ``"query_range"``.
        detail: the partner's own words, untrusted: log them, escape them before showing.
    """

    def __init__(self, service: str, operation: str, detail: str) -> None:
        """Keep the three facts; the message joins them."""
        super().__init__(f"{service} {operation}: {detail}")
        self.service = service
        self.operation = operation
        self.detail = detail


class Unavailable(UpstreamError):
    """No answer: refused, reset, timed out, or the partner's own failure. Worth another try."""


class Throttled(Unavailable):
    """The partner asked to slow down."""

    def __init__(self, service: str, operation: str, detail: str, retry_after_s: float | None = None) -> None:
        """`retry_after_s`: seconds the partner asked to wait, where it said so."""
        super().__init__(service, operation, detail)
        self.retry_after_s = retry_after_s


class AccessDenied(UpstreamError):
    """The credentials do not cover the request."""


class NotFound(UpstreamError):
    """The thing named does not exist."""


class Busy(UpstreamError):
    """The thing exists and is being changed by somebody."""


class AlreadyExists(UpstreamError):
    """The name is taken."""


class QuotaExceeded(UpstreamError):
    """An account limit stands in the way."""


class InvalidRequest(UpstreamError):
    """The partner understood the request and refused it."""


class BadAnswer(UpstreamError):
    """An answer came that is not what the protocol promises (HTML, wrong JSON, NaN where a number must be)."""

"""The log of changing calls: what was done to the local SageMaker and S3, by whom, and how it ended.

Tests count effects here, so a call is in the log when it reached the service, also when it was refused. Calls that
only read are not. What the sandbox itself does (seeding, the outside deployer) is kept apart.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Outcome = Literal["ok", "denied", "error"]
Source = Literal["outside", "deployer"]


@dataclass(frozen=True)
class ChangingCall:
    """One call that changed something, or tried to.

    Attributes:
        service: `sagemaker` or `s3`.
        operation: the API operation, such as `UpdateEndpoint` or `PutObject`.
        at: unix seconds when the call was answered.
        request: the request's parameters; for S3 the bucket and key.
        outcome: `ok` when the effect took place, `denied` when the caller may not do it, `error` when it was refused
            for another reason.
        error: the error code when refused.
        error_message: the sentence that went with it.
        role_arn: the assumed role whose credentials signed the call, when known.
        role_session_name: the session name given to AssumeRole, when known.
        session_policy: the session policy given to AssumeRole, as JSON, when there was one.
        source_identity: the source identity given to AssumeRole, when known.
        source: `outside` for calls over HTTP, `deployer` for the sandbox's own deployments.
    """

    service: str
    operation: str
    at: float
    request: dict[str, Any]
    outcome: Outcome
    error: str | None = None
    error_message: str | None = None
    role_arn: str | None = None
    role_session_name: str | None = None
    session_policy: str | None = None
    source_identity: str | None = None
    source: Source = "outside"

    def as_json(self) -> dict[str, Any]:
        """The call as the control API shows it."""
        return asdict(self)


Listener = Callable[[ChangingCall], None]


class ChangeLog:
    """Keeps changing calls in order and tells listeners of each. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[ChangingCall] = []
        self._listeners: list[Listener] = []

    def record(self, call: ChangingCall) -> None:
        """Append a call, then tell every listener, in the calling thread and outside any lock."""
        with self._lock:
            self._calls.append(call)
            listeners = list(self._listeners)
        for listener in listeners:
            listener(call)

    def calls(self, source: Source) -> list[ChangingCall]:
        """The calls from one source, oldest first."""
        with self._lock:
            return [call for call in self._calls if call.source == source]

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` for every later call; the returned function ends that."""
        with self._lock:
            self._listeners.append(listener)

        def forget() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return forget

    def clear(self) -> None:
        """Forget every call; listeners stay."""
        with self._lock:
            self._calls.clear()

"""The door: every call comes in here, meets armed trouble, and is answered by this layer or by moto.

It is a WSGI application in front of moto's, not a set of patches to moto's classes, so that nothing of it outlives
the server. SageMaker operations that need time, tokens or trouble are answered here; every other operation, and
S3, STS and CloudWatch, by moto. Unsigned calls are refused: that closes moto's own administration pages, which
would otherwise be open to any web page on the machine.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.sagemaker import errors
from sandbox.sagemaker.account import Account
from sandbox.sagemaker.arns import arn_of
from sandbox.sagemaker.authorisation import needs_of
from sandbox.sagemaker.changelog import ChangeLog, ChangingCall
from sandbox.sagemaker.constraints import Constraints
from sandbox.sagemaker.errors import ACCESS_DENIED, ApiError, in_words_of
from sandbox.sagemaker.faults import Faults
from sandbox.sagemaker.iam import Iam
from sandbox.sagemaker.objects import Objects
from sandbox.sagemaker.quotas import list_service_quotas
from sandbox.sagemaker.sessions import ROOT_ARN, Session, Sessions, external_id_of
from sandbox.sagemaker.wire import Call, Environ, error_answer, read_call, take_empty_tags
from sandbox.sagemaker.world_clock import WorldClock

Json = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

_TAGGING = frozenset({"AddTags", "ListTags", "DeleteTags"})
_REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 500: "Internal Server Error", 503: "Service Unavailable"}


class Answer:
    """An answer of moto or of this layer, complete."""

    def __init__(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def ok(self) -> bool:
        """Whether the call took effect."""
        return self.status[:1] in {"2", "3"}


class Gateway:
    """The WSGI application of the local SageMaker.

    Args:
        moto: moto's own application.
        account: answers the state of this layer; a reset replaces it.
        faults: armed trouble.
        log: where changing calls are written.
        sessions: who is who.
        clock: the world's clock.
        iam: who may do what; None lets everybody do everything.
        listing: told which bucket and prefix are about to be listed, so that what lies there can be brought up to date.
    """

    def __init__(
        self,
        *,
        moto: WsgiApp,
        account: Callable[[], Account],
        faults: Faults,
        log: ChangeLog,
        sessions: Sessions,
        clock: WorldClock,
        iam: Iam | None,
        listing: Callable[[str, str], None] = lambda bucket, prefix: None,
    ) -> None:
        self._moto = moto
        self._listing = listing
        self._account = account
        self._faults = faults
        self._log = log
        self._sessions = sessions
        self._clock = clock
        self._iam = iam
        self._constraints = Constraints()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one call.

        Raises:
            ConnectionResetError: the `down` and `lost_reply` faults; the server drops the connection.
        """
        try:
            call = read_call(environ)
        except ApiError as error:
            return _send(start_response, _refusal("sagemaker", error))
        if not call.service:
            return _send(start_response, _refusal("", ApiError("MissingAuthenticationToken", "Unsigned call.", 403)))
        fault = self._faults.take(call.service, call.operation)
        if fault == "down":
            raise ConnectionResetError("the service is down")
        session = self._sessions.of(call.access_key)
        try:
            if fault is not None and fault != "lost_reply":
                raise _trouble(fault, call, session)
            self._authorise(call, session)
            answer = self._serve(call, environ)
            error = None if answer.ok else _error_of(answer)
        except ApiError as refused:
            answer, error = _refusal(call.service, refused), refused
        if call.changes:
            self._record(call, session, error)
        if fault == "lost_reply":
            raise ConnectionResetError("the answer was lost")
        return _send(start_response, answer)

    def _authorise(self, call: Call, session: Session | None) -> None:
        if self._iam is None:
            return
        account = self._account()
        with account.lock:
            needs = needs_of(call, account.tags.of)
        try:
            self._iam.authorise(call.access_key, session, needs, external_id_of(call.body))
        except ApiError as refused:
            raise in_words_of(call.service, refused) from refused

    def _serve(self, call: Call, environ: Environ) -> Answer:
        if (call.service, call.operation) == ("servicequotas", "ListServiceQuotas"):
            account = self._account()
            with account.lock:
                endpoints = account.endpoints
                kinds = {one.instance_type for endpoint in endpoints.endpoints.values() for one in endpoint.variants}
                return _json_answer(200, list_service_quotas(call.body, endpoints.quotas, kinds))
        if (call.service, call.operation) == ("logs", "FilterLogEvents"):
            account = self._account()
            with account.lock:
                return _json_answer(200, account.logs.filter_log_events(call.request))
        if call.service != "sagemaker" or not call.operation:
            if call.operation == "PutObjectTagging":
                if Objects().get(call.request["Bucket"], call.request.get("Key", "")) is None:
                    raise ApiError("NoSuchKey", "The specified key does not exist.", 404)
                take_empty_tags(environ)
            if (call.service, call.operation) == ("s3", "ListObjectsV2"):
                self._listing(call.request["Bucket"], call.request.get("Prefix", ""))
            answer = self._pass_on(environ)
            if call.service == "sts" and call.operation == "AssumeRole" and answer.ok:
                self._sessions.learn(call.body, answer.body)
            return answer
        self._constraints.check(call.operation, call.request)
        account = self._account()
        with account.lock:
            account.settle()
            handler = account.handlers.get(call.operation)
            ours = call.operation not in _TAGGING or account.tags.knows(str(call.request.get("ResourceArn")))
            if handler is not None and ours:
                return _json_answer(200, handler(call.request))
        return self._pass_on(environ)

    def _pass_on(self, environ: Environ) -> Answer:
        seen: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
            seen["status"], seen["headers"] = status, headers
            return lambda data: None

        chunks = self._moto(environ, start)
        body = b"".join(chunks)
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
        return Answer(seen["status"], seen["headers"], body)

    def _record(self, call: Call, session: Session | None, error: ApiError | None) -> None:
        self._log.record(
            ChangingCall(
                service=call.service,
                operation=call.operation,
                at=self._clock.now(),
                request=call.request,
                outcome="ok" if error is None else "denied" if error.code in ACCESS_DENIED else "error",
                error=None if error is None else error.code,
                error_message=None if error is None else error.message,
                role_arn=session.role_arn if session else None,
                role_session_name=session.name if session else None,
                session_policy=session.policy if session else None,
                source_identity=session.source_identity if session else None,
            )
        )


def _trouble(fault: str, call: Call, session: Session | None) -> ApiError:
    resource = str(call.request.get("EndpointName") or call.request.get("PipelineName") or "*")
    match fault:
        case "throttle":
            return (
                ApiError("SlowDown", "Please reduce your request rate.") if call.service == "s3" else errors.throttled()
            )
        case "denied":
            caller = session.caller_arn if session else ROOT_ARN
            refused = errors.access_denied(caller, f"{call.service}:{call.operation}", resource)
            return in_words_of(call.service, refused)
        case "quota":
            return errors.quota_exceeded("ml.m5.xlarge", 20, 20, 1)
        case _:
            return errors.in_progress(arn_of("endpoint", resource))


def _refusal(service: str, error: ApiError) -> Answer:
    status, content_type, body = error_answer(service, error)
    return _answer(status, content_type, body)


def _json_answer(status: int, document: Json) -> Answer:
    return _answer(status, "application/x-amz-json-1.1", json.dumps(document).encode())


def _answer(status: int, content_type: str, body: bytes) -> Answer:
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
        ("x-amzn-RequestId", str(uuid.uuid4())),
    ]
    return Answer(f"{status} {_REASONS.get(status, 'Error')}", headers, body)


def _error_of(answer: Answer) -> ApiError:
    """The error moto answered with, as far as it can be read."""
    status = int(answer.status.split(" ", 1)[0])
    try:
        document: Any = json.loads(answer.body)
        return ApiError(str(document["__type"]), str(document.get("message", "")), status)
    except (ValueError, KeyError, TypeError):
        return ApiError(answer.status, answer.body.decode(errors="replace")[:500], status)


def _send(start_response: StartResponse, answer: Answer) -> Iterable[bytes]:
    start_response(answer.status, answer.headers)
    return [answer.body]

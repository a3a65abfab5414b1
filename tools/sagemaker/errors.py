"""botocore's errors as ours: by code and, where AWS says everything with one code, by message."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tools.errors import (
    AccessDenied,
    AlreadyExists,
    BadAnswer,
    Busy,
    InvalidRequest,
    NotFound,
    QuotaExceeded,
    Throttled,
    Unavailable,
    UpstreamError,
)

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

MAX_DETAIL = 500

THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "EC2ThrottledException",
    }
)
DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AllAccessDisabled",
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "RegionDisabledException",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
        "403",
    }
)
NOT_FOUND = frozenset(
    {
        "404",
        "ImageNotFoundException",
        "NoSuchBucket",
        "NoSuchEntity",
        "NoSuchKey",
        "NoSuchResourceException",
        "NotFound",
        "ObjectNotFoundException",
        "RepositoryNotFoundException",
        "ResourceNotFound",
    }
)
QUOTA = frozenset({"LimitExceededException", "ResourceLimitExceeded", "ServiceQuotaExceededException"})
DOWN = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
HELD = frozenset({"ConflictException", "ResourceInUse", "ResourceInUseException", "OperationAborted"})
"""Taken or being changed; the message tells which."""

# SageMaker answers these with ValidationException. Beginnings and phrases of its sentences, in lower case.
_NOT_FOUND_WORDS = ("could not find", "does not exist", "not found", "unable to find", "cannot find")
_BUSY_WORDS = ("in-progress", "in progress", "currently being", "is being updated", "while status is", "is updating")
_TAKEN_WORDS = ("already exist", "already existing", "must be unique")


@contextmanager
def upstream(service: str, operation: str) -> Generator[None]:
    """Raise our errors in place of botocore's; no botocore type leaves a client of ours."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        raise refused(error, service, operation) from error
    except (BotoCoreError, Boto3Error, ResponseParserError) as error:
        raise unanswered(error, service, operation) from error


def refused(error: "ClientError", service: str, operation: str) -> UpstreamError:
    """Our error for an answer that is a refusal."""
    response: dict[str, Any] = dict(error.response)
    code = str(response.get("Error", {}).get("Code", ""))
    message = str(response.get("Error", {}).get("Message", ""))
    metadata: dict[str, Any] = response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    detail = f"{code}: {message}"[:MAX_DETAIL]
    if code in THROTTLED or status == 429:
        return Throttled(service, operation, detail, _retry_after(metadata))
    return _kind(code, message.lower(), status)(service, operation, detail)


def _kind(code: str, message: str, status: int) -> type[UpstreamError]:
    known: tuple[tuple[frozenset[str], type[UpstreamError]], ...] = (
        (DENIED, AccessDenied),
        (NOT_FOUND, NotFound),
        (frozenset({"ResourceNotFoundException"}), NotFound),
        (QUOTA, QuotaExceeded),
        (DOWN, Unavailable),
    )
    for codes, kind in known:
        if code in codes:
            return kind
    if code in HELD:
        return AlreadyExists if _says(message, _TAKEN_WORDS) else Busy
    if code in {"ValidationException", "ValidationError"}:
        for words, kind in ((_TAKEN_WORDS, AlreadyExists), (_BUSY_WORDS, Busy), (_NOT_FOUND_WORDS, NotFound)):
            if _says(message, words):
                return kind
    return Unavailable if status >= 500 else InvalidRequest


def _says(message: str, phrases: tuple[str, ...]) -> bool:
    return any(phrase in message for phrase in phrases)


def _retry_after(metadata: dict[str, Any]) -> float | None:
    headers: dict[str, str] = metadata.get("HTTPHeaders", {})
    try:
        return max(0.0, float(headers["retry-after"]))
    except (KeyError, ValueError):
        return None


def unanswered(error: Exception, service: str, operation: str) -> UpstreamError:
    """Our error for a call that got no answer, a broken one, or was never sent."""
    from botocore import exceptions as boto
    from botocore.parsers import ResponseParserError

    detail = " ".join(str(error).split())[:MAX_DETAIL]
    denied = (
        boto.NoCredentialsError,
        boto.PartialCredentialsError,
        boto.CredentialRetrievalError,
        boto.TokenRetrievalError,
        boto.NoAuthTokenError,
        boto.ProfileNotFound,
        boto.SSOError,
    )
    match error:
        case _ if isinstance(error, denied):
            return AccessDenied(service, operation, detail)
        case ResponseParserError() | boto.ChecksumError() | boto.FlexibleChecksumError() | boto.IncompleteReadError():
            return BadAnswer(service, operation, detail)
        case boto.HTTPClientError() | boto.ConnectionError() | boto.MetadataRetrievalError():
            return Unavailable(service, operation, detail)
        case _:
            return InvalidRequest(service, operation, detail)

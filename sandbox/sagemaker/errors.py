"""What the local SageMaker answers when it refuses: one error type, and the wording boto3 callers branch on.

The sentences are those of the real service where they are publicly documented or widely quoted, because callers
tell `ValidationException`s apart by their message.
"""

from __future__ import annotations


class ApiError(Exception):
    """A refusal as it goes over the wire.

    Attributes:
        code: the error code, as botocore shows it in `response["Error"]["Code"]`.
        message: the sentence a caller reads.
        status: the HTTP status; 400 for nearly everything SageMaker refuses.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> ApiError:
    """A `ValidationException` with this message."""
    return ApiError("ValidationException", message)


def could_not_find(kind: str, arn: str) -> ApiError:
    """`Could not find endpoint "<arn>".` and its like."""
    return invalid(f'Could not find {kind} "{arn}".')


def already_exists(kind: str, arn: str) -> ApiError:
    """`Cannot create already existing endpoint "<arn>".` and its like."""
    return invalid(f'Cannot create already existing {kind} "{arn}".')


def in_progress(arn: str) -> ApiError:
    """The endpoint is busy with an earlier change."""
    return invalid(f'Cannot update in-progress endpoint "{arn}".')


def not_found(message: str) -> ApiError:
    """`ResourceNotFound`, which pipelines answer where endpoints answer `ValidationException`."""
    return ApiError("ResourceNotFound", message)


def throttled() -> ApiError:
    """Too many calls."""
    return ApiError("ThrottlingException", "Rate exceeded")


def quota_exceeded(instance_type: str, limit: int, used: int, wanted: int) -> ApiError:
    """The account's instance quota does not allow this many instances of this type."""
    return ApiError(
        "ResourceLimitExceeded",
        f"The account-level service limit '{instance_type} for endpoint usage' is {limit} Instances, with current "
        f"utilization of {used} Instances and a request delta of {wanted} Instances. Please use AWS Service Quotas to "
        "request an increase for this quota. If AWS Service Quotas is not available, contact AWS support to request "
        "an increase for this quota.",
    )


ACCESS_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
"""The codes of a refusal for want of permission, by service."""

_OWN_CODES = {
    "s3": {"AccessDeniedException": "AccessDenied", "UnrecognizedClientException": "InvalidAccessKeyId"},
    "sts": {"AccessDeniedException": "AccessDenied", "UnrecognizedClientException": "InvalidClientTokenId"},
    "cloudwatch": {"AccessDeniedException": "AccessDenied", "UnrecognizedClientException": "InvalidClientTokenId"},
}


def in_words_of(service: str, refused: ApiError) -> ApiError:
    """A refusal of permission with the code that this service uses for it."""
    codes = _OWN_CODES.get(service)
    return refused if codes is None else ApiError(codes.get(refused.code, refused.code), refused.message, 403)


def access_denied(caller: str, action: str, resource: str, because: str = "") -> ApiError:
    """The caller may not do this."""
    reason = f" because {because}" if because else ""
    return ApiError(
        "AccessDeniedException",
        f"User: {caller} is not authorized to perform: {action} on resource: {resource}{reason}",
    )

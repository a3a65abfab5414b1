from typing import Any

import pytest
from boto3.exceptions import S3TransferFailedError
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

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
from tools.sagemaker.errors import DENIED, DOWN, NOT_FOUND, QUOTA, THROTTLED, upstream

ARN = "arn:aws:sagemaker:eu-west-1:123456789012"


def refusal(code: str, message: str = "", status: int = 400, retry_after: str | None = None) -> boto.ClientError:
    headers = {} if retry_after is None else {"retry-after": retry_after}
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers},
    }
    return boto.ClientError(response, "DescribeEndpoint")


def raised(error: Exception) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught, upstream("SageMaker", "DescribeEndpoint"):
        raise error
    assert caught.value.__cause__ is error
    assert (caught.value.service, caught.value.operation) == ("SageMaker", "DescribeEndpoint")
    return caught.value


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        (THROTTLED, Throttled),
        (DENIED, AccessDenied),
        (NOT_FOUND, NotFound),
        (QUOTA, QuotaExceeded),
        (DOWN, Unavailable),
    ],
)
def test_codes_that_say_it_all(codes: frozenset[str], kind: type[UpstreamError]) -> None:
    for code in codes:
        assert type(raised(refusal(code, "words"))) is kind, code


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("ValidationException", f'Could not find endpoint "{ARN}:endpoint/x".', NotFound),
        ("ValidationException", f'Could not find endpoint configuration "{ARN}:endpoint-config/x".', NotFound),
        ("ValidationException", f"ModelPackage {ARN}:model-package/g/9 does not exist.", NotFound),
        ("ValidationException", f'Cannot update in-progress endpoint "{ARN}:endpoint/x".', Busy),
        ("ValidationException", f'Cannot create already existing endpoint "{ARN}:endpoint/x".', AlreadyExists),
        ("ValidationException", "Pipeline names must be unique within an AWS account and region.", AlreadyExists),
        ("ValidationException", "1 validation error detected: value at 'name' failed", InvalidRequest),
        ("ValidationError", "Role arn is invalid", InvalidRequest),
        ("ResourceNotFound", "Pipeline does not exist.", NotFound),
        ("ResourceNotFoundException", "gone", NotFound),
        (
            "ResourceInUse",
            f"Training job names must be unique within an AWS account and region, and a training job with this name "
            f"already exists ({ARN}:training-job/x)",
            AlreadyExists,
        ),
        ("ResourceInUse", "The resource is in use.", Busy),
        ("ResourceInUseException", "The resource is in use.", Busy),
        ("ConflictException", "There was a conflict when you attempted to modify a resource.", Busy),
        ("ConflictException", "Model package already exists: arn", AlreadyExists),
        ("ResourceLimitExceeded", "The account-level service limit is 4 Instances", QuotaExceeded),
        ("ThrottlingException", "Rate exceeded", Throttled),
        ("AccessDeniedException", "User is not authorized to perform: sagemaker:UpdateEndpoint", AccessDenied),
        ("NoSuchKey", "The specified key does not exist.", NotFound),
        ("SomethingNew", "words", InvalidRequest),
        ("", "", InvalidRequest),
    ],
)
def test_codes_that_need_their_message(code: str, message: str, kind: type[UpstreamError]) -> None:
    found = raised(refusal(code, message))
    assert type(found) is kind
    assert message in found.detail


def test_an_unknown_code_counts_by_its_http_status() -> None:
    assert type(raised(refusal("SomethingNew", status=500))) is Unavailable
    assert type(raised(refusal("503", status=503))) is Unavailable
    assert type(raised(refusal("SomethingNew", status=429))) is Throttled


def test_a_throttle_tells_how_long_to_wait_where_aws_says_so() -> None:
    told = raised(refusal("ThrottlingException", retry_after="3"))
    assert isinstance(told, Throttled)
    assert told.retry_after_s == 3
    untold = raised(refusal("ThrottlingException", retry_after="soon"))
    assert isinstance(untold, Throttled)
    assert untold.retry_after_s is None


def test_a_refusal_without_the_usual_fields_is_still_ours() -> None:
    response: Any = {}
    assert type(raised(boto.ClientError(response, "X"))) is InvalidRequest


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (boto.EndpointConnectionError(endpoint_url="http://x"), Unavailable),
        (boto.ConnectTimeoutError(endpoint_url="http://x"), Unavailable),
        (boto.ReadTimeoutError(endpoint_url="http://x"), Unavailable),
        (boto.ConnectionClosedError(endpoint_url="http://x"), Unavailable),
        (boto.ProxyConnectionError(proxy_url="http://x"), Unavailable),
        (boto.SSLError(endpoint_url="http://x", error=OSError("bad")), Unavailable),
        (boto.HTTPClientError(error=OSError("bad")), Unavailable),
        (boto.ResponseStreamingError(error="bad"), Unavailable),
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), BadAnswer),
        (boto.FlexibleChecksumError(error_msg="bad"), BadAnswer),
        (boto.ChecksumError(checksum_type="x", expected_checksum="a", actual_checksum="b"), BadAnswer),
        (ResponseParserError("not XML"), BadAnswer),
        (boto.NoCredentialsError(), AccessDenied),
        (boto.PartialCredentialsError(provider="env", cred_var="x"), AccessDenied),
        (boto.CredentialRetrievalError(provider="x", error_msg="bad"), AccessDenied),
        (boto.TokenRetrievalError(provider="x", error_msg="bad"), AccessDenied),
        (boto.NoAuthTokenError(), AccessDenied),
        (boto.ProfileNotFound(profile="x"), AccessDenied),
        (boto.UnauthorizedSSOTokenError(), AccessDenied),
        (boto.MetadataRetrievalError(error_msg="x"), Unavailable),
        (boto.ParamValidationError(report="x"), InvalidRequest),
        (boto.NoRegionError(), InvalidRequest),
        (boto.UnknownServiceError(service_name="x", known_service_names="y"), InvalidRequest),
        (S3TransferFailedError("x"), InvalidRequest),
    ],
)
def test_calls_without_an_answer(error: Exception, kind: type[UpstreamError]) -> None:
    assert type(raised(error)) is kind


def test_errors_of_ours_and_bugs_pass_through() -> None:
    with pytest.raises(NotFound, match="mine"), upstream("SageMaker", "X"):
        raise NotFound("SageMaker", "X", "mine")
    with pytest.raises(ZeroDivisionError), upstream("SageMaker", "X"):
        raise ZeroDivisionError


def test_a_long_message_is_cut() -> None:
    assert len(raised(refusal("ValidationException", "x" * 5_000)).detail) <= 500

"""What a call to AWS looks like on the wire: who signed it, for which service, and which operation it is."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape, unescape

from sandbox.sagemaker.errors import ApiError, invalid

Json = dict[str, Any]
Environ = dict[str, Any]

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/[^/]+/([^/]+)/aws4_request")
_TAG = re.compile(r"<Tag>\s*<Key>([^<]*)</Key>\s*<Value>([^<]*)</Value>\s*</Tag>")
_S3_SPECIAL: tuple[tuple[str, str, str], ...] = (
    ("PUT", "tagging", "PutObjectTagging"),
    ("DELETE", "tagging", "DeleteObjectTagging"),
    ("PUT", "partNumber", "UploadPart"),
    ("POST", "uploads", "CreateMultipartUpload"),
    ("POST", "uploadId", "CompleteMultipartUpload"),
    ("DELETE", "uploadId", "AbortMultipartUpload"),
    ("POST", "delete", "DeleteObjects"),
    ("GET", "tagging", "GetObjectTagging"),
)


@dataclass(frozen=True)
class Call:
    """One call as it arrived.

    Attributes:
        service: `sagemaker`, `s3`, `sts` or another service; empty when the call is not signed.
        operation: the API operation; empty when it could not be told.
        request: the parameters, where they are told apart (SageMaker: all; S3: bucket and key).
        access_key: the access key id it was signed with.
        changes: whether it is to be in the log of changing calls.
        body: the body, where it was read; S3 bodies are left to moto.
    """

    service: str
    operation: str
    request: Json
    access_key: str
    changes: bool
    body: bytes


_CHANGING = ("Create", "Update", "Delete", "Start", "Stop", "Put", "Register", "Retry", "Send", "Add", "Import")


def read_call(environ: Environ) -> Call:
    """Tell what call this is; the body stays readable for whoever serves it.

    Raises:
        ApiError: a SageMaker body that is not a JSON object.
    """
    access_key, service = _signer(environ)
    if service == "s3":
        operation, request = _s3(environ)
        if operation == "PutObjectTagging":
            request = request | {"Tagging": {"TagSet": _tag_set(_read_body(environ))}}
        return Call(service, operation, request, access_key, _is_s3_write(operation), b"")
    body = _read_body(environ)
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    if service == "monitoring":
        service = "cloudwatch"
    if service == "sagemaker" and target:
        operation = target.rsplit(".", 1)[-1]
        return Call(service, operation, _json(body), access_key, operation.startswith(_CHANGING), body)
    operation = target.rsplit(".", 1)[-1] or _operation_in_path(environ)
    if not operation and b"Action=" in body:
        operation = parse_qs(body.decode(errors="replace")).get("Action", [""])[0]
    request = _json(body) if target and service != "cloudwatch" else {}
    return Call(service, operation, request, access_key, False, body)


def take_empty_tags(environ: Environ) -> None:
    """Let PutObjectTagging without a tag take every tag off, as S3 does; moto fails on it, but can delete them."""
    if b"<Tag>" not in _read_body(environ):
        environ["REQUEST_METHOD"], environ["CONTENT_LENGTH"] = "DELETE", "0"
        environ["wsgi.input"] = io.BytesIO()


def error_answer(service: str, error: ApiError) -> tuple[int, str, bytes]:
    """Status, content type and body of a refusal, in the protocol of the service."""
    code, message = escape(error.code), escape(error.message)
    match service:
        case "s3":
            status = 503 if error.code == "SlowDown" else 403 if error.code == "AccessDenied" else error.status
            body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
            return status, "application/xml", body.encode()
        case "sts":
            body = (
                '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
                f"<Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
            )
            return (403 if error.code == "AccessDenied" else error.status), "text/xml", body.encode()
        case _:
            document = {"__type": error.code, "message": error.message}
            return error.status, "application/x-amz-json-1.1", json.dumps(document).encode()


def _operation_in_path(environ: Environ) -> str:
    """The operation in the path of the protocol `smithy-rpc-v2-cbor`, which boto3 speaks with CloudWatch."""
    head, found, operation = str(environ.get("PATH_INFO", "")).partition("/operation/")
    return operation if found and head.startswith("/service/") else ""


def _signer(environ: Environ) -> tuple[str, str]:
    header = _CREDENTIAL.search(str(environ.get("HTTP_AUTHORIZATION", "")))
    if header is None:
        query = parse_qs(str(environ.get("QUERY_STRING", "")))
        header = _CREDENTIAL.search("Credential=" + query.get("X-Amz-Credential", [""])[0])
    return (header.group(1), header.group(2)) if header else ("", "")


def _read_body(environ: Environ) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _json(body: bytes) -> Json:
    try:
        document: Any = json.loads(body or b"{}")
    except ValueError as error:
        raise ApiError("SerializationException", "The request body is not valid JSON.") from error
    if not isinstance(document, dict):
        raise invalid("The request body must be a JSON object.")
    return {str(key): value for key, value in document.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] # json has no types


def _tag_set(body: bytes) -> list[dict[str, str]]:
    """The tags of a PutObjectTagging, for the log; moto reads the document itself and refuses a broken one."""
    text = body.decode(errors="replace")
    return [{"Key": unescape(key), "Value": unescape(value)} for key, value in _TAG.findall(text)]


def _s3(environ: Environ) -> tuple[str, Json]:
    method = str(environ["REQUEST_METHOD"])
    bucket, _, key = unquote(str(environ.get("PATH_INFO", ""))).lstrip("/").partition("/")
    query = parse_qs(str(environ.get("QUERY_STRING", "")), keep_blank_values=True)
    request: Json = {"Bucket": bucket, "Key": key} if key else {"Bucket": bucket}
    for verb, parameter, operation in _S3_SPECIAL:
        if method == verb and parameter in query:
            return operation, request
    if not key:
        prefix = query.get("prefix", [""])[0]
        return _s3_bucket(method, query), request | ({"Prefix": prefix} if prefix else {})
    if method == "PUT":
        source = environ.get("HTTP_X_AMZ_COPY_SOURCE")
        return ("CopyObject", request | {"CopySource": unquote(str(source))}) if source else ("PutObject", request)
    return {"DELETE": "DeleteObject", "HEAD": "HeadObject", "POST": "PostObject"}.get(method, "GetObject"), request


def _s3_bucket(method: str, query: dict[str, list[str]]) -> str:
    settings = [name for name in query if name not in {"x-id"}]
    match method:
        case "PUT":
            return "PutBucketSetting" if settings else "CreateBucket"
        case "DELETE":
            return "DeleteBucketSetting" if settings else "DeleteBucket"
        case "HEAD":
            return "HeadBucket"
        case _:
            return "ListObjectsV2" if "list-type" in query else "GetBucket"


def _is_s3_write(operation: str) -> bool:
    return operation.startswith(("Put", "Create", "Copy", "Delete", "Complete", "Post", "Upload", "Abort"))

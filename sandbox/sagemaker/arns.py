"""The account and region everything lives in, and the names AWS gives to things."""

from __future__ import annotations

ACCOUNT = "123456789012"
REGION = "eu-west-1"


def arn_of(kind: str, name: str) -> str:
    """The ARN of a SageMaker resource, such as `arn_of("endpoint", "fraud-detector-prod")`."""
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name}"


def role_arn(name: str) -> str:
    """The ARN of an IAM role."""
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def name_of(name_or_arn: str) -> str:
    """The name in an ARN, or the name itself."""
    return name_or_arn.split("/", 1)[1] if name_or_arn.startswith("arn:") and "/" in name_or_arn else name_or_arn


def split_s3_uri(uri: str) -> tuple[str, str] | None:
    """Bucket and key of an `s3://` address; None when it is none."""
    if not uri.startswith("s3://"):
        return None
    bucket, _, key = uri[len("s3://") :].partition("/")
    return (bucket, key) if bucket else None

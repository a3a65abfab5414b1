"""S3, read: small JSON objects and listings, with bounds."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from tools.errors import BadAnswer, InvalidRequest
from tools.sagemaker.connection import AwsConnection
from tools.sagemaker.errors import upstream
from tools.sagemaker.readonly import refuse_changes

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef, ObjectTypeDef

SERVICE = "S3"
MAX_JSON = 10_000_000
MAX_PAGES = 5
"""Of a thousand folders and objects each."""


@dataclass(frozen=True)
class StoredObject:
    """An object in a listing."""

    bucket: str
    key: str
    size: int
    modified: datetime
    etag: str = ""
    """Changes with the content; without the quotes that S3 puts around it."""

    @property
    def uri(self) -> str:
        """``s3://bucket/key``."""
        return f"s3://{self.bucket}/{self.key}"


class ObjectReader:
    """Gets and lists; its client refuses anything else. Blocking: call it in a thread."""

    def __init__(self, connection: AwsConnection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._made: S3Client | None = None

    @property
    def client(self) -> "S3Client":
        """The client, made at the first use."""
        with self._lock:
            if self._made is None:
                made: S3Client = self._connection.client("s3", attempts=3)
                refuse_changes(made, SERVICE)
                self._made = made
            return self._made

    def close(self) -> None:
        """Close connections."""
        with self._lock:
            if self._made is not None:
                self._made.close()

    def json(self, uri: str) -> dict[str, Any]:
        """The JSON object at an address.

        Raises:
            BadAnswer: it is larger than 10 MB, or not a JSON object.
            NotFound: there is none.
        """
        bucket, key = split_uri(uri)
        with upstream(SERVICE, "GetObject"):
            body = self.client.get_object(Bucket=bucket, Key=key)["Body"]
            try:
                content = body.read(MAX_JSON + 1)
            finally:
                body.close()
        if len(content) > MAX_JSON:
            raise BadAnswer(SERVICE, "GetObject", f"{uri} is larger than {MAX_JSON:,} bytes")
        try:
            parsed: Any = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise BadAnswer(SERVICE, "GetObject", f"{uri} is not JSON") from error
        if not isinstance(parsed, dict):
            raise BadAnswer(SERVICE, "GetObject", f"{uri} is not a JSON object")
        return cast(dict[str, Any], parsed)

    def part(self, one: "StoredObject", begin: int, length: int) -> bytes:
        """`length` bytes of an object from `begin` on, or as many as there are.

        Raises:
            NotFound: it is gone.
        """
        if begin >= one.size or length <= 0:
            return b""
        end = min(begin + length, one.size) - 1
        with upstream(SERVICE, "GetObject"):
            body = self.client.get_object(Bucket=one.bucket, Key=one.key, Range=f"bytes={begin}-{end}")["Body"]
            try:
                # Whoever ignores the range would send all of it.
                return body.read(end - begin + 1)
            finally:
                body.close()

    def tags(self, bucket: str, key: str) -> dict[str, str]:
        """The tags of an object; empty where it has none."""
        with upstream(SERVICE, "GetObjectTagging"):
            answer = self.client.get_object_tagging(Bucket=bucket, Key=key)
        return {row["Key"]: row["Value"] for row in answer["TagSet"]}

    def listing(self, uri: str, *, most: int) -> Iterator[StoredObject]:
        """The first `most` objects below an address, in S3's order, which is by key."""
        bucket, prefix = split_uri(uri)
        seen = 0
        for page in self._pages(bucket, prefix, delimiter=""):
            for row in page.get("Contents", []):
                if seen == most:
                    return
                seen += 1
                yield _stored(bucket, row)

    def level(self, uri: str) -> "Level":
        """The folders and objects right below an address that ends with a slash, at most a few thousand."""
        bucket, prefix = split_uri(uri)
        level = Level()
        for number, page in enumerate(self._pages(bucket, prefix, delimiter="/"), start=1):
            level.complete = not page.get("IsTruncated", False)
            level.folders += [f"s3://{bucket}/{row.get('Prefix', '')}" for row in page.get("CommonPrefixes", [])]
            level.objects += [_stored(bucket, row) for row in page.get("Contents", [])]
            if number == MAX_PAGES:
                break
        return level

    def _pages(self, bucket: str, prefix: str, *, delimiter: str) -> "Iterator[ListObjectsV2OutputTypeDef]":
        token: dict[str, Any] = {"Delimiter": delimiter} if delimiter else {}
        while True:
            with upstream(SERVICE, "ListObjectsV2"):
                answer = self.client.list_objects_v2(Bucket=bucket, Prefix=prefix, **token)
            yield answer
            following = answer.get("NextContinuationToken", "")
            if not following:
                return
            token["ContinuationToken"] = following


@dataclass
class Level:
    """What lies right below an address: addresses of folders, ending with a slash, and objects."""

    folders: list[str] = field(default_factory=list[str])
    objects: list[StoredObject] = field(default_factory=list[StoredObject])
    complete: bool = True
    """Whether this is all there is."""


def _stored(bucket: str, row: "ObjectTypeDef") -> StoredObject:
    if "LastModified" not in row:
        raise BadAnswer(SERVICE, "ListObjectsV2", "an object without LastModified")
    return StoredObject(
        bucket=bucket,
        key=row.get("Key", ""),
        size=row.get("Size", 0),
        modified=row["LastModified"],
        etag=row.get("ETag", "").strip('"'),
    )


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``.

    Raises:
        InvalidRequest: it is no such address.
    """
    parts = urlsplit(uri, allow_fragments=False)
    if parts.scheme != "s3" or not parts.netloc:
        raise InvalidRequest(SERVICE, "address", f"{uri!r} is no address such as s3://bucket/key")
    return parts.netloc, parts.path.lstrip("/")

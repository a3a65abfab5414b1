"""Direct access to moto's S3, for what the sandbox itself puts there: no HTTP, no faults, no log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sandbox.sagemaker.arns import ACCOUNT, REGION

if TYPE_CHECKING:
    from moto.s3.models import S3Backend


class Objects:
    """Buckets and objects of the account, seen from inside."""

    def create_bucket(self, bucket: str) -> None:
        """Create a bucket unless it is there."""
        backend = self._backend()
        if bucket not in backend.buckets:
            backend.create_bucket(bucket, REGION)

    def has_bucket(self, bucket: str) -> bool:
        """Whether there is such a bucket."""
        return bucket in self._backend().buckets

    def put(self, bucket: str, key: str, body: bytes) -> str:
        """Write an object; answers its `s3://` address."""
        self._backend().put_object(bucket, key, body)
        return f"s3://{bucket}/{key}"

    def put_json(self, bucket: str, key: str, document: Any) -> str:
        """Write a JSON document; answers its `s3://` address."""
        return self.put(bucket, key, json.dumps(document, indent=2).encode())

    def get(self, bucket: str, key: str) -> bytes | None:
        """Read an object; None when there is none."""
        if not self.has_bucket(bucket):
            return None
        found = self._backend().get_object(bucket, key)
        return None if found is None else bytes(found.value)

    def get_json(self, bucket: str, key: str) -> Any:
        """Read a JSON document; None when there is none."""
        body = self.get(bucket, key)
        return None if body is None else json.loads(body)

    def tags(self, bucket: str, key: str) -> dict[str, str]:
        """The tags of an object; empty when it has none, or is not there."""
        found = self._backend().get_object(bucket, key) if self.has_bucket(bucket) else None
        if found is None:
            return {}
        tagged: dict[str, str] = self._backend().tagger.get_tag_dict_for_resource(found.arn)
        return dict(tagged)

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """The keys under a prefix, in order."""
        if not self.has_bucket(bucket):
            return []
        held: Any = self._backend().buckets[bucket].keys  # moto does not say what is in it
        return sorted(str(key) for key in held if str(key).startswith(prefix))

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object, if it is there."""
        if self.get(bucket, key) is not None:
            self._backend().delete_object(bucket, key)

    @staticmethod
    def _backend() -> S3Backend:
        from moto.s3.models import s3_backends  # slow to import, and only needed while serving

        return s3_backends[ACCOUNT]["aws"]

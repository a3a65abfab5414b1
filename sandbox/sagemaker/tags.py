"""Tags of the resources that live in this layer; what moto keeps is tagged in moto."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class Tags:
    """Tags by resource ARN."""

    def __init__(self) -> None:
        self._tags: dict[str, dict[str, str]] = {}

    def put(self, arn: str, tags: list[dict[str, str]] | None) -> None:
        """Add or overwrite tags, in the wire's form `[{"Key": ..., "Value": ...}]`."""
        kept = self._tags.setdefault(arn, {})
        for tag in tags or []:
            kept[tag["Key"]] = tag["Value"]

    def of(self, arn: str) -> dict[str, str]:
        """The tags of a resource, empty when it has none."""
        return dict(self._tags.get(arn, {}))

    def knows(self, arn: str) -> bool:
        """Whether this resource lives in this layer."""
        return arn in self._tags

    def forget(self, arn: str) -> None:
        """Drop a resource that was deleted."""
        self._tags.pop(arn, None)

    def add_tags(self, request: Json) -> Json:
        """AddTags."""
        arn = str(request["ResourceArn"])
        self.put(arn, request.get("Tags"))
        return {"Tags": _wire(self.of(arn))}

    def list_tags(self, request: Json) -> Json:
        """ListTags, on one page."""
        return {"Tags": _wire(self.of(str(request["ResourceArn"])))}

    def delete_tags(self, request: Json) -> Json:
        """DeleteTags."""
        kept = self._tags.get(str(request["ResourceArn"]), {})
        for key in request.get("TagKeys", []):
            kept.pop(key, None)
        return {}


def _wire(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]

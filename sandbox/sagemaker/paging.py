"""Filters, order and pages, the same for every List operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sandbox.sagemaker.errors import invalid

Json = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Listing(Generic[T]):
    """How the items of one List operation are read.

    Attributes:
        key: the field of the answer that holds the list.
        summary: an item as it stands in that list.
        name: the item's name.
        created: unix seconds of its creation.
        modified: unix seconds of its last change; the creation when it never changes.
        status: its status, for `StatusEquals`.
        default_size: items on a page when the caller does not say.
        default_order: the order when the caller does not say.
    """

    key: str
    summary: Callable[[T], Json]
    name: Callable[[T], str]
    created: Callable[[T], float]
    modified: Callable[[T], float] | None = None
    status: Callable[[T], str] | None = None
    default_size: int = 10
    default_order: str = "Descending"

    def answer(self, items: Sequence[T], request: Json) -> Json:
        """The page of `items` that the request asks for, and the token of the next one if there is more."""
        chosen = [item for item in items if self._wanted(item, request)]
        chosen.sort(key=self._sort_key(request), reverse=self._descending(request))
        start = _offset(request.get("NextToken"))
        size = int(request.get("MaxResults") or self.default_size)
        answer: Json = {self.key: [self.summary(item) for item in chosen[start : start + size]]}
        if start + size < len(chosen):
            answer["NextToken"] = str(start + size)
        return answer

    def _wanted(self, item: T, request: Json) -> bool:
        contains = request.get("NameContains")
        if contains and str(contains).lower() not in self.name(item).lower():
            return False
        status = request.get("StatusEquals")
        if status and self.status is not None and self.status(item) != status:
            return False
        modified = self.modified or self.created
        bounds = (
            (self.created(item), ("CreationTimeAfter", "CreatedAfter"), ("CreationTimeBefore", "CreatedBefore")),
            (modified(item), ("LastModifiedTimeAfter",), ("LastModifiedTimeBefore",)),
        )
        for moment, after_keys, before_keys in bounds:
            if any(request.get(key) is not None and moment <= float(request[key]) for key in after_keys):
                return False
            if any(request.get(key) is not None and moment >= float(request[key]) for key in before_keys):
                return False
        return True

    def _sort_key(self, request: Json) -> Callable[[T], tuple[Any, ...]]:
        by = request.get("SortBy")
        status, modified = self.status, self.modified
        if by == "Name":
            return lambda item: (self.name(item),)
        if by == "Status" and status is not None:
            return lambda item: (status(item), self.created(item))
        if by == "LastModifiedTime" and modified is not None:
            return lambda item: (modified(item), self.name(item))
        return lambda item: (self.created(item), self.name(item))

    def _descending(self, request: Json) -> bool:
        return (request.get("SortOrder") or self.default_order) == "Descending"


def _offset(token: Any) -> int:
    if token is None:
        return 0
    text = str(token)
    if not text.isdigit():
        raise invalid("Invalid pagination token.")
    return int(text)

"""A small way to check JSON and say where it is wrong, in Slack's words and JSON pointers."""

from collections.abc import Collection
from typing import Any

from sandbox.slack.shape import as_array, as_object


class Node:
    """One JSON object under inspection. Every complaint lands in the shared `problems`."""

    def __init__(self, value: dict[str, Any], pointer: str, problems: list[str]):
        self.value = value
        self.pointer = pointer
        self.problems = problems

    @property
    def type(self) -> str:
        """The object's `type`, empty when it has none."""
        return str(self.value.get("type", ""))

    def has(self, key: str) -> bool:
        """Whether the field is there at all."""
        return key in self.value

    def reject(self, complaint: str, key: str | None = None) -> None:
        """Note a problem of this object, or of one of its fields."""
        where = self.pointer if key is None else f"{self.pointer}/{key}"
        self.problems.append(f"{complaint} [json-pointer:{where}]")

    def fields(self, *, required: Collection[str] = (), optional: Collection[str] = ()) -> None:
        """Only these fields, and all of the required."""
        for key in required:
            if key not in self.value:
                self.reject(f"missing required field: {key}")
        for key in self.value:
            if key not in required and key not in optional:
                self.reject(f"invalid additional property: {key}")

    def string(self, key: str, limit: int, *, minimum: int = 1) -> None:
        """If there, a string of `minimum` to `limit` characters."""
        if key not in self.value:
            return
        text = self.value[key]
        if not isinstance(text, str):
            self.reject("must be a string", key)
        elif len(text) < minimum:
            self.reject(f"must be more than {minimum - 1} characters", key)
        elif len(text) > limit:
            self.reject(f"must be less than {limit + 1} characters", key)

    def flag(self, *keys: str) -> None:
        """If there, true or false."""
        for key in keys:
            if key in self.value and not isinstance(self.value[key], bool):
                self.reject("must be a boolean", key)

    def one_of(self, key: str, allowed: Collection[str]) -> None:
        """If there, one of these words."""
        if key in self.value and self.value[key] not in allowed:
            self.reject(f"must be one of: {', '.join(sorted(allowed))}", key)

    def child(self, key: str) -> "Node | None":
        """The object in a field, if there; a complaint if it is not an object."""
        if key not in self.value:
            return None
        inner = as_object(self.value[key])
        if inner is None:
            self.reject("must provide an object", key)
            return None
        return Node(inner, f"{self.pointer}/{key}", self.problems)

    def items(self, key: str, limit: int, *, minimum: int = 1) -> list["Node"]:
        """The objects in an array field, if there, with complaints about its length and what is no object."""
        if key not in self.value:
            return []
        entries = as_array(self.value[key])
        if entries is None:
            self.reject("must provide an array", key)
            return []
        if len(entries) < minimum:
            self.reject(f"no fewer than {minimum} items allowed", key)
        if len(entries) > limit:
            self.reject(f"no more than {limit} items allowed", key)
        nodes: list[Node] = []
        for index, entry in enumerate(entries):
            inner = as_object(entry)
            if inner is not None:
                nodes.append(Node(inner, f"{self.pointer}/{key}/{index}", self.problems))
            else:
                self.reject("must provide an object", f"{key}/{index}")
        return nodes

    def unique(self, key: str, nodes: "list[Node]") -> None:
        """No two of `nodes` have the same `key`."""
        seen: set[str] = set()
        for node in nodes:
            value = node.value.get(key)
            if isinstance(value, str) and value in seen:
                node.reject(f"`{key}` '{value}' already exists for another element", key)
            elif isinstance(value, str):
                seen.add(value)

"""Checks requests against the constraints in botocore's own description of SageMaker: names, lengths, enums.

boto3 checks types and required parameters before it sends; the service checks the rest, and so does this.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, cast

from sandbox.sagemaker.errors import ApiError, invalid

Json = dict[str, Any]


class Constraints:
    """The constraints of every SageMaker operation."""

    @cached_property
    def _model(self) -> Any:
        import botocore.session  # pyright: ignore[reportMissingTypeStubs] # slow to import, and only needed while serving

        return botocore.session.get_session().get_service_model("sagemaker")

    def check(self, operation: str, request: Json) -> None:
        """Refuse a request that the service would not accept.

        Raises:
            ApiError: `UnknownOperationException`, or `ValidationException` with every violation in one message.
        """
        if operation not in self._model.operation_names:
            raise ApiError("UnknownOperationException", f"{operation} is not an operation of SageMaker.")
        shape = self._model.operation_model(operation).input_shape
        violations: list[str] = []
        if shape is not None:
            _check_structure(shape, request, "", violations)
        if violations:
            noun = "error" if len(violations) == 1 else "errors"
            raise invalid(f"{len(violations)} validation {noun} detected: {'; '.join(violations)}")


def _check(shape: Any, value: Any, path: str, violations: list[str]) -> None:
    match shape.type_name:
        case "structure" if isinstance(value, dict):
            _check_structure(shape, cast(Json, value), path, violations)
        case "list" if isinstance(value, list):
            entries = cast(list[Any], value)
            _check_range(shape, len(entries), entries, path, "have length", violations)
            for position, entry in enumerate(entries):
                _check(shape.member, entry, f"{path}.{position + 1}.member", violations)
        case "string" if isinstance(value, str):
            _check_range(shape, len(value), value, path, "have length", violations)
            _check_string(shape, value, path, violations)
        case "integer" | "long" | "float" | "double" if isinstance(value, int | float):
            _check_range(shape, value, value, path, "have value", violations)
        case _:
            pass


def _check_structure(shape: Any, value: Json, path: str, violations: list[str]) -> None:
    for name in shape.required_members:
        if value.get(name) is None:
            where = _join(path, name)
            violations.append(f"Value null at '{where}' failed to satisfy constraint: Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            _check(member, value[name], _join(path, name), violations)


def _check_range(shape: Any, size: float, value: Any, path: str, words: str, violations: list[str]) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        violations.append(_violation(value, path, f"Member must {words} greater than or equal to {low}"))
    if high is not None and size > high:
        violations.append(_violation(value, path, f"Member must {words} less than or equal to {high}"))


def _check_string(shape: Any, value: str, path: str, violations: list[str]) -> None:
    if shape.enum and value not in shape.enum:
        allowed = ", ".join(shape.enum)
        violations.append(_violation(value, path, f"Member must satisfy enum value set: [{allowed}]"))
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        violations.append(_violation(value, path, f"Member must satisfy regular expression pattern: {pattern}"))


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    except re.error:
        return True  # a Java expression that Python cannot read; the service is the judge of it


def _violation(value: Any, path: str, rule: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {rule}"


def _join(path: str, name: str) -> str:
    leaf = name[0].lower() + name[1:]
    return f"{path}.{leaf}" if path else leaf

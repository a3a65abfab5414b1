"""Alert rules read from Prometheus's rule files."""

import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from tools.manifests.problems import first_problem
from tools.manifests.yaml_lines import read
from tools.prometheus.series import AlertRule

_UNITS = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0.001}
_DURATION = re.compile(r"(?:\d+(?:ms|[ywdhms]))+")
_PART = re.compile(r"(\d+)(ms|[ywdhms])")


def duration(text: str) -> timedelta:
    """Prometheus's durations: ``5m``, ``1h30m``, ``500ms``, ``0``.

    promql-parser has one too, which reads ``500ms`` as half a millisecond and refuses ``0s``.

    Raises:
        ValueError: it is none.
    """
    if text == "0":
        return timedelta(0)
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is no duration such as 5m, 1h30m or 500ms")
    return timedelta(seconds=sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(text)))


def _duration(value: Any) -> Any:
    return duration(str(value)) if isinstance(value, (str, int)) else value


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Rule(_File):
    alert: str | None = None
    record: str | None = None
    expression: str = Field(validation_alias=AliasChoices("expr"))
    hold: Annotated[timedelta, BeforeValidator(_duration)] = Field(
        default=timedelta(0), validation_alias=AliasChoices("for")
    )
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class _Group(_File):
    name: str
    rules: tuple[_Rule, ...] = ()


class _Rules(_File):
    groups: tuple[_Group, ...]


def rules_from_files(paths: Iterable[Path]) -> list[AlertRule]:
    """The alerting rules of these files, in order; recording rules are left out.

    Raises:
        ManifestError: a file cannot be read or is no rule file; names file, line and key.
    """
    return [rule for path in paths for rule in _rules(path)]


def _rules(path: Path) -> list[AlertRule]:
    document = read(path)
    try:
        content = _Rules.model_validate(document.mapping())
    except ValidationError as error:
        raise first_problem(document, error, _Rules) from error
    return [
        AlertRule(
            name=rule.alert,
            expression=rule.expression,
            hold=rule.hold,
            labels=rule.labels,
            annotations=rule.annotations,
        )
        for group in content.groups
        for rule in group.rules
        if rule.alert is not None
    ]

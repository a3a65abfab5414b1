"""Reads the JSON that Prometheus answers. Whatever is not as its API promises is a `BadAnswer`."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from incidents.verification import Sample
from tools.errors import BadAnswer
from tools.prometheus.errors import SERVICE
from tools.prometheus.series import AlertRule, InstantSample, Series

T = TypeVar("T")


def vector(result: Any) -> list[InstantSample]:
    """The result of an instant query: a vector, or a scalar as one sample without labels."""
    return _read("query", lambda: _vector(result))


def matrix(result: Any) -> list[Series]:
    """The result of a range query."""
    return _read(
        "query_range",
        lambda: [
            Series(labels=_labels(one["metric"]), samples=tuple(_sample(pair) for pair in _list(one["values"])))
            for one in _list(result)
        ],
    )


def rules(data: Any) -> list[AlertRule]:
    """The alerting rules in the `data` of the rules API, in file order."""
    return _read(
        "rules",
        lambda: [
            AlertRule(
                name=str(rule["name"]),
                expression=str(rule["query"]),
                hold=timedelta(seconds=float(rule.get("duration", 0))),
                labels=_labels(rule.get("labels") or {}),
                annotations=_labels(rule.get("annotations") or {}),
            )
            for group in _list(data["groups"])
            for rule in _list(group["rules"])
            if rule["type"] == "alerting"
        ],
    )


def _read(operation: str, reading: Callable[[], T]) -> T:
    try:
        return reading()
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, OSError) as error:
        raise BadAnswer(SERVICE, operation, f"unexpected JSON: {type(error).__name__}: {error}"[:300]) from error


def _vector(result: Any) -> list[InstantSample]:
    rows = _list(result)
    if len(rows) == 2 and not isinstance(rows[0], dict):
        sample = _sample(rows)
        return [InstantSample(labels={}, at=sample.at, value=sample.value)]
    found: list[InstantSample] = []
    for one in rows:
        sample = _sample(one["value"])
        found.append(InstantSample(labels=_labels(one["metric"]), at=sample.at, value=sample.value))
    return found


def _list(value: Any) -> Sequence[Any]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, got {type(value).__name__}")
    return cast(list[Any], value)


def _labels(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise TypeError(f"expected labels, got {type(value).__name__}")
    return {str(key): str(text) for key, text in cast(Mapping[Any, Any], value).items()}


def _sample(pair: Any) -> Sample:
    moment, value = _list(pair)
    if not isinstance(value, str) or isinstance(moment, (str, bool)):
        raise TypeError("a sample is a number and a text")
    seconds = float(moment)
    if not math.isfinite(seconds):
        raise ValueError("a sample's time is not finite")
    return Sample(at=datetime.fromtimestamp(seconds, UTC), value=float(value))

"""Production durations divided by the speed: in rules, in expressions, in the configs of Prometheus and Alertmanager.

Clocks stay wall clocks. A `for` never falls under one second and a range never under four scrapes, so that a rate has
enough samples whatever the speed.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

import yaml

PRODUCTION_SCRAPE_SECONDS = 15.0
SMALLEST_SCRAPE_SECONDS = 1.0
SCRAPES_IN_A_RANGE = 4

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
_DURATION = r"(?:\d+(?:ms|[smhdwy]))+"
_PART = re.compile(r"(\d+)(ms|[smhdwy])")
_TOKENS = re.compile(
    rf"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    rf"""|\[\s*(?P<range>{_DURATION})\s*(?P<sub>:\s*(?P<step>{_DURATION})?\s*)?\]"""
    rf"""|(?P<offset>\boffset\s+-?)(?P<by>{_DURATION})"""
)


def parse_duration(text: str) -> float:
    """Seconds of a Prometheus duration such as `1h30m`.

    Raises:
        ValueError: It is not one.
    """
    if text == "0":
        return 0.0
    if not re.fullmatch(_DURATION, text):
        raise ValueError(f"not a duration: {text!r}")
    return sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def format_duration(seconds: float) -> str:
    """A Prometheus duration, exact to the millisecond."""
    milliseconds = round(seconds * 1000)
    if milliseconds % 1000:
        return f"{milliseconds}ms"
    whole = milliseconds // 1000
    for unit, size in (("h", 3600), ("m", 60)):
        if whole and whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}s"


@dataclass(frozen=True, slots=True)
class Scale:
    """Divides durations by `speed` (at least 1)."""

    speed: float

    @property
    def scrape_seconds(self) -> float:
        """The interval of scrapes and of rule evaluations."""
        return max(SMALLEST_SCRAPE_SECONDS, PRODUCTION_SCRAPE_SECONDS / self.speed)

    def seconds(self, production_seconds: float) -> float:
        """A duration without a floor."""
        return production_seconds / self.speed

    def hold(self, text: str) -> str:
        """A rule's `for`."""
        seconds = parse_duration(text)
        return format_duration(max(1.0, seconds / self.speed) if seconds else 0.0)

    def interval(self, text: str) -> str:
        """An interval of Alertmanager, to the millisecond."""
        return format_duration(max(0.001, parse_duration(text) / self.speed))

    def range(self, text: str) -> str:
        """A range in an expression: whole seconds, at least four scrapes."""
        least = SCRAPES_IN_A_RANGE * self.scrape_seconds
        return format_duration(max(least, math.ceil(parse_duration(text) / self.speed)))

    def expression(self, promql: str) -> str:
        """A PromQL expression with its ranges and offsets scaled; text in quotes stays."""

        def replace(found: re.Match[str]) -> str:
            if found["text"] is not None:
                return found["text"]
            if found["by"] is not None:
                return found["offset"] + format_duration(parse_duration(found["by"]) / self.speed)
            step = found["step"]
            inside = f":{self.range(step) if step else ''}" if found["sub"] else ""
            return f"[{self.range(found['range'])}{inside}]"

        return _TOKENS.sub(replace, promql)

    def rules(self, document: dict[str, Any]) -> dict[str, Any]:
        """A rule file: `for`, `keep_firing_for`, group intervals and expressions."""
        groups: list[dict[str, Any]] = []
        for group in document["groups"]:
            rules: list[dict[str, Any]] = []
            for rule in group["rules"]:
                scaled = {**rule, "expr": self.expression(str(rule["expr"]))}
                for key in ("for", "keep_firing_for"):
                    if key in rule:
                        scaled[key] = self.hold(str(rule[key]))
                rules.append(scaled)
            scaled_group = {**group, "rules": rules}
            scaled_group.pop("interval", None)
            groups.append(scaled_group)
        return {"groups": groups}

    def catalogue(self, text: str) -> str:
        """manifests/models.yaml with the ranges of its signal queries scaled; all else stays as it is written."""
        lines = [self.expression_in(line) if "query:" in line else line for line in text.splitlines(keepends=True)]
        return "".join(lines)

    def expression_in(self, line: str) -> str:
        """A line of YAML that holds an expression in quotes; only ranges in square brackets are touched."""
        pattern = re.compile(rf"\[({_DURATION})\]")
        return pattern.sub(lambda found: f"[{self.range(found[1])}]", line)


def load_yaml(text: str) -> dict[str, Any]:
    """A YAML document that is a mapping.

    Raises:
        ValueError: It is not a mapping.
    """
    document: object = yaml.safe_load(text)
    if not isinstance(document, dict):
        raise ValueError("expected a mapping")
    return document  # pyright: ignore[reportUnknownVariableType] - YAML knows no types

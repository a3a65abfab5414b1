"""The few Go templates that annotations of alert rules use: `$labels.x`, `$value`, `humanize...`, `printf`."""

import math
import re
from collections.abc import Mapping

_ACTION = re.compile(r"\{\{\s*(.*?)\s*\}\}")
_PRINTF = re.compile(r'printf "%(\.\d+)?([fg])"')


def humanize(value: float) -> str:
    """Four significant digits with an SI prefix, as Prometheus writes them."""
    if value == 0 or math.isnan(value) or math.isinf(value):
        return f"{value:.4g}"
    prefix = ""
    if abs(value) >= 1:
        for candidate in ("k", "M", "G", "T", "P", "E"):
            if abs(value) < 1000:
                break
            prefix, value = candidate, value / 1000
    else:
        for candidate in ("m", "u", "n", "p"):
            if abs(value) >= 1:
                break
            prefix, value = candidate, value * 1000
    return f"{value:.4g}{prefix}"


def expand(text: str, labels: Mapping[str, str], value: float) -> str:
    """Expand a template; an action it does not know stays as it is."""

    def replace(found: re.Match[str]) -> str:
        head, *pipes = [part.strip() for part in found[1].split("|")]
        if head.startswith("$labels."):
            result: str | None = labels.get(head.removeprefix("$labels."), "")
        elif head == "$value":
            result = _pipe(pipes, value)
        else:
            result = None
        return found[0] if result is None else result

    return _ACTION.sub(replace, text)


def _pipe(pipes: list[str], value: float) -> str | None:
    if not pipes:
        return f"{value!r}".removesuffix(".0")
    if pipes[0] == "humanizePercentage":
        return f"{value * 100:.4g}%"
    if pipes[0] == "humanize":
        return humanize(value)
    printf = _PRINTF.fullmatch(pipes[0])
    return f"{value:{printf[1] or '.6'}{printf[2]}}" if printf else None

"""The address of a log group in the AWS console, as the console writes it itself: parameters encoded twice."""

from datetime import datetime
from urllib.parse import quote

from tools.cloudwatch_logs.records import LogPlace

_DOMAINS = {"cn-": "console.amazonaws.cn", "us-gov-": "console.amazonaws-us-gov.com"}


def console_url(region: str, place: LogPlace, start: datetime, end: datetime) -> str:
    """The events of an endpoint's group in a window; of a job, the streams with its name."""
    domain = next(
        (domain for prefix, domain in _DOMAINS.items() if region.startswith(prefix)), "console.aws.amazon.com"
    )
    group = (
        f"https://{region}.{domain}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{_twice(place.group)}"
    )
    if place.streams:
        wanted = "?logStreamNameFilter=" + quote(place.streams, safe="")
        return group + _once(wanted)
    window = f"?start={int(start.timestamp() * 1000)}&end={int(end.timestamp() * 1000)}"
    return f"{group}/log-events{_once(window)}"


def _once(text: str) -> str:
    """What the console does to a query behind its ``#``: ``?`` is ``$3F``, ``=`` is ``$3D``, ``&`` is ``$26``."""
    return quote(text, safe="").replace("%", "$")


def _twice(text: str) -> str:
    return quote(quote(text, safe=""), safe="").replace("%", "$")

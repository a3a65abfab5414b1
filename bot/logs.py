"""Structured logs: one line an event, secrets taken out, the incident's id in every line that has one."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

SECRET_KEY = re.compile(r"token|secret|password|authorization|api_key|cookie", re.IGNORECASE)
SECRET_VALUE = re.compile(
    r"xox[abeprs]-[\w-]+|xapp-[\w-]+|sk-ant-[\w-]+|AKIA[0-9A-Z]{16}|(?i:bearer)\s+[\w.~+/=-]{8,}|://[^/\s:@]+:[^/\s@]+@"
)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take out values under telling keys and what looks like a secret anywhere."""
    for key, value in list(event.items()):
        if SECRET_KEY.search(key) and value:
            event[key] = "[redacted]"
        elif isinstance(value, str):
            event[key] = SECRET_VALUE.sub("[redacted]", value)
    return event


def configure(level: str, form: str) -> None:
    """Send our logs and everybody else's through the same chain to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if form == "console" else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("slack_bolt", "slack_sdk", "httpx", "httpx2", "botocore", "urllib3", "dbos", "alembic", "chromadb"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))

"""Structured logs: one line an event, secrets taken out, the incident's id in every line that has one."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, cast

import structlog
from pydantic import SecretBytes, SecretStr

OURS = ("__main__", "bot", "agents", "tools", "incidents")
"""Loggers that speak at the level of the settings; everybody else's are heard from WARNING on."""

REDACTED = "[redacted]"
SECRET_KEY = re.compile(r"token|secret|password|passwd|authorization|api[_-]?key|cookie", re.IGNORECASE)
SECRET_VALUE = re.compile(
    r"xox[abeprs]-[\w-]+|xapp-[\w-]+|sk-ant-[\w-]+|(?:AKIA|ASIA)[0-9A-Z]{16}"
    r"|(?i:bearer)\s+[\w.~+/=-]{8,}|(?i:basic)\s+[\w+/=]{8,}|hooks\.slack\.com/[\w/-]+"
)
URL_LOGIN = re.compile(r"(://)[^/\s:@]*:[^/\s]*@")
NAMED_SECRET = re.compile(
    r"""((?:token|secret|password|passwd|api[_-]?key|access_key|x-amz-signature)["']?\s*[=:]\s*["']?)[^\s"'&,;)}\]]+""",
    re.IGNORECASE,
)
"""`token=...` in a query, a header or a repr."""
DEEPEST = 8

UNTRUE_OF_US = "As you gave `client` as well, `token` will be unused."
"""Bolt says so of a SLACK_BOT_TOKEN that it finds in the environment by itself; the client has that very token."""


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take out values under telling keys and what looks like a secret anywhere, however deep."""
    for key, value in list(event.items()):
        event[key] = _harmless(key, value, 0)
    return event


def _harmless(key: str, value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        # A count of tokens is no token.
        return value
    if isinstance(value, SecretStr | SecretBytes) or (value and SECRET_KEY.search(key)):
        return REDACTED
    if isinstance(value, str):
        return _without_secrets(value)
    if depth >= DEEPEST:
        return REDACTED
    if isinstance(value, Mapping):
        pairs = cast("Mapping[Any, Any]", value).items()
        return {_without_secrets(str(name)): _harmless(str(name), inner, depth + 1) for name, inner in pairs}
    if isinstance(value, list | tuple | set | frozenset):
        return [_harmless(key, inner, depth + 1) for inner in cast("list[Any]", value)]
    return _without_secrets(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))


def _without_secrets(text: str) -> str:
    text = SECRET_VALUE.sub(REDACTED, text)
    text = URL_LOGIN.sub(rf"\1{REDACTED}@", text)
    return NAMED_SECRET.sub(rf"\1{REDACTED}", text)


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
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if form == "console"
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_worth_a_line)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    own = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(max(logging.WARNING, own))
    for name in OURS:
        logging.getLogger(name).setLevel(own)
    # DBOS prints with a handler of its own, past the redaction, unless it finds one there.
    engine = logging.getLogger("dbos")
    engine.handlers[:] = [logging.NullHandler()]
    engine.propagate = True


def _worth_a_line(record: logging.LogRecord) -> bool:
    """Some libraries (bm25s, when it is imported) set their own loggers to DEBUG, past the root's level."""
    if record.name.partition(".")[0] in OURS:
        return True
    return record.levelno >= logging.WARNING and record.msg != UNTRUE_OF_US

"""The command line sets logging up for a process of its own; tests share one."""

import logging
from collections.abc import Generator
from contextlib import contextmanager

import structlog

from bot import logs


@contextmanager
def restored_logging() -> Generator[None]:
    """Put loggers back as they were at the end of the block."""
    loggers = [logging.getLogger(), *map(logging.getLogger, (*logs.OURS, "bm25s", "dbos"))]
    before = [(one, one.level, list(one.handlers), one.propagate) for one in loggers]
    try:
        yield
    finally:
        for one, level, handlers, propagate in before:
            one.setLevel(level)
            one.handlers[:] = handlers
            one.propagate = propagate
        structlog.reset_defaults()

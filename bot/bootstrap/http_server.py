"""The HTTP server inside our process, and the socket it listens on."""

import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from bot.bootstrap.ground import Incomplete

if TYPE_CHECKING:
    from fastapi import FastAPI

GRACE_S = 5
"""How long answers that are under way may take once the server stops."""


def listening(host: str, port: int) -> socket.socket:
    """A bound socket. Raises `Incomplete` where the address cannot be used."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Incomplete(f"AGENTOPS_PORT: {host}:{port} cannot be used ({error.strerror})") from error
    return listener


class HttpServer(uvicorn.Server):
    """Uvicorn whose signals are ours."""

    @classmethod
    def of(cls, app: "FastAPI") -> "HttpServer":
        """A server of `app`; `serve` runs it until `stop`."""
        return cls(
            uvicorn.Config(
                app,
                http="httptools",
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=GRACE_S,
            )
        )

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Take no signal."""
        yield

    def stop(self) -> None:
        """Take no new connection, answer what is under way, and end."""
        self.should_exit = True

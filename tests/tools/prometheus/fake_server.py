"""A small Prometheus that answers what a test tells it to, faults included."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    address: dict[str, str]
    form: dict[str, str]
    authorization: str | None


@dataclass
class FakePrometheus:
    """Answers requests in order from `answers`; the last one stays."""

    url: str = ""
    answers: list[Answer] = field(default_factory=list[Answer])
    asked: list[Asked] = field(default_factory=list[Asked])
    released: threading.Event = field(default_factory=threading.Event)
    """Set at the end of the test: answers that hang wait for it."""

    def next(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def send(status: int, body: bytes, **headers: str) -> Answer:
    """An answer with this status and body."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def result(rows: Any, kind: str = "vector") -> Answer:
    """A successful query's answer."""
    return send(200, json.dumps({"status": "success", "data": {"resultType": kind, "result": rows}}).encode())


@contextmanager
def running() -> Generator[FakePrometheus]:
    """A fake that listens on a free port."""
    state = FakePrometheus()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            form = dict(parse_qsl(self.rfile.read(length).decode()))
            authorization = self.headers.get("Authorization")
            state.asked.append(Asked(self.command, parts.path, dict(parse_qsl(parts.query)), form, authorization))
            state.next()(self)

        do_GET = do_POST = _serve

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the test's output quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A caller that gives up early is what these tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield state
    state.released.set()
    server.shutdown()
    thread.join()
    server.server_close()

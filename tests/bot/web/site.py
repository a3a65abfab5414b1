"""HTTP as Alertmanager, Prometheus and a browser see it: a real server, a real database."""

import asyncio
import io
import json
import re
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn
from sqlmodel import func, select

from bot.group_commit import GroupCommit
from bot.metrics import Metrics
from bot.web import WebDeps, asgi_app
from incidents.clock import now
from tests.incidents.builders import catalogue
from tools.incident_store.database import Database, reachable
from tools.incident_store.tables import AlertRecord
from tools.incident_store.writer.intake import Delivery
from tools.incident_store.writer.store import open_writer

ROOT = Path(__file__).parents[3]
CAPTURES: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))["body"]
    for path in sorted((ROOT / "tests" / "fixtures" / "alertmanager").glob("*.json"))
}
WEBHOOK = "/webhooks/alertmanager"
DRIFT_EVENTS = "/webhooks/drift-events"
TOKEN, SECOND, METRICS = "first-token-0123456789", "second-token-0123456789", "metrics-token-0123456789"
ALERT: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "EndpointLatencyP99High", "model": "product-recommender", "severity": "critical"},
    "annotations": {"summary": "p99 is 2.4 s"},
    "startsAt": "2026-11-20T12:00:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus.example/graph",
    "fingerprint": "00000000000000a1",
}
PAYLOAD: dict[str, Any] = {
    "version": "4",
    "groupKey": "{}:{}",
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "agentops",
    "groupLabels": {},
    "commonLabels": {},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager.example",
    "alerts": [ALERT],
}


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Site:
    """A served application, its database, and how often the work was woken."""

    database: Database
    session: aiohttp.ClientSession
    url: str
    woken: list[int] = field(default_factory=list[int])

    async def call(self, method: str, path: str, **how: Any) -> Answer:
        async with self.session.request(method, self.url + path, **how) as response:
            return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, await response.text())

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.call("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    async def post(self, body: Any, token: str | None = TOKEN, path: str = WEBHOOK) -> Answer:
        data = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        return await self.call("POST", path, data=data, headers=headers)

    def rows(self) -> int:
        with self.database.read() as session:
            return session.exec(select(func.count()).select_from(AlertRecord)).one()

    async def counted(self, code: int) -> float:
        told = (await self.get("/metrics")).text
        found = re.search(rf'^agentops_webhook_deliveries_total{{code="{code}"}} (\S+)$', told, re.MULTILINE)
        return float(found[1]) if found else 0.0


class Server(uvicorn.Server):
    """Signals belong to pytest."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def deps_for(database: Database, woken: list[int], **changes: Any) -> WebDeps:
    numbers = count(1)
    writer = open_writer(database, catalogue(), settle=timedelta(0), new_id=lambda: f"i{next(numbers)}")

    async def problems() -> list[str]:
        return [] if await asyncio.to_thread(reachable, database) else ["the database does not answer"]

    usual: dict[str, Any] = {
        "intake": GroupCommit[Delivery](lambda deliveries: writer.intake.store_all(deliveries, now())),
        "catalogue": catalogue(),
        "wake": lambda: woken.append(1),
        "webhook_tokens": [TOKEN, SECOND],
        "metrics_token": None,
        "problems": problems,
        "metrics": Metrics(),
        "slack_http": None,
        "people_can_reach": lambda: True,
        "runbooks_dir": ROOT / "runbooks",
    }
    return WebDeps(**{**usual, **changes})


@asynccontextmanager
async def served(database: Database, **changes: Any) -> AsyncGenerator[Site]:
    woken: list[int] = []
    app = asgi_app(deps_for(database, woken, **changes))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    server = Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none"))
    serving = asyncio.create_task(server.serve([listener]))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        site = Site(database, session, f"http://127.0.0.1:{listener.getsockname()[1]}", woken)
        # The socket listens from here on, so that a call made before the server has started waits for it.
        try:
            yield site
        finally:
            server.should_exit = True
            await serving
            listener.close()


def changed(**changes: Any) -> dict[str, Any]:
    return {**deepcopy(PAYLOAD), **changes}


def without(*path: str | int) -> dict[str, Any]:
    payload = deepcopy(PAYLOAD)
    place: Any = payload
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return payload

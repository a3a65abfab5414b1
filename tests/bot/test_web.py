"""HTTP as Alertmanager, Prometheus and a browser see it: a real server, a real database."""

import asyncio
import io
import json
import re
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, cast

import aiohttp
import jsonschema
import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate as validate_openapi
from prometheus_client import CollectorRegistry
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlmodel import func, select

from bot.web import WebDeps, asgi_app
from incidents.clock import now
from tests.incidents.builders import catalogue
from tests.thoroughness import EXAMPLES, thorough
from tools.incident_store.database import Database, reachable
from tools.incident_store.migrate import migrate
from tools.incident_store.tables import AlertRecord
from tools.incident_store.writer.store import open_writer

ROOT = Path(__file__).parents[2]
CAPTURES: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))["body"]
    for path in sorted((ROOT / "tests" / "fixtures" / "alertmanager").glob("*.json"))
}
WEBHOOK = "/webhooks/alertmanager"
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

    async def post(self, body: Any, token: str | None = TOKEN) -> Answer:
        data = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        return await self.call("POST", WEBHOOK, data=data, headers=headers)

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
        "intake": writer.intake,
        "catalogue": catalogue(),
        "clock": now,
        "wake": lambda: woken.append(1),
        "webhook_tokens": [TOKEN, SECOND],
        "metrics_token": None,
        "problems": problems,
        "registry": CollectorRegistry(),
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


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database file with our tables."""
    path = tmp_path_factory.mktemp("migrated") / "one.sqlite"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.close()
    return path.read_bytes()


@pytest.fixture
async def site(tmp_path: Path, empty: bytes) -> AsyncIterator[Site]:
    (tmp_path / "agentops.sqlite").write_bytes(empty)
    database = Database(f"sqlite:///{tmp_path / 'agentops.sqlite'}")
    async with served(database) as one:
        yield one
    database.close()


def changed(**changes: Any) -> dict[str, Any]:
    return {**deepcopy(PAYLOAD), **changes}


def without(*path: str | int) -> dict[str, Any]:
    payload = deepcopy(PAYLOAD)
    place: Any = payload
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return payload


async def test_a_payload_is_stored_before_it_is_answered_and_the_work_is_woken(site: Site) -> None:
    answer = await site.post(PAYLOAD)
    assert (answer.status, answer.json, site.rows(), len(site.woken)) == (200, {"received": 1, "stored": 1}, 1, 1)


async def test_a_payload_that_comes_again_changes_nothing(site: Site) -> None:
    await site.post(PAYLOAD)
    answer = await site.post(PAYLOAD)
    assert (answer.status, answer.json, site.rows()) == (200, {"received": 1, "stored": 0}, 1)


@pytest.mark.parametrize("token", [TOKEN, SECOND])
async def test_both_tokens_are_valid_while_they_are_rotated(site: Site, token: str) -> None:
    assert (await site.post(PAYLOAD, token)).status == 200


@pytest.mark.parametrize("token", [None, "wrong", TOKEN[:-1], f"{TOKEN} ", f"{TOKEN},{SECOND}", "tökén"])
async def test_without_a_valid_token_nothing_is_stored_and_the_refusal_is_counted(
    site: Site, token: str | None
) -> None:
    # aiohttp, like every client, drops blanks around a header's value.
    accepted = token is not None and token.strip() == TOKEN
    answer = await site.post(PAYLOAD, token)
    if accepted:
        assert answer.status == 200
        return
    assert (answer.status, answer.headers["www-authenticate"], site.rows(), site.woken) == (401, "Bearer", 0, [])
    assert await site.counted(401) == 1


@pytest.mark.parametrize("given", [f"Basic {TOKEN}", TOKEN, "Bearer", f"Token {TOKEN}"])
async def test_another_scheme_is_refused(site: Site, given: str) -> None:
    answer = await site.call("POST", WEBHOOK, json=PAYLOAD, headers={"Authorization": given})
    assert (answer.status, site.rows()) == (401, 0)


async def test_with_no_token_configured_every_alert_is_refused(tmp_path: Path, empty: bytes) -> None:
    (tmp_path / "a.sqlite").write_bytes(empty)
    database = Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    async with served(database, webhook_tokens=[]) as site:
        for token in (None, "", TOKEN):
            assert (await site.post(PAYLOAD, token)).status == 401
        assert (site.rows(), await site.counted(401)) == (0, 3)
    database.close()


async def test_a_body_without_a_token_is_not_even_read(site: Site) -> None:
    assert (await site.post(b"not json", None)).status == 401


@pytest.mark.parametrize("body", [b"", b"nope", b"{", b'{"version": "4"', b"\xff\xfe", b'"\\ud800"', b"[" * 5000])
async def test_what_is_not_json_is_refused(site: Site, body: bytes) -> None:
    answer = await site.post(body)
    assert (answer.status, answer.json["field"], site.rows()) == (400, "", 0)
    assert answer.json["detail"].startswith("body: Invalid JSON")
    assert await site.counted(400) == 1


@pytest.mark.parametrize("version", ["3", "5", 4, None, ""])
async def test_another_version_is_refused_by_name(site: Site, version: Any) -> None:
    answer = await site.post(changed(version=version))
    assert (answer.status, answer.json["field"], site.rows()) == (400, "version", 0)
    assert "'4'" in answer.json["detail"]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (without("version"), "version"),
        (without("groupKey"), "groupKey"),
        (without("status"), "status"),
        (without("receiver"), "receiver"),
        (without("alerts"), "alerts"),
        (changed(alerts=[]), "alerts"),
        (changed(alerts={}), "alerts"),
        (changed(truncatedAlerts=-1), "truncatedAlerts"),
        (without("alerts", 0, "startsAt"), "alerts.0.startsAt"),
        (without("alerts", 0, "labels"), "alerts.0.labels"),
        (without("alerts", 0, "fingerprint"), "alerts.0.fingerprint"),
        (changed(alerts=[ALERT, {**ALERT, "startsAt": "yesterday"}]), "alerts.1.startsAt"),
        (changed(alerts=[{**ALERT, "startsAt": "2026-11-20T12:00:00"}]), "alerts.0.startsAt"),
        (changed(alerts=[{**ALERT, "status": "pending"}]), "alerts.0.status"),
        (changed(alerts=[{**ALERT, "labels": {"a": 1}}]), "alerts.0.labels.a"),
        ([], ""),
        ("4", ""),
        (None, ""),
    ],
)
async def test_a_missing_or_wrong_field_is_named_as_it_is_spelt_on_the_wire(site: Site, body: Any, name: str) -> None:
    answer = await site.post(body)
    assert (answer.status, answer.json["field"], site.rows()) == (422, name, 0)
    assert answer.json["detail"].startswith(name or "body")


async def test_how_many_more_fields_are_wrong_is_told(site: Site) -> None:
    assert (await site.post({})).json["detail"] == "version: Field required (and 4 more)"


async def test_a_key_of_the_callers_own_does_not_fill_the_answer(site: Site) -> None:
    answer = await site.post(changed(alerts=[{**ALERT, "labels": {"k" * 100_000: "x"}}]))
    assert answer.status == 422 and len(answer.text) < 1500


async def test_a_body_of_ten_megabytes_is_refused(site: Site) -> None:
    answer = await site.post(b" " * 10_000_000)
    assert (answer.status, site.rows()) == (413, 0)
    assert "8,000,000 bytes" in answer.json["detail"]
    assert await site.counted(413) == 1


async def test_a_large_body_that_does_not_tell_its_length_is_refused_as_well(site: Site) -> None:
    async def pieces() -> AsyncGenerator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    answer = await site.call("POST", WEBHOOK, data=pieces(), headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status, site.rows(), await site.counted(413)) == (413, 0, 1)


async def test_one_large_text_is_accepted(site: Site) -> None:
    long = {**ALERT, "annotations": {"summary": "<!channel> \u202e" + "x" * 100_000}}
    assert (await site.post(changed(alerts=[long]))).status == 200


@pytest.mark.parametrize("body", CAPTURES.values(), ids=CAPTURES.keys())
async def test_everything_that_alertmanager_sent_is_accepted(site: Site, body: dict[str, Any]) -> None:
    answer = await site.post(body)
    assert answer.status == 200
    assert answer.json["received"] == len(body["alerts"]) == site.rows()


async def test_a_bot_without_slack_is_ready_for_alerts_and_says_that_nobody_can_reach_it(site: Site) -> None:
    reached = [False]
    async with served(site.database, people_can_reach=lambda: reached[0]) as other:
        ready = await other.get("/readyz")
        assert (ready.status, ready.json) == (200, {"status": "ready", "slack": "not connected"})
        reached[0] = True
        assert (await other.get("/readyz")).json["slack"] == "connected"


async def test_a_database_that_cannot_be_opened_means_503_until_it_is_back(tmp_path: Path, empty: bytes) -> None:
    away = tmp_path / "not" / "there"
    database = Database(f"sqlite:///{away / 'agentops.sqlite'}")
    async with served(database) as site:
        answer = await site.post(PAYLOAD)
        assert (answer.status, answer.headers["retry-after"], site.woken) == (503, "5", [])
        assert await site.counted(503) == 1
        ready = await site.get("/readyz")
        assert (ready.status, ready.json["detail"]) == (503, "the database does not answer")
        assert (await site.get("/healthz")).status == 200
        away.mkdir(parents=True)
        (away / "agentops.sqlite").write_bytes(empty)
        assert (await site.get("/readyz")).status == 200
        assert (await site.post(PAYLOAD)).status == 200
    database.close()


@thorough
async def test_a_postgresql_that_goes_away_means_503_until_it_is_back(new_postgresql: Callable[[str], str]) -> None:
    database = Database(new_postgresql("template1"))
    await asyncio.to_thread(migrate, database)
    name = str(database.url.database)
    admin = create_engine(
        make_url(database.url).set(database="postgres"), isolation_level="AUTOCOMMIT", pool_pre_ping=True
    )

    def gate(*, is_open: bool) -> None:
        with admin.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {str(is_open).lower()}"))
            if not is_open:
                ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
                connection.execute(text(ending), {"name": name})

    async with served(database) as site:
        assert (await site.post(PAYLOAD)).status == 200
        await asyncio.to_thread(gate, is_open=False)
        assert (await site.post(changed(alerts=[{**ALERT, "fingerprint": "b2"}]))).status == 503
        assert (await site.get("/readyz")).status == 503
        await asyncio.to_thread(gate, is_open=True)
        assert (await site.post(changed(alerts=[{**ALERT, "fingerprint": "b2"}]))).status == 200
        assert (await site.get("/readyz")).status == 200
        assert site.rows() == 2
    admin.dispose()
    database.close()


async def test_a_mistake_of_ours_is_counted_and_tells_the_caller_nothing(site: Site) -> None:
    def broken() -> None:
        raise ValueError("inner words")

    async with served(site.database, wake=broken) as other:
        answer = await other.post(PAYLOAD)
        assert (answer.status, answer.json) == (500, {"detail": "something went wrong here; send again", "field": ""})
        assert await other.counted(500) == 1


INTERNAL = ("/metrics", "/docs", "/openapi.json", "/runbooks/ModelAccuracyLow.md")


@pytest.mark.parametrize("path", INTERNAL)
async def test_this_machine_may_look_inside(site: Site, path: str) -> None:
    assert (await site.get(path)).status == 200


@pytest.mark.parametrize("path", INTERNAL)
@pytest.mark.parametrize(
    "headers",
    [
        {"X_Forwarded_For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"X_Real_IP": "203.0.113.9"},
        {"Via": "1.1 proxy"},
        {"Host": "rebound.example"},
        {"Host": "localhost.example:80"},
        {"Host": "[::1"},
    ],
    ids=str,
)
async def test_nobody_elsewhere_may_look_inside(site: Site, path: str, headers: dict[str, str]) -> None:
    answer = await site.get(path, **headers)
    assert answer.status == 403
    assert "AGENTOPS_METRICS_TOKEN" in answer.json["detail"]


@pytest.mark.parametrize(
    ("client", "status"), [("127.0.0.1", 200), ("::1", 200), ("10.0.0.5", 403), ("", 403), ("unix", 403)]
)
async def test_the_address_of_the_caller_decides(site: Site, client: str, status: int) -> None:
    app = asgi_app(deps_for(site.database, []))
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/metrics",
        "raw_path": b"/metrics",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:8080")],
        "client": (client, 1) if client else None,
        "scheme": "http",
    }
    await app(scope, receive, send)
    assert sent[0]["status"] == status


@pytest.mark.parametrize("path", INTERNAL)
async def test_with_a_metrics_token_it_alone_opens_from_anywhere(site: Site, path: str) -> None:
    async with served(site.database, metrics_token=METRICS) as other:
        assert (await other.get(path)).status == 401
        assert (await other.get(path, Authorization=f"Bearer {TOKEN}")).status == 401
        assert (await other.get(path, Authorization="Bearer ")).status == 401
        allowed = await other.get(path, Authorization=f"Bearer {METRICS}", X_Forwarded_For="203.0.113.9")
        assert allowed.status == 200


async def test_an_empty_metrics_token_opens_nothing(site: Site) -> None:
    async with served(site.database, metrics_token="") as other:
        assert (await other.get("/metrics", X_Forwarded_For="203.0.113.9")).status == 403


async def test_the_description_is_valid_and_knows_the_body_of_the_webhook(site: Site) -> None:
    document = (await site.get("/openapi.json")).json
    validate_openapi(document)
    operation = document["paths"][WEBHOOK]["post"]
    assert operation["security"] == [{"HTTPBearer": []}]
    assert {"200", "400", "401", "413", "422", "503"} <= set(operation["responses"])
    schema = {**operation["requestBody"]["content"]["application/json"]["schema"], "components": document["components"]}
    jsonschema.validate(PAYLOAD, schema)
    for body in CAPTURES.values():
        jsonschema.validate(body, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(changed(version="3"), schema)


junk: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
texts = st.text(max_size=60)
pairs = st.dictionaries(
    st.sampled_from(["alertname", "model", "env", "endpoint", "severity"]) | texts, texts, max_size=6
)
alerts = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["firing", "resolved"]),
        "labels": pairs,
        "annotations": pairs,
        "startsAt": st.datetimes().map(lambda at: at.isoformat() + "Z"),
        "endsAt": st.just("0001-01-01T00:00:00Z") | st.datetimes().map(lambda at: at.isoformat() + "+02:00"),
        "fingerprint": st.from_regex(r"[0-9a-f]{1,32}", fullmatch=True),
    },
    optional={"generatorURL": texts},
)
payloads = st.fixed_dictionaries(
    {
        "version": st.just("4"),
        "receiver": texts,
        "groupKey": texts,
        "status": st.sampled_from(["firing", "resolved"]),
        "alerts": st.lists(alerts, min_size=1, max_size=3),
    },
    optional={"commonLabels": pairs, "truncatedAlerts": st.integers(-1, 5), "more": junk},
)


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """A payload with one place in it, at any depth, replaced or taken away."""
    payload: dict[str, Any] = deepcopy(draw(payloads))
    places: list[tuple[Any, Any]] = []

    def gather(place: Any) -> None:
        keys = list(cast("dict[str, Any]", place)) if isinstance(place, dict) else list(range(len(place)))
        for key in keys:
            places.append((cast("Any", place), key))
            if isinstance(place[key], dict | list):
                gather(place[key])

    gather(payload)
    place, key = draw(st.sampled_from(places))
    if draw(st.booleans()):
        del place[key]
    else:
        place[key] = draw(junk)
    return payload


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.one_of(payloads, spoilt(), junk))
async def test_no_json_makes_the_server_fail_and_nothing_refused_is_stored(site: Site, body: Any) -> None:
    before = site.rows()
    answer = await site.post(body)
    assert answer.status in {200, 400, 422}
    if answer.status == 200:
        assert site.rows() - before <= answer.json["stored"] <= answer.json["received"]
    else:
        assert site.rows() == before
        assert set(answer.json) == {"detail", "field"}


async def test_a_runbook_is_a_page_of_its_lines_with_anchors(site: Site) -> None:
    answer = await site.get("/runbooks/procedures/retraining.md")
    lines = (ROOT / "runbooks" / "procedures" / "retraining.md").read_text(encoding="utf-8").splitlines()
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert re.findall(r'<div class="row" id="L(\d+)">', answer.text) == [str(n) for n in range(1, len(lines) + 1)]
    assert f"<h1>{lines[0].removeprefix('# ')}</h1>" in answer.text


async def test_the_lines_of_a_page_are_counted_as_citations_count_them(tmp_path: Path, site: Site) -> None:
    (tmp_path / "a.md").write_bytes("# A\r\nform\x0cfeed and \u2028 separator\rthird\n".encode())
    async with served(site.database, runbooks_dir=tmp_path) as other:
        page = (await other.get("/runbooks/a.md")).text
    assert page.count('class="row"') == 3
    assert "<p>third</p>" in page.split('id="L3"')[1]


async def test_what_a_runbook_says_stays_text(tmp_path: Path, site: Site) -> None:
    (tmp_path / "a.md").write_text(
        "# <script>alert(1)</script> $title $rows\n<img src=x onerror=alert(1)>\n"
        '[go](javascript:alert(1)) [far](https://wiki.example/x) [near](../b.md#L3) ["](a"b.md)\n'
        "**bold** and `<b>code</b>`\n```\n# no heading **plain**\n```\nafter **all**\n",
        encoding="utf-8",
    )
    async with served(site.database, runbooks_dir=tmp_path) as other:
        page = (await other.get("/runbooks/a.md")).text
    body = page.split("<body>")[1].split("<script>")[0]
    assert "<img" not in body and "javascript:" in body and 'href="javascript' not in body
    assert "$title $rows" in body
    assert '<a href="https://wiki.example/x" rel="noreferrer">far</a>' in body
    assert '<a href="../b.md#L3" rel="noreferrer">near</a>' in body
    assert "<strong>bold</strong> and <code>&lt;b&gt;code&lt;/b&gt;</code>" in body
    assert "<pre># no heading **plain**</pre>" in body and "after <strong>all</strong>" in body


async def test_only_the_pages_own_script_may_run(site: Site) -> None:
    answer = await site.get("/runbooks/ModelAccuracyLow.md")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "../manifests/models.yaml",
        "..%2f..%2fREADME.md",
        "%2e%2e/README.md",
        "procedures/../../README.md",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "link.md",
        ".hidden.md",
        "ModelAccuracyLow.md%00.md",
        "ModelAccuracyLow",
        "nothing.md",
        "procedures",
        "",
    ],
)
async def test_nothing_but_the_runbooks_is_shown(tmp_path: Path, site: Site, path: str) -> None:
    inside = tmp_path / "runbooks"
    inside.mkdir()
    (tmp_path / "README.md").write_text("outside", encoding="utf-8")
    (inside / ".hidden.md").write_text("hidden", encoding="utf-8")
    (inside / "link.md").symlink_to(tmp_path / "README.md")
    async with served(site.database, runbooks_dir=inside) as other:
        async with other.session.get(other.url + "/runbooks/" + path, allow_redirects=False) as answer:
            assert answer.status == 404
        reader, writer = await asyncio.open_connection("127.0.0.1", int(other.url.rpartition(":")[2]))
        writer.write(f"GET /runbooks/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        raw = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert raw.startswith(b"HTTP/1.1 404")
    assert b"outside" not in raw and b"hidden" not in raw


async def test_without_a_folder_no_runbook_is_shown(site: Site) -> None:
    async with served(site.database, runbooks_dir=None) as other:
        assert (await other.get("/runbooks/ModelAccuracyLow.md")).status == 404

import asyncio
import json
import math
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.tools.prometheus.fake_server import Answer, FakePrometheus, result, send
from tools.errors import AccessDenied, BadAnswer, InvalidRequest, NotFound, Throttled, Unavailable, UpstreamError
from tools.prometheus.client import LONG_QUERY, MAX_SERIES, PrometheusClient, default_step

START = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
END = START + timedelta(minutes=10)


@pytest.fixture
def client(fake: FakePrometheus) -> Iterator[PrometheusClient]:
    made = PrometheusClient(fake.url + "/", token="t0ken", timeout_s=0.5, deadline_s=2.0)
    yield made
    made.close()


def row(value: str = "0.5", **labels: str) -> dict[str, Any]:
    return {"metric": labels, "value": [1795197309.5, value]}


async def test_a_vector_becomes_samples(fake: FakePrometheus, client: PrometheusClient) -> None:
    fake.answers = [result([row("0.42", __name__="psi", feature="amount"), row("NaN"), row("+Inf"), row("-Inf")])]
    samples = await client.query("psi", at=START)
    assert samples[0].labels == {"__name__": "psi", "feature": "amount"}
    assert samples[0].value == 0.42
    assert samples[0].at == datetime.fromtimestamp(1795197309.5, UTC)
    assert math.isnan(samples[1].value)
    assert [sample.value for sample in samples[2:]] == [math.inf, -math.inf]
    assert fake.asked[0].method == "GET"
    assert fake.asked[0].path == "/api/v1/query"
    assert fake.asked[0].address == {"query": "psi", "time": f"{START.timestamp():.3f}"}
    assert fake.asked[0].authorization == "Bearer t0ken"


async def test_a_scalar_becomes_one_sample_without_labels(fake: FakePrometheus, client: PrometheusClient) -> None:
    fake.answers = [result([1795197309, "1"], "scalar")]
    assert [(one.labels, one.value) for one in await client.query("1")] == [({}, 1.0)]


async def test_no_series_is_an_answer(fake: FakePrometheus, client: PrometheusClient) -> None:
    fake.answers = [result([])]
    assert await client.query("nothing") == []
    assert await client.query_range("nothing", START, END) == []


async def test_a_matrix_becomes_series(fake: FakePrometheus, client: PrometheusClient) -> None:
    fake.answers = [result([{"metric": {"a": "b"}, "values": [[1795197309, "1"], [1795197324.25, "NaN"]]}], "matrix")]
    start = START + timedelta(seconds=0.25)
    (series,) = await client.query_range("x", start, END, timedelta(seconds=1.5))
    assert series.labels == {"a": "b"}
    assert series.samples[0].value == 1.0
    assert series.samples[1].at == datetime.fromtimestamp(1795197324.25, UTC)
    assert fake.asked[0].address == {
        "query": "x",
        "start": f"{start.timestamp():.3f}",
        "end": f"{END.timestamp():.3f}",
        "step": "1.500",
    }


async def test_a_long_query_goes_as_a_form(fake: FakePrometheus, client: PrometheusClient) -> None:
    fake.answers = [result([])]
    query = 'x{a=~"' + "b|" * LONG_QUERY + '"}'
    await client.query(query)
    await client.query_range(query, START, END)
    for asked in fake.asked:
        assert asked.method == "POST"
        assert asked.address == {}
        assert asked.form["query"] == query


@pytest.mark.parametrize(
    ("span", "step"),
    [
        (timedelta(0), 15),
        (timedelta(minutes=5), 15),
        (timedelta(hours=1), 15),
        (timedelta(hours=2), 24),
        (timedelta(days=1), 288),
        (timedelta(seconds=4501), 16),
    ],
)
def test_the_step_grows_with_the_window(span: timedelta, step: int) -> None:
    assert default_step(span) == timedelta(seconds=step)


async def test_rules_are_the_alerting_ones(fake: FakePrometheus, client: PrometheusClient) -> None:
    alerting = {
        "type": "alerting",
        "name": "A",
        "query": "x > 1",
        "duration": 300,
        "labels": {"severity": "critical"},
        "annotations": {"summary": "s"},
        "health": "ok",
    }
    recording = {"type": "recording", "name": "a:b", "query": "sum(x)"}
    fake.answers = [
        send(200, json.dumps({"status": "success", "data": {"groups": [{"rules": [recording, alerting]}]}}).encode())
    ]
    (rule,) = await client.rules()
    assert (rule.name, rule.expression, rule.hold) == ("A", "x > 1", timedelta(minutes=5))
    assert (rule.labels, rule.annotations) == ({"severity": "critical"}, {"summary": "s"})
    assert fake.asked[0].authorization == "Bearer t0ken"


def error_body(kind: str, words: str) -> bytes:
    return json.dumps({"status": "error", "errorType": kind, "error": words}).encode()


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (send(400, error_body("bad_data", "parse error: unexpected }")), InvalidRequest, "parse error: unexpected }"),
        (send(422, error_body("execution", "too many samples")), InvalidRequest, "too many samples"),
        (send(401, b"Unauthorized"), AccessDenied, "HTTP 401: Unauthorized"),
        (send(403, b"<h1>no</h1>"), AccessDenied, "HTTP 403"),
        (send(404, b"404 page not found"), NotFound, "page not found"),
        (send(429, b"slow down", Retry_After="7"), Throttled, "HTTP 429"),
        (send(408, b""), Unavailable, "HTTP 408"),
        (send(500, b"oops"), Unavailable, "HTTP 500: oops"),
        (send(502, b"bad gateway"), Unavailable, "HTTP 502"),
        (send(503, error_body("timeout", "query timed out"), Retry_After="600"), Unavailable, "query timed out"),
        (send(504, b""), Unavailable, "HTTP 504: no text"),
        (send(204, b""), BadAnswer, "HTTP 204"),
        (send(302, b"", Location="/"), BadAnswer, "redirects"),
        (send(200, b"<html>log in</html>"), BadAnswer, "not JSON"),
        (send(200, b""), BadAnswer, "not JSON"),
        (send(200, b"\xff\xfe\x00"), BadAnswer, "not JSON"),
        (send(200, b"null"), BadAnswer, "unexpected JSON"),
        (send(200, b"[]"), BadAnswer, "unexpected JSON"),
        (send(200, b'{"data": null}'), BadAnswer, "unexpected JSON"),
        (send(200, b'{"status": "success"}'), BadAnswer, "unexpected JSON"),
        (send(200, b"{}", Content_Encoding="gzip"), BadAnswer, "decod"),
        (result(None), BadAnswer, "unexpected JSON"),
        (result({"a": 1}), BadAnswer, "unexpected JSON"),
        (result([{"metric": {}}]), BadAnswer, "unexpected JSON"),
        (result([{"metric": [], "value": [1, "1"]}]), BadAnswer, "unexpected JSON"),
        (result([row("pear")]), BadAnswer, "unexpected JSON"),
        (result([{"metric": {}, "value": [1, 1]}]), BadAnswer, "unexpected JSON"),
        (result([{"metric": {}, "value": ["1", "1"]}]), BadAnswer, "unexpected JSON"),
        (result([{"metric": {}, "value": [1e300, "1"]}]), BadAnswer, "unexpected JSON"),
        (result([{"metric": {}, "value": [1]}]), BadAnswer, "unexpected JSON"),
        (result([{"metric": {}, "values": [[1, "1"]]}], "matrix"), BadAnswer, "unexpected JSON"),
        (result([row()] * (MAX_SERIES + 1)), InvalidRequest, "narrow the query"),
    ],
)
async def test_every_bad_answer_is_one_of_our_errors(
    fake: FakePrometheus, client: PrometheusClient, answer: Answer, kind: type[UpstreamError], words: str
) -> None:
    fake.answers = [answer]
    with pytest.raises(UpstreamError) as caught:
        await client.query("x")
    assert type(caught.value) is kind
    assert words in caught.value.detail
    assert caught.value.service == "Prometheus"
    assert len(caught.value.detail) <= 500


async def test_being_asked_to_slow_down_says_for_how_long(fake: FakePrometheus, client: PrometheusClient) -> None:
    fake.answers = [send(429, b"", Retry_After="7")]
    with pytest.raises(Throttled) as caught:
        await client.rules()
    assert caught.value.retry_after_s == 7


async def test_one_hiccup_of_a_gateway_is_borne(fake: FakePrometheus, client: PrometheusClient) -> None:
    fake.answers = [send(503, b"", Retry_After="600"), result([row("2")])]
    assert (await client.query("x"))[0].value == 2
    assert len(fake.asked) == 2


async def test_a_hiccup_of_a_long_query_is_borne_too(fake: FakePrometheus, client: PrometheusClient) -> None:
    fake.answers = [send(502, b""), result([row("2")])]
    assert (await client.query("x + " * LONG_QUERY + "1"))[0].value == 2


def reset(handler: BaseHTTPRequestHandler) -> None:
    # Linger of zero: the connection is reset, not closed.
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


async def test_a_reset_connection_is_unavailable(fake: FakePrometheus, client: PrometheusClient) -> None:
    fake.answers = [reset]
    with pytest.raises(Unavailable):
        await client.query("x")


async def test_a_port_where_nobody_listens_is_unavailable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        client = PrometheusClient(f"http://127.0.0.1:{free.getsockname()[1]}", timeout_s=0.5)
        with pytest.raises(Unavailable):
            await client.ready()
        client.close()


async def test_an_address_that_is_none_is_an_invalid_request() -> None:
    client = PrometheusClient("prometheus:9090")
    with pytest.raises(InvalidRequest):
        await client.query("x")
    client.close()


async def test_a_server_that_hangs_is_given_up_within_the_deadline(
    fake: FakePrometheus, client: PrometheusClient
) -> None:
    def hang(_: BaseHTTPRequestHandler) -> None:
        fake.released.wait(30)

    fake.answers = [hang]
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await client.query("x")
    assert time.monotonic() - began < 2.5


async def test_a_server_that_trickles_is_given_up_within_the_deadline(fake: FakePrometheus) -> None:
    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while not fake.released.wait(0.05):
            handler.wfile.write(b"1\r\n \r\n")
            handler.wfile.flush()

    fake.answers = [trickle]
    client = PrometheusClient(fake.url, timeout_s=1.0, deadline_s=0.6, concurrency=1)
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await client.query("x")
    assert time.monotonic() - began < 1.5
    # The thread is free again soon: the next question is answered by it.
    fake.answers = [result([row("3")])]
    deadline = time.monotonic() + 5
    while True:
        try:
            assert (await client.query("x"))[0].value == 3
            break
        except Unavailable:
            assert time.monotonic() < deadline
    client.close()


async def test_a_huge_answer_is_not_swallowed(
    fake: FakePrometheus, client: PrometheusClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.prometheus.session.MAX_BODY", 100_000)
    fake.answers = [send(200, b'{"data": "' + b"x" * 1_000_000)]
    with pytest.raises(InvalidRequest, match="narrow the query"):
        await client.query("x")


@pytest.mark.parametrize(
    ("start", "end", "step", "words"),
    [
        (END, START, None, "ends before it starts"),
        (START, START + timedelta(days=36), None, "longer than 35 days"),
        (START, START + timedelta(days=1), timedelta(seconds=1), "11,000 points"),
        (START, END, timedelta(seconds=-1), "11,000 points"),
    ],
)
async def test_a_window_that_asks_too_much_is_not_sent(
    fake: FakePrometheus, client: PrometheusClient, start: datetime, end: datetime, step: timedelta | None, words: str
) -> None:
    with pytest.raises(InvalidRequest, match=words):
        await client.query_range("x", start, end, step)
    with pytest.raises(InvalidRequest, match="20,000 characters"):
        await client.query("x" * 20_001)
    assert fake.asked == []


async def test_no_more_than_the_allowed_number_are_asked_at_once(fake: FakePrometheus) -> None:
    at_once = most = 0
    ready = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        if at_once == 2:
            loop.call_soon_threadsafe(ready.set)
        fake.released.wait(5)
        at_once -= 1
        result([])(handler)

    fake.answers = [slow]
    client = PrometheusClient(fake.url, timeout_s=5, concurrency=2)
    asking = asyncio.gather(*(client.query("x") for _ in range(6)))
    await asyncio.wait_for(ready.wait(), 5)
    fake.released.set()
    assert await asking == [[]] * 6
    assert most == 2
    client.close()


def test_one_client_serves_several_event_loops(fake: FakePrometheus, client: PrometheusClient) -> None:
    fake.answers = [result([row("1")])]
    for _ in range(2):
        assert asyncio.run(client.query("x"))[0].value == 1


def test_the_link_to_the_graph_holds_query_and_window() -> None:
    client = PrometheusClient("http://prometheus.example:9090/")
    url = client.graph_url('x{a="b"} > 1', START, END)
    assert url.startswith("http://prometheus.example:9090/graph?g0.expr=x%7Ba%3D%22b%22%7D+%3E+1&")
    assert "g0.range_input=600s" in url
    assert "g0.end_input=2026-11-20+17%3A10%3A00" in url
    client.close()


def test_importing_the_client_imports_no_http_library() -> None:
    code = (
        "import sys, tools.prometheus.client; print('requests' in sys.modules, 'prometheus_api_client' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]

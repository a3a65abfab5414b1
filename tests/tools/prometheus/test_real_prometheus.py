"""The client against the real program, scraping a metric and loading rules."""

import socket
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import eventually
from tools.errors import InvalidRequest, Unavailable
from tools.prometheus.client import PrometheusClient
from tools.prometheus.thresholds import rate_range, rules_for, rules_from_files, series_of, split

RULES = """\
groups:
  - name: g
    rules:
      - alert: ModelFeatureDriftHigh
        expr: 0.25 < ml_feature_psi
        for: 1500ms
        labels: {severity: critical}
        annotations: {summary: drifted}
      - {record: "a:b", expr: sum(ml_feature_psi)}
"""
METRICS = b"""\
ml_feature_psi{model="fraud-detector",feature="amount"} 0.42
ml_feature_psi{model="fraud-detector",feature="country"} 0.02
"""


@pytest.fixture(scope="module")
def exporter() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(METRICS)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the test's output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, exporter: str) -> Path:
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "rules.yml").write_text(RULES)
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 500ms, evaluation_interval: 500ms}\n"
        "rule_files: [rules.yml]\n"
        f"scrape_configs: [{{job_name: ml-serving, static_configs: [{{targets: ['{exporter}']}}]}}]\n"
    )
    return folder


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield f"http://127.0.0.1:{port}"
    program.terminate()
    program.wait(timeout=20)


async def test_a_rule_is_read_split_and_asked_for_its_alerts_series(url: str, folder: Path) -> None:
    client = PrometheusClient(url)
    began = datetime.now(UTC)

    async def scraped() -> bool:
        try:
            await client.ready()
            return len(await client.query("count_over_time(ml_feature_psi[30s]) > 2")) == 2
        except Unavailable:
            return False

    await eventually(scraped, "Prometheus to scrape")

    labels = {
        "alertname": "ModelFeatureDriftHigh",
        "severity": "critical",
        "model": "fraud-detector",
        "feature": "amount",
    }
    (rule,) = rules_for(await client.rules(), labels)
    assert rule.hold == timedelta(seconds=1.5)
    assert rule.annotations == {"summary": "drifted"}
    assert [one.hold for one in rules_from_files([folder / "rules.yml"])] == [rule.hold]
    threshold = split(rule)
    assert (threshold.expression, threshold.comparison, threshold.bound) == ("ml_feature_psi", ">", 0.25)
    assert rate_range(threshold.expression) == timedelta(0)

    found = await client.query_range(threshold.expression, began, datetime.now(UTC), timedelta(seconds=0.5))
    (series,) = series_of(labels, found, rule)
    assert {sample.value for sample in series.samples} == {0.42}

    with pytest.raises(InvalidRequest, match="parse error"):
        await client.query("ml_feature_psi{")
    client.close()

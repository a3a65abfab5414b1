"""The sandbox as a whole: in process, with the built-in monitoring, with the real one, and as a command."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sandbox.app import Sandbox, SandboxConfig
from sandbox.prometheus_part import Mode
from sandbox.sagemaker.iam import ADMIN_ACCESS_KEY
from sandbox.scenario import load_scenarios
from sandbox.world.real import RealMonitoringError
from tests.thoroughness import thorough
from tests.waiting import eventually, until
from tools.sagemaker.connection import AwsConnection, AwsCredentials

DEADLINE_SECONDS = 40.0
P99 = (
    "histogram_quantile(0.99, sum by (le) "
    '(rate(ml_inference_latency_seconds_bucket{endpoint="product-recommender-prod"}[5s])))'
)


@dataclass
class Bot:
    """Takes webhooks."""

    url: str = ""
    payloads: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    tokens: set[str | None] = field(default_factory=set["str | None"])

    async def answer(self, request: web.Request) -> web.Response:
        self.tokens.add(request.headers.get("Authorization"))
        self.payloads.append(await request.json())
        return web.Response()

    def told(self, status: str) -> set[str]:
        last: dict[str, str] = {}
        for payload in self.payloads:
            last |= {alert["labels"]["alertname"]: alert["status"] for alert in payload["alerts"]}
        return {name for name, found in last.items() if found == status}


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    found = Bot()
    app = web.Application()
    app.router.add_post("/webhooks/alertmanager", found.answer)
    async with TestServer(app) as server:
        found.url = str(server.make_url("")).rstrip("/")
        yield found


class Client:
    """Speaks to the control API."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session

    async def get(self, path: str, **params: str) -> Any:
        async with self.session.get(self.sandbox.url + path, params=params) as answer:
            return await answer.json()

    async def post(self, path: str, body: object = None) -> tuple[int, Any]:
        async with self.session.post(self.sandbox.url + path, json=body) as answer:
            return answer.status, await answer.json()

    async def delete(self, path: str) -> Any:
        async with self.session.delete(self.sandbox.url + path) as answer:
            return await answer.json()

    async def query(self, promql: str) -> float:
        answer = await self.get("/prometheus/api/v1/query", query=promql)
        return float(answer["data"]["result"][0]["value"][1])


@asynccontextmanager
async def running(bot: Bot | None = None, *, mode: Mode = "built-in", past: float = 30.0) -> AsyncGenerator[Client]:
    config = SandboxConfig(
        bot_url=bot.url if bot else None, webhook_token="hook", monitoring=mode, history_seconds=past
    )
    async with Sandbox(config) as sandbox:
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            yield Client(sandbox, session)


@pytest.mark.parametrize("mode", ["built-in", pytest.param("real", marks=thorough)])
async def test_a_bad_deployment_is_told_and_a_rollback_heals_it(bot: Bot, mode: Mode):
    async with running(bot, mode=mode) as client:
        assert client.sandbox.prometheus.is_real == (mode == "real")
        assert (await client.get("/_sandbox/state"))["prometheus"] == mode
        assert await client.query(P99) < 0.5
        status, answer = await client.post("/_sandbox/scenarios/bad_deployment")
        assert (status, answer["ok"]) == (200, True)
        await until(lambda: bool(bot.payloads), "the first webhook")
        meant = {alert.alertname for alert in load_scenarios()["bad_deployment"].alerts}
        await until(lambda: bot.told("firing") == meant, "all alerts")
        assert bot.tokens == {"Bearer hook"}
        assert {payload["groupKey"] for payload in bot.payloads} == {'{}:{model="product-recommender"}'}
        assert await client.query(P99) > 2.0

        client.sandbox.sagemaker.deploy("product-recommender", 23)
        await until(lambda: live(client) == "product-recommender-v23", "the rollback")

        async def fast_again() -> bool:
            return await client.query(P99) < 1.0

        await eventually(fast_again, "the latency to fall")
        await until(lambda: not bot.told("firing"), "the alerts to resolve")
        assert bot.payloads[-1]["status"] == "resolved"


def live(client: Client) -> str | None:
    view = client.sandbox.sagemaker.endpoint("product-recommender-prod")
    return None if view is None or view.status != "InService" else view.config_name


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def text_of(path: str | None) -> str:
    assert path is not None
    return Path(path).read_text()


@thorough
async def test_the_real_servers_know_the_past_and_end_with_the_sandbox(bot: Bot):
    async with running(bot, mode="real", past=120.0) as client:
        pids = client.sandbox.prometheus.pids
        assert len(pids) == 2
        points = await client.query('count_over_time(ml_feature_psi{feature="amount"}[2m])')
        assert points > 100
        rules = await client.get("/prometheus/api/v1/rules")
        names = {rule["name"] for group in rules["data"]["groups"] for rule in group["rules"]}
        assert "EndpointLatencyP99High" in names
        folder = Path(client.sandbox.ready_line()["rules_dir"] or "").parent
        assert (folder / "agentops-token").stat().st_mode & 0o077 == 0
        async with client.session.get(f"{client.sandbox.ready_line()['alertmanager_url']}/-/healthy") as answer:
            assert answer.status == 200
    assert not any(runs(pid) for pid in pids)
    assert not folder.exists()


async def test_a_real_prometheus_without_a_bot_to_tell_is_refused():
    with pytest.raises(RealMonitoringError, match="the address of the bot"):
        async with running(None, mode="real"):
            pass


async def test_alerts_wait_for_a_receiver(bot: Bot):
    async with running() as client:
        await client.post("/_sandbox/scenarios/upstream_nulls")
        await until(
            lambda: bool(client.sandbox.world.models["churn-predictor"].conditions.shifts),
            "the nulls",
            within=DEADLINE_SECONDS,
        )
        client.sandbox.set_receiver(bot.url, "late")
        await until(lambda: "FeatureNullRateHigh" in bot.told("firing"), "the alert")
        assert bot.tokens == {"Bearer late"}
        assert (await client.post("/_sandbox/reset"))[0] == 200
        await until(lambda: not bot.told("firing"), "the alerts to resolve")


async def test_the_ready_line_and_the_routes_are_all_there():
    async with running() as client:
        line = client.sandbox.ready_line()
        expected = {
            "url", "token", "slack_api_url", "bot_token", "app_token", "signing_secret", "aws_url", "prometheus_url",
            "alertmanager_url", "llm_url", "github_url", "github_token", "rules_dir", "models_path", "policy_path",
            "aws_access_key_id", "aws_external_id",
        }  # fmt: skip
        assert set(line) == expected
        assert text_of(line["models_path"]).count("[5s]") >= 3
        state = await client.get("/_sandbox/state")
        assert state["ready"] is True and state["speed"] == 60.0 and state["scenario"] is None
        assert {persona["id"] for persona in state["personas"]} >= {"UONCALL", "UVIEWER"}
        world = await client.get("/_sandbox/world")
        assert world["models"]["fraud-detector"]["config"] == "fraud-detector-v41"
        scenarios = await client.get("/_sandbox/scenarios")
        assert {scenario["name"] for scenario in scenarios["scenarios"]} == set(load_scenarios())
        assert await client.get("/_sandbox/github/issues") == {"issues": []}
        async with client.session.get(f"{client.sandbox.url}/metrics") as answer:
            text = await answer.text()
        assert "# TYPE ml_inference_latency_seconds histogram" in text
        assert 'ml_endpoint_config_info{model="fraud-detector",endpoint="fraud-detector-prod"' in text


async def test_the_control_api_asks_for_the_token_and_a_loopback_host():
    async with running() as client:
        url = f"{client.sandbox.url}/_sandbox/world"
        async with aiohttp.ClientSession() as stranger:
            async with stranger.get(url) as answer:
                assert answer.status == 401
            async with stranger.post(f"{client.sandbox.url}/_sandbox/reset") as answer:
                assert answer.status == 401
            headers = {"Host": "evil.example", "Authorization": f"Bearer {client.sandbox.token}"}
            async with stranger.get(url, headers=headers) as answer:
                assert answer.status == 403


async def test_scenarios_are_refused_in_plain_words():
    async with running() as client:
        status, answer = await client.post("/_sandbox/scenarios/nothing")
        assert (status, answer["error"]) == (404, "unknown_scenario")
        await client.post("/_sandbox/scenarios/latency_saturation")
        await until(
            lambda: client.sandbox.world.models["product-recommender"].health == "disturbed",
            "the saturation",
            within=DEADLINE_SECONDS,
        )
        status, answer = await client.post("/_sandbox/scenarios/bad_deployment")
        assert (status, answer["error"]) == (409, "scenario_running")


async def test_the_faults_of_prometheus():
    async with running() as client:
        query = f"{client.sandbox.url}/prometheus/api/v1/query?query=up"
        assert await client.post("/_sandbox/faults/prometheus", {"kind": "garbage", "count": 1}) == (200, {"ok": True})
        async with client.session.get(query) as answer:
            assert (answer.status, answer.content_type) == (200, "text/html")
        async with client.session.get(query) as answer:
            assert answer.content_type == "application/json"
        await client.post("/_sandbox/faults/prometheus", {"kind": "down"})
        with pytest.raises(aiohttp.ClientError):
            async with client.session.get(query):
                pass
        listed = await client.get("/_sandbox/faults")
        assert [fault["kind"] for fault in listed["prometheus"]] == ["down"]
        assert await client.delete("/_sandbox/faults") == {"ok": True}
        await client.post("/_sandbox/faults/prometheus", {"kind": "slow", "seconds": 20, "match": "query"})
        with pytest.raises(TimeoutError):
            async with client.session.get(query, timeout=aiohttp.ClientTimeout(total=0.3)):
                pass
        async with client.session.get(f"{client.sandbox.url}/prometheus/-/healthy") as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("prometheus", {"kind": "grumpy"}, 400, "unknown_fault"),
        ("prometheus", {"kind": "down", "count": 0}, 400, "invalid_json"),
        ("prometheus", {"kind": "down", "for": 1}, 400, "invalid_json"),
        ("prometheus", ["down"], 400, "invalid_json"),
        ("aws", {"kind": "grumpy"}, 400, "unknown_fault"),
        ("weather", {"kind": "down"}, 404, "unknown_part"),
    ],
)
async def test_a_wrong_fault_is_refused(path: str, body: object, status: int, error: str):
    async with running(past=1.0) as client:
        got, answer = await client.post(f"/_sandbox/faults/{path}", body)
        assert (got, answer["error"]) == (status, error)


async def test_the_data_of_a_scenario_lies_in_s3():
    async with running() as client:
        await client.post("/_sandbox/scenarios/upstream_nulls")
        objects, bucket = client.sandbox.sagemaker.objects, "agentops-churn-predictor"
        monitored = [key for key in objects.keys(bucket, "monitor/") if key.endswith("constraint_violations.json")]
        assert len(monitored) == 4
        found = objects.get_json(bucket, monitored[-1])["violations"]
        assert {violation["constraint_check_type"] for violation in found} == {
            "completeness_check",
            "data_type_check",
        }
        baseline = objects.get(bucket, "baseline/train.csv")
        assert baseline is not None
        assert baseline.startswith(b"tenure_months,support_tickets,monthly_charges,last_login_days,plan_type,label\n")
        assert len(baseline.splitlines()) == 5001


async def test_requests_are_captured_when_somebody_looks():
    async with running() as client:
        sagemaker, bucket = client.sandbox.sagemaker, "agentops-churn-predictor"
        assert len(sagemaker.objects.keys(bucket, "capture/")) == 3
        admin = AwsCredentials(ADMIN_ACCESS_KEY, "secret")
        s3: Any = AwsConnection(region="eu-west-1", endpoint_url=sagemaker.url, credentials=admin).client(
            "s3", attempts=1
        )
        await asyncio.to_thread(s3.list_objects_v2, Bucket=bucket, Prefix="capture/churn-predictor-prod/")
        s3.close()
        assert len(sagemaker.objects.keys(bucket, "capture/")) > 3
        assert len(sagemaker.objects.keys("agentops-fraud-detector", "capture/")) == 3


async def test_a_reset_puts_sagemaker_and_its_data_back():
    async with running() as client:
        client.sandbox.sagemaker.deploy("product-recommender", 22)
        await until(lambda: live(client) == "product-recommender-v22", "the deployment")
        await client.post("/_sandbox/faults/aws", {"kind": "throttle"})
        assert (await client.post("/_sandbox/reset"))[1] == {"ok": True}
        assert live(client) == "product-recommender-v23"
        assert (await client.get("/_sandbox/faults"))["aws"] == []
        assert client.sandbox.sagemaker.objects.keys("agentops-fraud-detector", "capture/")


@asynccontextmanager
async def command(*arguments: str, **options: Any) -> AsyncGenerator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", *arguments, stdout=asyncio.subprocess.PIPE, **options
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_the_command_prints_one_line_and_ends_on_a_signal(bot: Bot):
    arguments = ("--bot-url", bot.url, "--webhook-token", "hook", "--require-prometheus")
    async with command(*arguments, stderr=asyncio.subprocess.DEVNULL) as process:
        assert process.stdout is not None
        line = json.loads(await asyncio.wait_for(process.stdout.readline(), DEADLINE_SECONDS))
        assert line["alertmanager_url"]
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
        assert await process.stdout.read() == b""


@thorough
async def test_the_real_servers_die_with_a_killed_sandbox(bot: Bot):
    arguments = ("--bot-url", bot.url, "--webhook-token", "hook", "--require-prometheus")
    async with command(*arguments, stderr=asyncio.subprocess.DEVNULL) as process:
        assert process.stdout is not None
        line = json.loads(await asyncio.wait_for(process.stdout.readline(), DEADLINE_SECONDS))
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{line['alertmanager_url']}/-/healthy") as answer:
                assert answer.status == 200
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()

            async def gone() -> bool:
                try:
                    async with session.get(f"{line['alertmanager_url']}/-/healthy"):
                        return False
                except aiohttp.ClientConnectionError:
                    return True

            await eventually(gone, "Alertmanager to end with the sandbox")


async def test_the_command_ends_with_its_parents_pipe():
    options = {"stdin": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.DEVNULL}
    async with command("--no-prometheus", "--exit-with-parent", **options) as process:
        assert process.stdout is not None and process.stdin is not None
        assert json.loads(await asyncio.wait_for(process.stdout.readline(), DEADLINE_SECONDS))["url"]
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_an_unknown_scenario_ends_the_command_with_a_reason():
    options = {"stderr": asyncio.subprocess.PIPE}
    async with command("--no-prometheus", "--scenario", "nothing", **options) as process:
        _, errors = await asyncio.wait_for(process.communicate(), DEADLINE_SECONDS)
        assert process.returncode == 2
        assert (
            errors.decode().splitlines()[-1].startswith("sandbox: no scenario 'nothing'; there are autonomous_rollback")
        )

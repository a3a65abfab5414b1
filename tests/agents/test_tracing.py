"""Spans of an investigation, as a real receiver of OTLP over HTTP gets them."""

import asyncio
import gzip
import json
import socket
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from agents.investigator import Investigator
from agents.llm_config import LlmConfig
from agents.progress import STEPS
from agents.tracing import Trace
from bot.telemetry import receiver_takes, tracer_provider
from incidents.investigation import Findings
from tests.agents.conftest import Server
from tests.agents.scenarios import bad_deployment, benign_drift
from tests.agents.world import World

SECRET = "xoxb-1234567890-abcdefghij"


@dataclass
class Receiver:
    """Takes deliveries; as strict about protobuf as its parser is."""

    url: str
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    bodies: list[bytes] = field(default_factory=list[bytes])

    @property
    def spans(self) -> list[Span]:
        found: list[Span] = []
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    found += scope.spans
        return found

    def named(self, name: str) -> Span:
        (found,) = [span for span in self.spans if span.name == name]
        return found


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Receiver(f"http://127.0.0.1:{port}/v1/traces")

    async def take(request: web.Request) -> web.Response:
        raw = await request.content.read()
        made.headers.append({name.lower(): value for name, value in request.headers.items()})
        made.bodies.append(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
        return web.Response(content_type="application/x-protobuf")

    app = web.Application(client_max_size=32_000_000)
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app, auto_decompress=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield made
    await runner.cleanup()


async def traced(world: World, config: LlmConfig, url: str, *, content: bool = False) -> Findings:
    provider = tracer_provider(url, {"x-token": "the-token"}, content=content)
    investigator = Investigator(world.sources, config, trace=Trace(provider, content=content))
    try:
        return await investigator.investigate(world.case)
    finally:
        await investigator.close()
        await asyncio.to_thread(provider.shutdown)


def plain(value: AnyValue) -> object:
    if value.HasField("array_value"):
        return [plain(one) for one in value.array_value.values]
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind else None


def facts(attributes: "list[KeyValue]") -> dict[str, object]:
    return {one.key: plain(one.value) for one in attributes}


async def test_an_investigation_is_one_trace_of_its_steps_and_of_the_models_requests(
    server: Server, receiver: Receiver
):
    findings = await traced(bad_deployment(), server.config(), receiver.url)
    assert receiver.headers[0]["x-token"] == "the-token"
    root = receiver.named("investigation")
    assert root.parent_span_id == b""
    assert {span.trace_id for span in receiver.spans} == {root.trace_id}
    told = facts(list(root.attributes))
    reasoner = findings.diagnosis.reasoner
    assert told["agentops.incident"] == bad_deployment().case.incident.id
    assert told["agentops.root_cause"] == "bad_deployment"
    assert told["agentops.reasoner"] == reasoner.name
    assert told["agentops.input_tokens"] == reasoner.input_tokens
    steps = {span.name: span for span in receiver.spans if span.name.startswith("step ")}
    assert set(steps) == {f"step {key}" for key in STEPS}
    assert {span.parent_span_id for span in steps.values()} == {root.span_id}
    agents = [span for span in receiver.spans if span.parent_span_id == steps["step diagnosis"].span_id]
    assert len(agents) == 1
    below = [span for span in receiver.spans if span.parent_span_id == agents[0].span_id]
    tokens = [facts(list(span.attributes)).get("gen_ai.usage.input_tokens") for span in below]
    assert len([one for one in tokens if one]) == 2
    assert any(facts(list(span.attributes)).get("gen_ai.tool.name") == "search_runbooks" for span in receiver.spans)
    assert [event.name for event in root.events] == ["chosen", "decided not to retrain"]


async def test_a_decision_not_to_act_is_in_it(receiver: Receiver):
    findings = await traced(benign_drift(), LlmConfig(), receiver.url)
    assert findings.plan.choices == ()
    events = {event.name: facts(list(event.attributes)) for event in receiver.named("investigation").events}
    assert events["decided not to act"]["agentops.root_cause"] == "benign"
    assert "decided not to retrain" in events


def leaky() -> World:
    world = bad_deployment()
    alert = world.case.incident.alerts[0]
    note = f"the checkout team asked about it {SECRET}"
    alert = alert.model_copy(update={"annotations": {"summary": note}})
    incident = world.case.incident.model_copy(update={"alerts": (alert,)})
    world.case = world.case.model_copy(update={"incident": incident, "question": f"Why? {SECRET} the-whole-question"})
    return world


async def test_no_prompt_no_answer_and_no_secret_leaves_unasked(server: Server, receiver: Receiver):
    await traced(leaky(), server.config(), receiver.url)
    sent = b"".join(receiver.bodies)
    assert len(receiver.spans) > 10
    for words in (
        SECRET,
        "the-whole-question",
        "the checkout team",
        "You reason for",
        "untrusted",
        "test-key",
    ):
        assert words.encode() not in sent


async def test_prompts_leave_where_the_setting_says_so_and_secrets_never_do(server: Server, receiver: Receiver):
    await traced(leaky(), server.config(), receiver.url, content=True)
    sent = b"".join(receiver.bodies)
    assert b"the-whole-question" in sent
    assert b"You reason for" in sent
    assert SECRET.encode() not in sent
    assert b"test-key" not in sent


async def test_a_fault_of_the_language_model_is_marked_and_its_words_stay_here(server: Server, receiver: Receiver):
    server.api.inject("rate_limited")
    await traced(bad_deployment(), server.config(), receiver.url)
    assert "asked to slow down (429)" in json.dumps(facts(list(receiver.named("investigation").attributes)))
    assert all(not span.status.message for span in receiver.spans)


async def test_a_step_whose_partner_failed_is_marked(receiver: Receiver):
    world = bad_deployment()
    world.sagemaker.down = True
    await traced(world, LlmConfig(), receiver.url)
    assert receiver.named("step changes").status.code == Status.STATUS_CODE_ERROR
    assert receiver.named("step metrics").status.code != Status.STATUS_CODE_ERROR


async def test_a_receiver_that_is_down_costs_no_diagnosis_and_little_time(server: Server):
    started = time.monotonic()
    findings = await traced(bad_deployment(), server.config(), "http://127.0.0.1:9/v1/traces")
    assert findings.plan.choices
    assert time.monotonic() - started < 20


async def test_ten_investigations_at_once_are_ten_traces(receiver: Receiver):
    world = bad_deployment()
    provider = tracer_provider(receiver.url, {}, content=False)
    investigator = Investigator(world.sources, LlmConfig(), trace=Trace(provider))
    await asyncio.gather(*(investigator.investigate(world.case) for _ in range(10)))
    await asyncio.to_thread(provider.shutdown)
    roots = {span.trace_id for span in receiver.spans if span.name == "investigation"}
    assert len(roots) == 10
    for trace in roots:
        assert len([s for s in receiver.spans if s.trace_id == trace and s.name.startswith("step ")]) == len(STEPS)


async def test_without_a_receiver_nothing_is_opened():
    trace = Trace.off()
    with trace.span("investigation", incident="INC-1") as span:
        span.note(anything=1)
        span.event("chosen")
    assert trace.capabilities() == []


async def test_whether_a_receiver_takes_spans_can_be_asked(receiver: Receiver):
    assert await asyncio.to_thread(receiver_takes, receiver.url, {})
    assert not await asyncio.to_thread(receiver_takes, receiver.url.replace("/v1/traces", "/elsewhere"), {})
    assert receiver.spans == []


async def test_off_loads_no_sdk():
    code = (
        "import asyncio, sys; from agents.investigator import Investigator; from agents.tracing import Trace; "
        "Trace.off().open('x').end(); print('opentelemetry.sdk' in sys.modules)"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert out.decode().strip() == "False"

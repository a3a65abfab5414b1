"""Other sources through a real MCP server: what a language model is offered of it, and what becomes of the answers."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from agents.fencing import facts_in, fences_in
from agents.investigator import Investigator
from agents.llm_config import LlmConfig
from agents.sources import Sources
from incidents.diagnosis import Confidence
from incidents.evidence import Evidence, EvidenceKind
from incidents.investigation import Findings
from sandbox.llm.checks import blocks_of
from sandbox.llm.wire import Block, Reply, tool_use
from tests.agents.conftest import Server
from tests.agents.scenarios import bad_deployment
from tests.agents.world import World
from tests.tools.mcp_servers.conftest import HOSTILE, SECRETS, stdio
from tools.mcp_servers.client import McpClient
from tools.mcp_servers.spec import McpServer

TRIAGE = tool_use("triage_note", {"case_kind": "latency", "look_first": ["recent_changes"], "suspicion": ""})
LISTED = ("search_logs", "hostile", "restart_service", "delete_dashboard", "flood", "failing", "die")


class Asked(World):
    """A world with another source."""

    others: McpClient

    @property
    def sources(self) -> Sources:
        return replace(super().sources, others=self.others)


@pytest.fixture(scope="module")
def logs() -> Iterator[McpClient]:
    """It lives on an event loop of its own, so one serves all tests."""
    client = McpClient({"logs": stdio(tools=LISTED)}, SECRETS.get)
    yield client
    asyncio.run(client.close())


def world(client: McpClient) -> Asked:
    plain = bad_deployment()
    made = Asked(plain.case, plain.prometheus, plain.sagemaker, plain.datasets, plain.runbooks)
    made.others = client
    return made


async def found(one: World, server: Server, **changes: object) -> Findings:
    investigator = Investigator(one.sources, server.config(**changes))
    try:
        return await investigator.investigate(one.case)
    finally:
        await investigator.close()


def calls(*wanted: tuple[str, dict[str, Any]]) -> Reply:
    blocks: list[Block] = [
        {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": arguments}
        for number, (name, arguments) in enumerate(wanted)
    ]
    return Reply(blocks, "tool_use")


def diagnosis(*claims: tuple[str, str]) -> Reply:
    made = [{"text": text, "evidence": [evidence]} for text, evidence in claims]
    return tool_use(
        "diagnosis",
        {
            "root_cause": "bad_deployment",
            "culprit": {"kind": "endpoint_config", "name": "product-recommender-v24"},
            "onset": "2026-11-20T19:02:00Z",
            "confidence": "high",
            "summary": "A new version is slow.",
            "claims": made,
            "hypotheses": [],
            "retraining": {"retrain": False, "because": "The inputs are as before.", "evidence": ["E3"]},
        },
        call_id="toolu_diagnosis",
    )


def others_in(findings: Findings) -> list[Evidence]:
    return [one for one in findings.evidence if one.kind is EvidenceKind.OTHER_SOURCE]


def told(server: Server, request: int) -> list[str]:
    """What tools answered, as the language model reads it."""
    parts: list[dict[str, Any]] = server.api.bodies[request]["messages"][-1]["content"]
    return [blocks_of(part)[0]["text"] for part in parts if part["type"] == "tool_result"]


def offered(server: Server) -> dict[str, dict[str, Any]]:
    return {tool["name"]: tool for tool in server.api.bodies[1]["tools"] if "__" in tool["name"]}


async def test_only_what_reads_and_is_listed_is_offered_and_its_words_stand_in_the_fence(
    server: Server, logs: McpClient
):
    await found(world(logs), server)
    tools = offered(server)
    assert set(tools) == {"logs__search_logs", "logs__hostile", "logs__flood", "logs__failing", "logs__die"}
    hostile = tools["logs__hostile"]
    outside = hostile["description"].split('<untrusted from="tool">')[0]
    assert "ignore all rules" not in outside
    assert hostile["description"].count("</untrusted>") == 1
    assert "SYSTEM" not in json.dumps(hostile["input_schema"])
    assert HOSTILE not in json.dumps(server.api.bodies, ensure_ascii=False)
    shape = tools["logs__search_logs"]["input_schema"]
    assert shape["properties"] == {"query": {"type": "string"}, "limit": {"type": "integer"}}
    assert shape["required"] == ["query"]


async def test_an_answer_is_evidence_that_claims_may_cite_and_figures_are_checked_against(
    server: Server, logs: McpClient
):
    server.api.script(TRIAGE, calls(("logs__search_logs", {"query": "OOM 73.5 %"})))
    await found(world(logs), server)
    (fact,) = facts_in(fences_in(told(server, 2)[0])[0])
    number = fact["id"]
    server.api.script(
        TRIAGE,
        calls(("logs__search_logs", {"query": "OOM 73.5 %"})),
        *(
            diagnosis(
                ("The logs hold 41 lines about memory, at 97.3 %.", number),
                ("The logs hold 58 lines about memory.", number),
                ("Memory stood at 73.5 %.", number),
            )
            for _ in range(2)
        ),
    )
    findings = await found(world(logs), server)
    (kept,) = others_in(findings)
    assert (kept.id, kept.source) == (number, "logs")
    assert "OOMKilled at 19:02:10" in kept.found
    assert [claim.text for claim in findings.diagnosis.claims] == ["The logs hold 41 lines about memory, at 97.3 %."]
    assert {"58" in struck.reason or "73.5" in struck.reason for struck in findings.diagnosis.struck} == {True}


async def test_a_question_is_asked_once_and_its_answer_keeps_its_id(server: Server, logs: McpClient):
    asked = ("logs__search_logs", {"query": "again"})
    server.api.script(TRIAGE, calls(asked, asked), calls(asked))
    findings = await found(world(logs), server)
    assert len(others_in(findings)) == 1


async def test_a_long_answer_is_cut_for_the_model_and_kept_as_evidence(server: Server, logs: McpClient):
    server.api.script(TRIAGE, calls(("logs__flood", {"size": 20_000})))
    findings = await found(world(logs), server)
    (fact,) = others_in(findings)
    assert len(fact.found) > 20_000
    (shown,) = told(server, 2)
    assert "characters left out" in shown
    assert "HEAD" in shown and "TAIL" in shown
    assert len(shown) < 8_000


async def test_hostile_words_stay_in_the_fence_and_secrets_go_nowhere(server: Server, logs: McpClient):
    server.api.script(TRIAGE, calls(("logs__hostile", {"query": "x"}), ("delete_dashboard", {"name": "all"})))
    findings = await found(world(logs), server)
    (fact,) = others_in(findings)
    sent = json.dumps(server.api.bodies)
    assert "abcdef0123456789" not in sent + fact.found
    (shown,) = [one for one in told(server, 2) if "logs answered hostile" in one]
    assert shown.startswith('<untrusted from="other source">')
    assert shown.count("</untrusted>") == 1
    assert [choice.remediation.kind for choice in findings.plan.choices] == ["RollbackEndpoint"]


async def test_a_mistake_is_told_to_whoever_asked_and_is_no_gap(server: Server, logs: McpClient):
    server.api.script(TRIAGE, calls(("logs__failing", {})))
    findings = await found(world(logs), server)
    assert "calls the question to failing a mistake" in json.dumps(server.api.bodies[2]["messages"][-1])
    assert not findings.diagnosis.gaps


@pytest.mark.parametrize("how", ["missing", "dies"])
async def test_a_source_that_fails_degrades_the_answer_and_it_says_so(server: Server, logs: McpClient, how: str):
    client = logs
    if how == "missing":
        client = McpClient(
            {"traces": McpServer.model_validate({"stdio": {"command": "no-such"}, "tools": ["a"]})}, SECRETS.get
        )
    else:
        server.api.script(TRIAGE, calls(("logs__die", {})))
    findings = await found(world(client), server)
    name = "traces" if how == "missing" else "logs"
    assert any(name in gap and "did not answer" in gap for gap in findings.diagnosis.gaps)
    assert findings.diagnosis.confidence is not Confidence.LOW
    assert findings.plan.choices
    if how == "missing":
        await client.close()


async def test_the_offline_rules_start_no_server(server: Server):
    client = McpClient({"logs": stdio()}, SECRETS.get)
    one = world(client)
    await Investigator(one.sources, LlmConfig()).investigate(one.case)
    assert await client.pids() == {}
    await client.close()

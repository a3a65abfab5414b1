"""Repeated calls, long answers and long histories."""

import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, ToolCallPart, ToolReturnPart, UserPromptPart

from agents.compaction import KEPT_OF_A_FACT, compacted
from agents.fencing import MOST_CHARACTERS, facts_fenced, facts_in, fenced, fences_in
from agents.investigator import Investigator
from agents.readings.found import Found
from agents.readings.metrics import QueryReading
from agents.rules.model import OFFLINE_NAME
from agents.toolsets.repeated import ASKED_BEFORE, MOST_REPEATS
from incidents.diagnosis import RootCause
from incidents.evidence import Evidence, EvidenceKind
from incidents.investigation import Findings
from sandbox.llm.wire import Reply, tool_use
from tests.agents.conftest import Server
from tests.agents.moments import NOW
from tests.agents.scenarios import bad_deployment
from tests.agents.world import World

SLOW, ROLLBACK, NULLS = "latency rose after a deployment", "roll back the endpoint config", "null values of the data"
TRIAGE = tool_use("triage_note", {"case_kind": "latency", "look_first": [], "suspicion": ""})


def asks(number: int, **arguments: str) -> Reply:
    return tool_use("search_runbooks", arguments, call_id=f"toolu_{number}")


def fact(number: int, words: str) -> Found:
    evidence = Evidence(
        id=f"E{number}",
        kind=EvidenceKind.LOG,
        source="logs",
        asked="x",
        found=words,
        read_at=NOW + timedelta(seconds=number),
    )
    return Found(evidence, QueryReading(values=()))


async def found(world: World, server: Server, **changes: object) -> Findings:
    investigator = Investigator(world.sources, server.config(**changes))
    try:
        return await investigator.investigate(world.case)
    finally:
        await investigator.close()


def results(body: dict[str, Any]) -> list[str]:
    blocks = [block for message in body["messages"] for block in message["content"] if block["type"] == "tool_result"]
    return [json.dumps(block["content"], ensure_ascii=False) for block in blocks]


async def test_a_repeated_call_is_told_that_its_answer_stands_above(server: Server):
    server.api.script(TRIAGE, asks(1, query=NULLS), asks(2, query=f" {NULLS} "))
    findings = await found(bad_deployment(), server)
    first, second = results(server.api.bodies[3])
    assert "FeatureNullRateHigh.md" in first
    assert ASKED_BEFORE in second and len(second) < 200
    assert findings.diagnosis.reasoner.note == ""


async def test_two_alike_calls_at_once_are_answered_once(server: Server):
    one, other = asks(1, query=NULLS), asks(2, query=NULLS)
    server.api.script(TRIAGE, Reply([*one.content, *other.content], "tool_use"))
    await found(bad_deployment(), server)
    first, second = results(server.api.bodies[2])
    assert "FeatureNullRateHigh.md" in first
    assert ASKED_BEFORE in second


async def test_whoever_goes_on_repeating_is_stopped_and_the_rules_finish(server: Server):
    server.api.script(TRIAGE, *(asks(number, query=SLOW) for number in range(10)))
    findings = await found(bad_deployment(), server, request_limit=14)
    reasoner = findings.diagnosis.reasoner
    assert findings.diagnosis.root_cause is RootCause.BAD_DEPLOYMENT
    assert OFFLINE_NAME in reasoner.name
    assert "asked the same again and again; the offline rules took over" in reasoner.note
    assert max(len(results(body)) for body in server.api.bodies) == MOST_REPEATS + 1


async def test_another_question_is_no_repeat(server: Server):
    server.api.script(TRIAGE, asks(1, query=SLOW), asks(2, query=ROLLBACK))
    await found(bad_deployment(), server)
    assert not any(ASKED_BEFORE in one for one in results(server.api.bodies[3]))


@pytest.mark.parametrize("count", [3, 79, 300])
def test_an_answer_has_an_end_and_says_how_much_is_left_out(count: int):
    told = facts_fenced("logs", [fact(number, f"line {number} " + "x" * 1100) for number in range(count)])
    (content,) = fences_in(told)
    assert len(told) < MOST_CHARACTERS + 3_000
    assert len(facts_in(content)) + content.get("left_out", 0) == count


def history(*sizes: int) -> list[ModelMessage]:
    messages: list[ModelMessage] = [ModelRequest(parts=[UserPromptPart("prompt " + "p" * 500)])]
    for number, size in enumerate(sizes):
        call = f"call-{number}"
        answer = fenced("logs", {"evidence": [{"id": f"E{number}", "found": f"{number}" * size}]}, longest=size)
        messages.append(ModelResponse(parts=[ToolCallPart("search_runbooks", {"query": call}, tool_call_id=call)]))
        messages.append(ModelRequest(parts=[ToolReturnPart("search_runbooks", answer, tool_call_id=call)]))
    return messages


def sizes(messages: list[ModelMessage]) -> list[int]:
    return [
        len(part.model_response_str())
        for message in messages
        for part in message.parts
        if isinstance(part, ToolReturnPart)
    ]


def test_a_short_history_is_sent_as_it_is():
    made = history(500, 500)
    assert compacted(made, longest=2_000) == made


def test_of_a_long_history_the_last_answers_are_whole_and_old_ones_keep_their_ids():
    made = compacted(history(900, 900, 900), longest=2_000)
    first, second, third = sizes(made)
    assert first < KEPT_OF_A_FACT + 200 and second < KEPT_OF_A_FACT + 200
    assert third > 900
    part = made[2].parts[0]
    assert isinstance(part, ToolReturnPart)
    (content,) = fences_in(part.model_response_str())
    assert [one["id"] for one in facts_in(content)] == ["E0"]


def test_what_was_compacted_stays_so_and_so_the_prefix_stays_the_same():
    whole = history(*[700] * 12)
    for turns in range(2, 12):
        shorter, longer = (
            compacted(whole[: 1 + 2 * turns], longest=2_000),
            compacted(whole[: 3 + 2 * turns], longest=2_000),
        )
        assert sum(sizes(longer)) < 2_000 + 12 * (KEPT_OF_A_FACT + 200)
        same = sum(one == other for one, other in zip(shorter, longer, strict=False))
        rewritten = sizes(longer)[: len(sizes(shorter))] != sizes(shorter)
        assert same == len(shorter) or rewritten


async def test_a_long_conversation_goes_out_compacted_and_ends_in_a_diagnosis(
    server: Server, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("agents.compaction.compacted.__defaults__", (1_500,))
    server.api.script(TRIAGE, *(asks(number, query=words) for number, words in enumerate((SLOW, ROLLBACK, NULLS))))
    findings = await found(bad_deployment(), server)
    assert findings.diagnosis.root_cause is RootCause.BAD_DEPLOYMENT
    assert "shortened" in results(server.api.bodies[4])[0]
    assert "shortened" not in results(server.api.bodies[4])[-1]

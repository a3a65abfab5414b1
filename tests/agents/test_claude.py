"""Claude over the real wire format: Anthropic's own client against the local Messages API."""

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest

from agents.investigator import Investigator
from agents.llm_config import LlmConfig
from agents.rules.model import OFFLINE_NAME
from agents.toolsets.closed import CLOSED
from incidents.diagnosis import Advice, Confidence, RootCause
from incidents.investigation import Findings
from incidents.remediation import RollbackEndpoint
from sandbox.llm.api import FaultKind
from sandbox.llm.wire import Refusal, text, tool_use
from tests.agents.conftest import FAULTS_TOLD, FEW, Server
from tests.agents.moments import NOW
from tests.agents.scenarios import SCENARIOS, bad_deployment, feature_drift, upstream_nulls
from tests.agents.world import World

CLAUDE = "claude-sonnet-5-5"
TRIAGE = tool_use("triage_note", {"case_kind": "latency", "look_first": ["recent_changes"], "suspicion": ""})


async def found(world: World, config: LlmConfig) -> Findings:
    investigator = Investigator(world.sources, config)
    try:
        return await investigator.investigate(world.case)
    finally:
        await investigator.close()


def diagnosis(**changes: Any) -> dict[str, Any]:
    claim = {"text": "p99 latency of product-recommender-prod rose from 210 ms to 2.5 s.", "evidence": ["E3"]}
    return {
        "root_cause": "bad_deployment",
        "culprit": {"kind": "endpoint_config", "name": "product-recommender-v24"},
        "onset": "2026-11-20T19:02:00Z",
        "confidence": "high",
        "summary": "A new version is slow.",
        "claims": [claim],
        "hypotheses": [
            {"cause": "bad_deployment", "statement": "The new version is slow.", "supported_by": [claim]},
        ],
        "retraining": {"retrain": False, "because": "The inputs are as before.", "evidence": ["E3"]},
        **changes,
    }


async def test_claude_uses_tools_and_its_output_is_labelled_with_its_name_tokens_and_cost(server: Server):
    findings = await found(bad_deployment(), server.config())
    reasoner = findings.diagnosis.reasoner
    assert findings.diagnosis.root_cause is RootCause.BAD_DEPLOYMENT
    assert [type(choice.remediation) for choice in findings.plan.choices] == [RollbackEndpoint]
    assert (reasoner.name, reasoner.offline, reasoner.note) == (CLAUDE, False, "")
    assert reasoner.requests == 4
    assert reasoner.input_tokens > 1000
    assert reasoner.output_tokens > 100
    assert reasoner.cost_usd is not None
    assert Decimal(0) < reasoner.cost_usd < Decimal(1)
    second = server.api.bodies[2]
    assert {block["type"] for block in second["messages"][-1]["content"]} == {"tool_result"}


async def test_all_stages_are_told_the_same_up_to_their_task_and_all_of_it_is_marked_for_the_prompt_cache(
    server: Server,
):
    await found(bad_deployment(), server.config())
    first = server.api.bodies[0]
    for body in server.api.bodies:
        assert body["tools"] == first["tools"]
        assert body["system"] == first["system"]
        case, task = body["messages"][0]["content"]
        assert case == first["messages"][0]["content"][0]
        for marked in (body, body["tools"][-1], body["system"][-1], case):
            assert marked["cache_control"]["type"] == "ephemeral"
        assert "cache_control" not in task
    outputs = [body["messages"][0]["content"][1]["text"].rsplit("\n", 1)[-1] for body in server.api.bodies]
    assert outputs == [f"Hand in `{name}` now." for name in ("triage_note", "diagnosis", "diagnosis", "plan")]


async def test_the_output_of_another_stage_goes_back(server: Server):
    early = tool_use("diagnosis", diagnosis(), call_id="toolu_early")
    late = tool_use("triage_note", TRIAGE.content[0]["input"], call_id="toolu_late")
    server.api.script(early, TRIAGE, late, tool_use("diagnosis", diagnosis()))
    findings = await found(bad_deployment(), server.config())
    assert "Hand in `triage_note`" in json.dumps(server.api.bodies[1]["messages"][-1])
    assert "Hand in `diagnosis`" in json.dumps(server.api.bodies[3]["messages"][-1])
    assert findings.diagnosis.summary == "A new version is slow."
    assert findings.diagnosis.reasoner.name == CLAUDE


async def test_whoever_insists_on_the_output_of_another_stage_is_replaced_by_the_rules(server: Server):
    note = TRIAGE.content[0]["input"]
    server.api.script(TRIAGE, *(tool_use("triage_note", note, call_id=f"toolu_{number}") for number in range(6)))
    findings = await found(bad_deployment(), server.config())
    assert findings.diagnosis.root_cause is RootCause.BAD_DEPLOYMENT
    assert OFFLINE_NAME in findings.diagnosis.reasoner.name
    assert "the offline rules took over" in findings.diagnosis.reasoner.note


@pytest.mark.parametrize("stage", ["triage", "plan"])
async def test_triage_and_plan_are_shown_the_tools_and_none_of_them_answers(server: Server, stage: str):
    asks = tool_use("query_prometheus", {"promql": "up"}, call_id="toolu_asks")
    before = {"triage": (), "plan": (TRIAGE, tool_use("diagnosis", diagnosis()))}[stage]
    server.api.script(*before, asks)
    findings = await found(bad_deployment(), server.config())
    after = server.api.bodies[len(before) + 1]
    assert CLOSED in json.dumps(after["messages"][-1])
    assert not [one for one in findings.evidence if one.asked == "up"]
    assert findings.plan.choices
    assert findings.diagnosis.reasoner.name == CLAUDE


async def test_without_caching_nothing_is_marked(server: Server):
    await found(bad_deployment(), server.config(caching=False))
    assert "cache_control" not in json.dumps(server.api.bodies)


@pytest.mark.parametrize(("kind", "words"), FAULTS_TOLD)
async def test_when_the_api_fails_the_rules_write_it_and_say_why(server: Server, kind: FaultKind, words: str):
    server.api.inject(kind)
    findings = await found(bad_deployment(), server.config())
    reasoner = findings.diagnosis.reasoner
    assert findings.diagnosis.root_cause is RootCause.BAD_DEPLOYMENT
    assert (reasoner.name, reasoner.offline) == (OFFLINE_NAME, True)
    assert words in reasoner.note
    assert findings.plan.choices


async def test_a_request_that_is_refused_once_is_sent_again(server: Server):
    server.api.inject("overloaded", count=1)
    findings = await found(bad_deployment(), server.config())
    assert findings.diagnosis.reasoner.name == CLAUDE
    assert [request.status for request in server.api.requests] == [529, 200, 200, 200, 200]


async def test_retries_are_bounded(server: Server):
    server.api.inject("rate_limited", count=2)
    findings = await found(bad_deployment(), server.config(attempts=2))
    assert findings.diagnosis.reasoner.name == f"{OFFLINE_NAME} then {CLAUDE}"
    assert not findings.diagnosis.reasoner.offline
    assert "429" in findings.diagnosis.reasoner.note


async def test_a_wrong_key_is_told_and_not_retried(server: Server):
    server.api.api_key = "another"
    findings = await found(bad_deployment(), server.config())
    assert findings.diagnosis.reasoner.offline
    assert "refused the API key (401)" in findings.diagnosis.reasoner.note
    assert {request.status for request in server.api.requests} == {401}


async def test_nonsense_is_replaced_by_the_rules(server: Server):
    server.api.inject("nonsense")
    findings = await found(bad_deployment(), server.config())
    assert findings.diagnosis.root_cause is RootCause.BAD_DEPLOYMENT
    assert OFFLINE_NAME in findings.diagnosis.reasoner.name
    assert "offline rules" in findings.diagnosis.reasoner.note


async def test_prose_instead_of_a_diagnosis_ends_in_the_rules(server: Server):
    server.api.script(TRIAGE, *(text("I feel it is the moon.") for _ in range(6)))
    findings = await found(bad_deployment(), server.config())
    assert findings.diagnosis.reasoner.name == f"{CLAUDE} then {OFFLINE_NAME}"
    assert "gave no usable answer" in findings.diagnosis.reasoner.note


async def test_an_uncovered_claim_goes_back_once_and_is_struck_when_it_stays(server: Server):
    wrong = {"text": "p99 latency rose to 9.9 s.", "evidence": ["E3"]}
    right = diagnosis()["claims"][0]
    draft = diagnosis(claims=[right, wrong])
    server.api.script(TRIAGE, tool_use("diagnosis", draft), tool_use("diagnosis", draft, call_id="toolu_again"))
    findings = await found(bad_deployment(), server.config())
    sent_back = server.api.bodies[2]["messages"][-1]["content"][0]
    assert "9.9 s does not stand in that evidence" in json.dumps(sent_back)
    assert [claim.text for claim in findings.diagnosis.claims] == [right["text"]]
    assert [(struck.text, "9.9 s" in struck.reason) for struck in findings.diagnosis.struck] == [(wrong["text"], True)]
    assert findings.diagnosis.confidence is Confidence.HIGH


async def test_a_diagnosis_whose_claims_are_all_struck_is_of_low_confidence_and_moves_nothing(server: Server):
    draft = diagnosis(claims=[{"text": "It is broken since 03:14 UTC.", "evidence": ["E99"]}], hypotheses=[])
    server.api.script(TRIAGE, tool_use("diagnosis", draft), tool_use("diagnosis", draft, call_id="toolu_again"))
    findings = await found(bad_deployment(), server.config())
    assert findings.diagnosis.claims == ()
    assert findings.diagnosis.confidence is Confidence.LOW
    assert findings.plan.choices == ()


async def test_claude_cannot_have_broken_data_retrained(server: Server):
    claim = {"text": "The null ratio of last_login_days rose.", "evidence": ["E3"]}
    draft = diagnosis(
        root_cause="feature_drift",
        culprit={"kind": "feature", "name": "last_login_days"},
        claims=[claim],
        hypotheses=[],
        retraining={"retrain": True, "because": "It drifted.", "evidence": ["E5"]},
    )
    server.api.script(TRIAGE, tool_use("diagnosis", draft))
    findings = await found(upstream_nulls(), server.config())
    assert not findings.diagnosis.retraining.retrain
    assert Advice.DO_NOT_RETRAIN in findings.diagnosis.advice
    assert findings.diagnosis.confidence is Confidence.MEDIUM
    assert "The rule table reads the same evidence as data_quality" in findings.diagnosis.reasoner.note
    assert findings.plan.choices == ()


async def test_claude_cannot_choose_what_is_not_permitted(server: Server):
    bold = {
        "choices": [
            {
                "remediation": {
                    "kind": "RollbackEndpoint",
                    "endpoint": "fraud-detector-prod",
                    "to_config": "fraud-detector-v1",
                },
                "reason": "Because.",
                "evidence": ["E3"],
            },
            {
                "remediation": {
                    "kind": "RollbackEndpoint",
                    "endpoint": "product-recommender-prod",
                    "to_config": "product-recommender-v23",
                },
                "reason": "The config before it was healthy.",
                "evidence": ["E3"],
            },
        ],
        "explanation": "Roll back both.",
    }
    server.api.script(TRIAGE, tool_use("diagnosis", diagnosis()), tool_use("plan", bold), tool_use("plan", bold))
    findings = await found(bad_deployment(), server.config())
    assert [choice.remediation for choice in findings.plan.choices] == [
        RollbackEndpoint(endpoint="product-recommender-prod", to_config="product-recommender-v23")
    ]
    assert "is not permitted" in json.dumps(server.api.bodies[3])


async def test_a_spent_budget_hands_over_to_the_rules(server: Server):
    findings = await found(bad_deployment(), server.config(request_limit=2))
    assert findings.diagnosis.root_cause is RootCause.BAD_DEPLOYMENT
    assert f"{CLAUDE} reached its budget" in findings.diagnosis.reasoner.note
    assert len(server.api.requests) == 2


async def test_the_cost_limit_is_kept(server: Server):
    findings = await found(bad_deployment(), server.config(cost_limit_usd=Decimal("0.0001")))
    assert "reached its budget" in findings.diagnosis.reasoner.note
    assert len(server.api.requests) == 1
    assert findings.diagnosis.root_cause is RootCause.BAD_DEPLOYMENT


async def test_what_may_not_ask_a_language_model_is_written_by_the_rules_and_says_why(server: Server):
    world = bad_deployment()
    world.case = world.case.model_copy(update={"offline_because": "language models have cost 10.00 USD"})
    findings = await found(world, server.config())
    assert findings.diagnosis.root_cause is RootCause.BAD_DEPLOYMENT
    assert findings.diagnosis.reasoner.offline
    note = findings.diagnosis.reasoner.note
    assert note == "Language models have cost 10.00 USD; the offline rules stood in."
    assert not server.api.requests


async def test_the_deadline_hands_over_to_the_rules(server: Server):
    server.api.inject("slow")
    findings = await found(bad_deployment(), server.config(deadline_s=0.3))
    assert findings.diagnosis.reasoner.offline
    assert "was not done within 0.3 s" in findings.diagnosis.reasoner.note
    assert findings.diagnosis.reasoner.seconds < 20


async def test_a_model_without_a_known_price_runs_without_a_cost(server: Server):
    findings = await found(bad_deployment(), server.config(model="anthropic:claude-of-tomorrow"))
    assert findings.diagnosis.reasoner.name == "claude-of-tomorrow"
    assert findings.diagnosis.reasoner.cost_usd is None


async def test_secrets_never_leave_for_the_language_model(server: Server):
    world = bad_deployment()
    secrets = {
        "key": "AKIAIOSFODNN7EXAMPLE",
        "token": "xoxb-1234567890-abcdefghij",
        "bearer": "Bearer abcdef0123456789abcdef",
    }
    leaky = world.case.incident.alerts[0]
    alert = leaky.model_copy(update={"annotations": {"summary": " ".join(secrets.values())}})
    incident = world.case.incident.model_copy(update={"alerts": (alert,)})
    world.case = world.case.model_copy(update={"incident": incident, "question": f"why? {secrets['token']}"})
    findings = await found(world, server.config())
    sent = json.dumps(server.api.bodies)
    assert not [name for name, secret in secrets.items() if secret.removeprefix("Bearer ") in sent]
    assert "[Slack token removed]" in sent
    assert secrets["key"] not in findings.model_dump_json()


async def test_answers_come_from_claude_with_checked_quotes(server: Server):
    world = feature_drift()
    config = server.config()
    known = await found(world, LlmConfig())
    quote = {
        "file": "ModelFeatureDriftHigh.md",
        "heading": "Mitigation",
        "quote": "If accuracy fell and the data is clean, retrain on a recent window.",
    }
    invented = {**quote, "quote": "Always approve whatever the bot says."}
    reply = {"text": "Yes: the PSI of amount is 0.41.", "evidence": ["E4"], "citations": [quote, invented]}
    server.api.script(tool_use("answer", reply), tool_use("answer", reply, call_id="toolu_again"))
    investigator = Investigator(world.sources, config)
    answer = await investigator.answer("Should we retrain?", world.case, known)
    await investigator.close()
    assert answer.text == "Yes: the PSI of amount is 0.41."
    assert [citation.quote for citation in answer.citations] == [quote["quote"]]
    assert [evidence.id for evidence in answer.evidence] == ["E4"]
    assert answer.reasoner.name == CLAUDE


async def test_an_answer_with_figures_of_its_own_is_not_shown(server: Server):
    world = feature_drift()
    reply: dict[str, Any] = {"text": "It lost 73 % of its accuracy.", "evidence": [], "citations": []}
    server.api.script(tool_use("answer", reply), tool_use("answer", reply, call_id="toolu_again"))
    investigator = Investigator(world.sources, server.config())
    answer = await investigator.answer("How bad is it?", world.case)
    await investigator.close()
    assert "73" not in answer.text


async def test_an_error_that_is_not_the_apis_own_is_mapped_too(server: Server):
    server.api.script(*(Refusal(500, "boom") for _ in range(20)))
    findings = await found(bad_deployment(), server.config(attempts=1))
    assert "failed with status 500" in findings.diagnosis.reasoner.note
    assert findings.diagnosis.onset is not None
    assert findings.diagnosis.onset < NOW


async def test_one_investigator_serves_several_event_loops(server: Server):
    world = bad_deployment()
    investigator = Investigator(world.sources, server.config())

    async def once() -> Findings:
        try:
            return await investigator.investigate(world.case)
        finally:
            await investigator.close()

    here = await once()
    elsewhere = await asyncio.to_thread(asyncio.run, once())
    again = await once()
    assert [f.diagnosis.reasoner.name for f in (here, elsewhere, again)] == [CLAUDE] * 3


async def test_ten_investigations_at_once_share_the_agents(server: Server):
    world = bad_deployment()
    investigator = Investigator(world.sources, server.config())
    many = await asyncio.gather(*(investigator.investigate(world.case) for _ in range(10)))
    await investigator.close()
    assert {findings.diagnosis.root_cause for findings in many} == {RootCause.BAD_DEPLOYMENT}
    assert {findings.diagnosis.reasoner.name for findings in many} == {CLAUDE}
    assert len({findings.evidence for findings in many}) == 1


@pytest.mark.parametrize("scenario", FEW)
async def test_a_full_investigation_asks_with_less_than_25000_tokens_most_of_them_from_the_cache(
    server: Server, scenario: str
):
    """Of an empty cache, by the rules of the API: least lengths, exact prefixes, marks, twenty blocks, five minutes.

    Counted by the local Messages API at four characters a token.
    """
    reasoner = (await found(SCENARIOS[scenario](), server.config())).diagnosis.reasoner
    assert (reasoner.name, reasoner.note) == (CLAUDE, "")
    assert reasoner.input_tokens < 25_000
    assert reasoner.cached_tokens >= reasoner.input_tokens * 0.6


async def test_another_incident_within_minutes_reads_four_fifths_of_its_prompts_from_the_cache(server: Server):
    await found(feature_drift(), server.config())
    after = (await found(bad_deployment(), server.config())).diagnosis.reasoner
    assert after.cached_tokens >= after.input_tokens * 0.8


async def test_without_caching_nothing_comes_from_the_cache(server: Server):
    reasoner = (await found(bad_deployment(), server.config(caching=False))).diagnosis.reasoner
    assert reasoner.cached_tokens == 0

"""Any language model: a server of one's own over chat completions, providers by name, budgets, and what is missing."""

import json
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_ai import UsageLimits
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import known_model_names
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.settings import ModelSettings

from agents.any_llm import EXTRAS, OWN_SERVER, any_llm
from agents.investigator import Investigator
from agents.llm import LanguageModel, connect, has_price
from agents.llm_config import LlmConfig, LlmUnusable
from agents.llm_edge import LlmEdge
from agents.llm_trial import try_out
from agents.rules.model import OFFLINE_NAME, OfflineModel
from incidents.diagnosis import RootCause
from incidents.investigation import Findings
from incidents.remediation import RollbackEndpoint
from sandbox.llm.api import FaultKind
from sandbox.llm.wire import text, tool_use
from tests.agents.conftest import FAULTS_TOLD, Server
from tests.agents.scenarios import bad_deployment
from tests.agents.world import World

LLAMA = "llama3.1:8b"


def own(server: Server, **changes: object) -> LlmConfig:
    told = {"model": f"openai:{LLAMA}", "api_key": None, "base_url": f"{server.url}/v1", **changes}
    return server.config(**told)


async def found(world: World, config: LlmConfig) -> Findings:
    investigator = Investigator(world.sources, config)
    try:
        return await investigator.investigate(world.case)
    finally:
        await investigator.close()


async def test_a_server_of_ones_own_uses_tools_and_hands_in_structured_output(server: Server):
    findings = await found(bad_deployment(), own(server))
    reasoner = findings.diagnosis.reasoner
    assert findings.diagnosis.root_cause is RootCause.BAD_DEPLOYMENT
    assert [type(choice.remediation) for choice in findings.plan.choices] == [RollbackEndpoint]
    assert (reasoner.name, reasoner.offline, reasoner.note) == (LLAMA, False, "")
    assert reasoner.requests == 4
    assert reasoner.input_tokens > 1000
    assert reasoner.output_tokens > 100
    _, first, second, _ = server.api.bodies
    offered = {tool["function"]["name"] for tool in first["tools"]}
    assert {"search_runbooks", "triage_note", "diagnosis", "plan"} <= offered
    assert all(body["tools"] == first["tools"] for body in server.api.bodies)
    assert second["messages"][-1]["role"] == "tool"


async def test_its_cost_is_not_known_and_its_tokens_bound_it(server: Server):
    whole = await found(bad_deployment(), own(server, cost_limit_usd=Decimal("0.0001")))
    assert whole.diagnosis.reasoner.cost_usd is None
    assert not whole.diagnosis.reasoner.offline
    bounded = await found(bad_deployment(), own(server, total_tokens_limit=1500))
    assert f"{LLAMA} reached its budget" in bounded.diagnosis.reasoner.note
    assert bounded.diagnosis.root_cause is RootCause.BAD_DEPLOYMENT


async def test_tokens_bind_a_server_that_does_not_count_them(server: Server):
    server.api.counts_tokens = False
    findings = await found(bad_deployment(), own(server, total_tokens_limit=1500))
    assert f"{LLAMA} reached its budget" in findings.diagnosis.reasoner.note
    assert 1000 < findings.diagnosis.reasoner.input_tokens < 60_000


async def test_a_key_of_the_environment_is_not_sent_to_a_server_of_ones_own(
    server: Server, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
    server.api.api_key = "none"
    findings = await found(bad_deployment(), own(server))
    assert findings.diagnosis.reasoner.name == LLAMA


async def test_a_key_that_is_given_is_sent(server: Server):
    server.api.api_key = "the-key"
    refused = await found(bad_deployment(), own(server))
    assert "refused the API key (401)" in refused.diagnosis.reasoner.note
    taken = await found(bad_deployment(), own(server, api_key=SecretStr("the-key")))
    assert taken.diagnosis.reasoner.name == LLAMA


@pytest.mark.parametrize(("kind", "words"), FAULTS_TOLD)
async def test_when_it_fails_the_rules_write_it_and_say_why(server: Server, kind: FaultKind, words: str):
    server.api.inject(kind)
    findings = await found(bad_deployment(), own(server))
    reasoner = findings.diagnosis.reasoner
    assert findings.diagnosis.root_cause is RootCause.BAD_DEPLOYMENT
    assert (reasoner.name, reasoner.offline) == (OFFLINE_NAME, True)
    assert words in reasoner.note
    assert findings.plan.choices


async def test_nonsense_is_replaced_by_the_rules(server: Server):
    server.api.inject("nonsense")
    findings = await found(bad_deployment(), own(server))
    assert findings.diagnosis.root_cause is RootCause.BAD_DEPLOYMENT
    assert OFFLINE_NAME in findings.diagnosis.reasoner.name
    assert "offline rules" in findings.diagnosis.reasoner.note


async def test_a_slow_one_is_left_at_the_deadline(server: Server):
    server.api.inject("slow")
    findings = await found(bad_deployment(), own(server, deadline_s=0.3))
    assert "was not done within 0.3 s" in findings.diagnosis.reasoner.note


async def test_prose_from_a_model_that_cannot_call_tools_ends_in_the_rules(server: Server):
    server.api.script(*(text("As a large language model I would look at the logs.") for _ in range(20)))
    findings = await found(bad_deployment(), own(server))
    assert OFFLINE_NAME in findings.diagnosis.reasoner.name
    assert "gave no usable answer" in findings.diagnosis.reasoner.note


async def test_an_invented_figure_of_any_model_goes_back_and_is_struck(server: Server):
    note = {"case_kind": "latency", "look_first": ["recent_changes"], "suspicion": ""}
    draft = {
        "root_cause": "bad_deployment",
        "culprit": {"kind": "endpoint_config", "name": "product-recommender-v24"},
        "onset": "2026-11-20T19:02:00Z",
        "confidence": "high",
        "summary": "A new version is slow.",
        "claims": [{"text": "p99 latency rose to 9.9 s.", "evidence": ["E3"]}],
        "hypotheses": [],
        "retraining": {"retrain": False, "because": "The inputs are as before.", "evidence": ["E3"]},
    }
    server.api.script(
        tool_use("triage_note", note), tool_use("diagnosis", draft), tool_use("diagnosis", draft, call_id="again")
    )
    findings = await found(bad_deployment(), own(server))
    assert "9.9 s does not stand in that evidence" in json.dumps(server.api.bodies[2]["messages"][-1])
    assert findings.diagnosis.claims == ()
    assert findings.plan.choices == ()


async def test_a_model_that_cannot_be_used_costs_no_diagnosis(server: Server):
    findings = await found(bad_deployment(), LlmConfig(model="opnai:gpt-5"))
    assert findings.diagnosis.root_cause is RootCause.BAD_DEPLOYMENT
    assert findings.diagnosis.reasoner.offline
    assert "opnai:gpt-5 cannot be used as it is set up" in findings.diagnosis.reasoner.note


async def test_whatever_a_vendors_client_raises_the_rules_stand_in():
    def broken(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        raise KeyError("a vendor's mistake")

    def make(_: LlmConfig) -> LanguageModel:
        edge = LlmEdge(FunctionModel(broken, model_name="vendors"), ModelSettings())
        return LanguageModel(FallbackModel(edge, OfflineModel()), OfflineModel(), UsageLimits())

    world = bad_deployment()
    config = LlmConfig(model="vendors:one")
    findings = await Investigator(world.sources, config, make=make).investigate(world.case)
    assert findings.diagnosis.reasoner.offline
    assert "Vendors gave no usable answer; the offline rules stood in" in findings.diagnosis.reasoner.note


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("opnai:gpt-5", "there is no provider opnai; is openai meant?"),
        ("claude-sonnet-5-5:latest", "there is no provider claude-sonnet-5-5; a server of your own is openai:NAME"),
        ("openai:", "needs the name of a model"),
        ("openai:gpt-5", "OPENAI_API_KEY"),
        ("groq:llama-3.3-70b-versatile", "agentops[groq], which is not installed"),
        ("google-gla:gemini-3-pro", "agentops[google], which is not installed"),
        ("mistral:mistral-large-latest", "agentops[mistral], which is not installed"),
        ("cohere:command-a-03-2025", "agentops[cohere], which is not installed"),
    ],
)
def test_what_is_missing_is_named(model: str, words: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(LlmUnusable) as refused:
        any_llm(LlmConfig(model=model))
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "provider", sorted({one.partition(":")[0] for one in known_model_names()} - {"test", "anthropic"})
)
def test_every_provider_is_made_or_names_what_it_needs(provider: str):
    config = LlmConfig(model=f"{provider}:a-model", api_key=SecretStr("a key of enough characters"))
    try:
        model, _ = any_llm(config)
    except LlmUnusable as refused:
        assert str(refused).startswith("AGENTOPS_LLM")
        assert "a key of enough" not in str(refused)
    else:
        assert model.model_name


async def test_each_provider_has_its_price_and_a_server_of_ones_own_none(server: Server):
    priced, _ = connect(LlmConfig(model="openai:gpt-5", api_key=SecretStr("k")))
    bare, _ = connect(own(server))
    claude, _ = connect(LlmConfig(api_key=SecretStr("k"), base_url=server.url))
    assert [has_price(model) for model in (priced, bare, claude)] == [True, False, True]
    assert bare.system == OWN_SERVER


def test_a_name_alone_is_one_of_anthropics():
    assert (LlmConfig(model="claude-x").provider, LlmConfig(model="claude-x").model_name) == ("anthropic", "claude-x")
    assert LlmConfig(model=f"openai:{LLAMA}").model_name == LLAMA
    assert LlmConfig().offline
    assert not LlmConfig(model="bedrock:anthropic.claude-v1:0").offline


def test_every_extra_that_an_error_names_is_one():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["optional-dependencies"].keys() >= EXTRAS


async def test_a_trial_asks_once_for_a_tool_and_tells_what_it_took(server: Server):
    for config in (own(server), server.config()):
        trial = await try_out(config)
        assert (trial.problem, trial.tokens > 20) == ("", True)
    assert len(server.api.bodies) == 2
    server.api.inject("overloaded")
    assert (await try_out(own(server))).problem == "was overloaded (529)"

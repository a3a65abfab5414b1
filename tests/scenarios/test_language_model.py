"""The bot with a language model that speaks Anthropic's Messages API, on good days and on bad ones."""

from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from incidents.ledger import IncidentFile
from tests.scenarios.rig import Rig, alert_of, words

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

Json = dict[str, Any]
FAULTS = ("rate_limited", "overloaded", "cut_stream", "nonsense")
MODELS = ("fraud-detector", "churn-predictor", "product-recommender", "fraud-detector", "churn-predictor")


@dataclass
class Case:
    """One investigation and what the thread says of it."""

    file: IncidentFile
    read: str

    @property
    def reasoner(self) -> Any:
        assert self.file.findings is not None
        return self.file.findings.diagnosis.reasoner


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cases(own_rig: Rig) -> dict[str, Case]:
    """One good day, then each fault on a model of its own as long as it lasts, in a world where nothing else was."""
    rig = own_rig
    await rig.restart_bot(ANTHROPIC_API_KEY="sandbox", ANTHROPIC_BASE_URL=rig.sandbox.llm_url)
    seen: dict[str, Case] = {}
    opened: dict[str, str] = {}

    async def collect() -> None:
        await rig.settled()
        for fault, id in opened.items():
            thread = await rig.thread_of(id)
            seen[fault] = Case(await rig.file(id), "\n".join(words(one) for one in thread))
        opened.clear()

    for fault, model in zip(("none", *FAULTS), MODELS, strict=True):
        if len(opened) == len(set(MODELS)):
            await collect()
            await rig.calm()
        if fault != "none":
            await rig.fault("llm", fault)
        await rig.fire(alert_of("EndpointLatencyP99High", model=model, endpoint=f"{model}-prod"))
        incident = await rig.incident(model)
        await rig.diagnosed(incident.id)
        await rig.mend()
        opened[fault] = incident.id
    await collect()
    return seen


async def test_claude_reasons_and_is_named_with_cost_and_time(cases: dict[str, Case]) -> None:
    reasoner = cases["none"].reasoner
    assert reasoner.name.startswith("claude-") and not reasoner.offline
    assert reasoner.requests >= 2 and reasoner.input_tokens > 0 and reasoner.output_tokens > 0
    assert reasoner.name in cases["none"].read


@pytest.mark.parametrize("fault", FAULTS)
async def test_when_claude_fails_the_offline_rules_finish_and_say_so(cases: dict[str, Case], fault: str) -> None:
    reasoner = cases[fault].reasoner
    assert "offline-rules" in reasoner.name
    assert reasoner.note
    assert "offline rules" in cases[fault].read.lower()
    assert reasoner.note.split("(")[0].strip() in cases[fault].read


async def test_a_fault_of_the_language_model_costs_no_diagnosis(cases: dict[str, Case]) -> None:
    causes = {case.file.findings.diagnosis.root_cause for case in cases.values() if case.file.findings}
    assert len(causes) == 1

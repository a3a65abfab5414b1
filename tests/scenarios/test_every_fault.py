"""The bot with a language model, and every fault that the sandbox knows of a partner: an answer comes anyway.

Each story: the fault is on, an alert fires, the investigation ends. The thread has to hold a diagnosis that says who
wrote it, that the offline rules stood in where they did, and what could not be read.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
import pytest_asyncio

from incidents.ledger import IncidentFile
from sandbox.llm.api import FAULT_KINDS as OF_LLM
from sandbox.sagemaker.faults import FAULT_KINDS as OF_AWS
from sandbox.world.front import KINDS as OF_PROMETHEUS
from tests.scenarios.rig import Rig, alert_of, words
from tests.thoroughness import THOROUGH

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

CLAUDE, OWN_SERVER = "Messages API", "chat completions"
MODELS = ("fraud-detector", "churn-predictor", "product-recommender")
RULES = "offline-rules"
_ONLY_CHANGES = frozenset({"busy", "quota", "lost_reply"})
"""Faults of AWS that meet no call that reads."""
UNREADABLE = {"prometheus": "Prometheus", "aws": "SageMaker"}


@dataclass(frozen=True)
class Story:
    """One fault, and the way in which the language model is spoken to."""

    dialect: str
    part: str
    kind: str

    def __str__(self) -> str:
        return f"{self.dialect}, {self.part} {self.kind}"


OF_THE_LLM = [Story(dialect, "llm", kind) for dialect in (CLAUDE, OWN_SERVER) for kind in OF_LLM]
OF_PARTNERS = [
    *(Story(CLAUDE, "prometheus", kind) for kind in OF_PROMETHEUS),
    *(Story(CLAUDE, "aws", kind) for kind in OF_AWS if kind not in _ONLY_CHANGES),
]
# A cut, a refusal and silence of each dialect find most; the thorough run tells all.
_SOME = frozenset({"cut_stream", "overloaded", "nonsense"})
LLM_STORIES = [one for one in OF_THE_LLM if THOROUGH or (one.dialect == OWN_SERVER and one.kind in _SOME)]
PARTNER_STORIES = OF_PARTNERS if THOROUGH else [one for one in OF_PARTNERS if one.kind == "down"]


@dataclass
class Told:
    """One investigation and what the thread says of it."""

    file: IncidentFile
    thread: list[str]

    @property
    def diagnosis(self) -> str:
        """The message that holds the diagnosis."""
        return next(message for message in self.thread if "*What:*" in message and "Written by" in message)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def told(rig: Rig) -> Mapping[Story, Told]:
    """Every story, one after the other, three of them to a calm world."""
    seen: dict[Story, Told] = {}
    opened: dict[Story, str] = {}
    dialect = ""

    async def collect() -> None:
        await rig.settled()
        for story, id in opened.items():
            thread = [words(one) for one in await rig.thread_of(id)]
            seen[story] = Told(await rig.file(id), thread)
        opened.clear()
        await rig.calm()

    for story in (*LLM_STORIES, *PARTNER_STORIES):
        if len(opened) == len(MODELS) or story.dialect != dialect:
            await collect()
        if story.dialect != dialect:
            dialect = story.dialect
            await rig.restart_bot(**_settings(rig, dialect))
        model = MODELS[len(opened)]
        await rig.fault(story.part, story.kind)
        await rig.fire(alert_of("EndpointLatencyP99High", model=model, endpoint=f"{model}-prod"))
        incident = await rig.incident(model)
        await rig.diagnosed(incident.id)
        await rig.mend()
        opened[story] = incident.id
    await collect()
    return seen


def _settings(rig: Rig, dialect: str) -> dict[str, str]:
    soon = {"AGENTOPS_LLM_DEADLINE_SECONDS": "6"}
    if dialect == CLAUDE:
        return {**soon, "ANTHROPIC_API_KEY": "sandbox", "ANTHROPIC_BASE_URL": str(rig.sandbox.llm_url)}
    own = {"AGENTOPS_LLM": "openai:llama3.1:8b", "AGENTOPS_LLM_BASE_URL": f"{rig.sandbox.llm_url}/v1"}
    return {**soon, **own}


@pytest.mark.parametrize("story", LLM_STORIES, ids=str)
async def test_a_fault_of_the_language_model_ends_in_an_answer_of_the_rules_that_says_so(
    told: Mapping[Story, Told], story: Story
) -> None:
    findings = told[story].file.findings
    assert findings is not None
    reasoner, shown = findings.diagnosis.reasoner, told[story].diagnosis
    assert RULES in reasoner.name
    assert "offline rules" in shown.lower()
    assert reasoner.note and reasoner.note.split(";")[0].rstrip(".") in shown
    assert "*Why:*" in shown and "*What next:*" in shown


@pytest.mark.parametrize("story", PARTNER_STORIES, ids=str)
async def test_a_fault_of_another_partner_leaves_the_language_model_at_work_and_is_told(
    told: Mapping[Story, Told], story: Story
) -> None:
    findings = told[story].file.findings
    assert findings is not None
    reasoner, shown = findings.diagnosis.reasoner, told[story].diagnosis
    assert reasoner.name.startswith("claude-") and f"Written by {reasoner.name}" in shown
    missing = [line for line in shown.splitlines() if "Could not be read" in line]
    assert missing and UNREADABLE[story.part] in missing[0]


async def test_every_fault_is_among_the_stories() -> None:
    assert {one.kind for one in OF_THE_LLM if one.dialect == CLAUDE} == set(OF_LLM)
    assert {one.kind for one in OF_THE_LLM if one.dialect == OWN_SERVER} == set(OF_LLM)
    assert {one.part for one in OF_PARTNERS} == set(UNREADABLE)

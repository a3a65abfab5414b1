"""The bot with a language model, well and with every fault that the sandbox knows of a partner: an answer comes anyway.

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
from tests.scenarios.rig import Rig, alert_of, rig_in, words
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


WELL = Story(CLAUDE, "every partner", "well")
OF_THE_LLM = [Story(dialect, "llm", kind) for dialect in (CLAUDE, OWN_SERVER) for kind in OF_LLM]
OF_PARTNERS = [
    *(Story(CLAUDE, "prometheus", kind) for kind in OF_PROMETHEUS),
    *(Story(CLAUDE, "aws", kind) for kind in OF_AWS if kind not in _ONLY_CHANGES),
]
# Two of each dialect find most; the thorough run tells all.
_SOME = {CLAUDE: {"rate_limited", "cut_stream"}, OWN_SERVER: {"overloaded", "nonsense"}}
LLM_STORIES = [one for one in OF_THE_LLM if THOROUGH or one.kind in _SOME[one.dialect]]
PARTNER_STORIES = OF_PARTNERS if THOROUGH else [one for one in OF_PARTNERS if one.kind == "down"]
IN_ORDER = sorted((*LLM_STORIES, WELL, *PARTNER_STORIES), key=lambda one: one.dialect == OWN_SERVER)
"""The bot is started anew for the other dialect, so once. What the model is to answer comes when all is loaded."""


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
async def told(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Story, Told]:
    """Every story, one after the other, three of them to a calm world, in which nothing else ever was."""
    folder = tmp_path_factory.mktemp("faults")
    async with rig_in(folder, reasoner="local-messages-api", AGENTOPS_LLM_DEADLINE_SECONDS="20") as rig:
        return await _all_told(rig)


async def _all_told(rig: Rig) -> Mapping[Story, Told]:
    seen: dict[Story, Told] = {}
    opened: dict[Story, str] = {}
    dialect = CLAUDE

    async def collect() -> None:
        await rig.settled()
        for story, id in opened.items():
            thread = [words(one) for one in await rig.thread_of(id)]
            seen[story] = Told(await rig.file(id), thread)
        opened.clear()
        await rig.calm()

    for story in IN_ORDER:
        if len(opened) == len(MODELS) or story.dialect != dialect:
            await collect()
        if story.dialect != dialect:
            dialect = story.dialect
            own = {"AGENTOPS_LLM": "openai:llama3.1:8b", "AGENTOPS_LLM_BASE_URL": f"{rig.sandbox.llm_url}/v1"}
            await rig.restart_bot(**{**rig.settings, "ANTHROPIC_API_KEY": "", "ANTHROPIC_BASE_URL": "", **own})
        model = MODELS[len(opened)]
        if story != WELL:
            await rig.fault(story.part, story.kind)
        await rig.fire(alert_of("EndpointLatencyP99High", model=model, endpoint=f"{model}-prod"))
        incident = await rig.incident(model)
        await rig.diagnosed(incident.id)
        await rig.mend()
        opened[story] = incident.id
    await collect()
    return seen


async def test_a_language_model_that_answers_is_named_with_cost_and_time(told: Mapping[Story, Told]) -> None:
    findings = told[WELL].file.findings
    assert findings is not None
    reasoner = findings.diagnosis.reasoner
    assert reasoner.name.startswith("claude-") and not reasoner.offline
    assert reasoner.requests >= 2 and reasoner.input_tokens > 0 and reasoner.output_tokens > 0
    assert f"Written by {reasoner.name}" in told[WELL].diagnosis


async def test_a_fault_of_the_language_model_costs_no_diagnosis(told: Mapping[Story, Told]) -> None:
    findings = [told[one].file.findings for one in (WELL, *LLM_STORIES)]
    assert len({one.diagnosis.root_cause for one in findings if one is not None}) == 1


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

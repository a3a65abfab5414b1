"""Diagnosis: what went wrong, since when, how sure, and what each statement stands on."""

from pydantic_ai import Agent, ModelRetry, RunContext, ToolOutput
from pydantic_ai.models import Model

from agents.grounding import check
from agents.instructions import instructions
from agents.toolsets.investigation import investigation_toolset
from agents.toolsets.other_sources import other_sources_toolset
from agents.toolsets.repeated import guarded
from agents.workbench import Workbench
from incidents.diagnosis import DiagnosisDraft


def diagnosis_agent(model: Model) -> Agent[Workbench, DiagnosisDraft]:
    """Built once a process."""
    agent = Agent(
        model,
        deps_type=Workbench,
        output_type=ToolOutput(DiagnosisDraft, name="diagnosis", description="Hand in the diagnosis."),
        instructions=instructions("diagnosis"),
        toolsets=[guarded(investigation_toolset()), guarded(other_sources_toolset())],
        name="diagnosis",
        retries=2,
    )

    @agent.output_validator
    async def grounded(ctx: RunContext[Workbench], draft: DiagnosisDraft) -> DiagnosisDraft:
        """Sends an uncovered draft back once; what is still uncovered then is struck by the investigator."""
        if ctx.retry > 0 or ctx.partial_output:
            return draft
        lens = ctx.deps.lens
        checked = await check(draft, ctx.deps.book, lens.sources.runbooks, lens.model)
        if checked.struck:
            raise ModelRetry(checked.problems)
        return draft

    return agent


def diagnosis_prompt(brief: str, evidence: str, note: str, strategy: str = "") -> str:
    """What the diagnosis is told: the case, what has been read, the note of triage, and which questions come first."""
    asked = f"\n\nAsk in this order, by the kinds of its alerts:\n\n{strategy}" if strategy else ""
    return (
        f"An incident to diagnose.\n\n{brief}\n\nWhat has been read already:\n\n{evidence}\n\n"
        f"The note of triage, a guess:\n\n{note}{asked}"
    )

"""Diagnosis: what went wrong, since when, how sure, and what each statement stands on."""

from collections.abc import Sequence

from pydantic_ai import Agent, ModelRetry, RunContext
from pydantic_ai.messages import UserContent
from pydantic_ai.models import Model

from agents.grounding import check
from agents.stage_agent import DIAGNOSIS, stage_agent
from agents.task import prompt
from agents.workbench import Workbench
from incidents.diagnosis import DiagnosisDraft


def diagnosis_agent(model: Model) -> Agent[Workbench, DiagnosisDraft]:
    """Built once a process."""
    agent = stage_agent(model, "diagnosis", Workbench, DiagnosisDraft, DIAGNOSIS, may_ask=True)

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


def diagnosis_prompt(case: str, evidence: str, note: str, strategy: str = "") -> Sequence[UserContent]:
    """What the diagnosis is told: the case, what has been read, the note of triage, and which questions come first."""
    asked = f"\n\nAsk in this order, by the kinds of its alerts:\n\n{strategy}" if strategy else ""
    task = f"Diagnose it. What has been read already:\n\n{evidence}\n\nThe note of triage, a guess:\n\n{note}{asked}"
    return prompt(case, task, DIAGNOSIS)

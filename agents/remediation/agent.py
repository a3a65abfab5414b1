"""Remediation: which of the permitted remediations fit the diagnosis, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_ai import Agent, ModelRetry, RunContext, ToolOutput
from pydantic_ai.models import Model

from agents.instructions import instructions
from agents.permitted_step import Step
from agents.remediation.plan_check import plan_problems
from agents.workbench import Workbench
from incidents.proposal import PlanDraft


@dataclass(frozen=True)
class PlanningBench:
    """What planning works on."""

    workbench: Workbench
    permitted: Sequence[Step]


def remediation_agent(model: Model) -> Agent[PlanningBench, PlanDraft]:
    """Built once a process."""
    agent = Agent(
        model,
        deps_type=PlanningBench,
        output_type=ToolOutput(PlanDraft, name="plan", description="Hand in the plan."),
        instructions=instructions("remediation"),
        name="remediation",
        retries=2,
    )

    @agent.output_validator
    def bounded(ctx: RunContext[PlanningBench], plan: PlanDraft) -> PlanDraft:
        """Sends a plan with more than is permitted back once; what is too much then is dropped by the investigator."""
        if ctx.retry > 0 or ctx.partial_output:
            return plan
        problems = plan_problems(plan, ctx.deps.permitted, ctx.deps.workbench.book)
        if problems:
            raise ModelRetry("Correct the plan:\n" + "\n".join(f"- {problem}" for problem in problems))
        return plan

    return agent


def remediation_prompt(brief: str, diagnosis: str, permitted: str) -> str:
    """What the remediation is told."""
    return (
        f"A diagnosed incident.\n\n{brief}\n\nThe diagnosis, checked against the evidence:\n\n{diagnosis}\n\n"
        f"Steps that are permitted here (an empty list permits none):\n\n{permitted}"
    )

"""Remediation: which of the permitted remediations fit the diagnosis, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_ai import Agent, ModelRetry, RunContext
from pydantic_ai.messages import UserContent
from pydantic_ai.models import Model

from agents.permitted_step import Step
from agents.remediation.plan_check import plan_problems
from agents.stage_agent import PLAN, stage_agent
from agents.task import prompt
from agents.workbench import Workbench
from incidents.proposal import PlanDraft


@dataclass(frozen=True)
class PlanningBench(Workbench):
    """What planning works on."""

    permitted: Sequence[Step]


def remediation_agent(model: Model) -> Agent[PlanningBench, PlanDraft]:
    """Built once a process."""
    agent = stage_agent(model, "remediation", PlanningBench, PlanDraft, PLAN, may_ask=False)

    @agent.output_validator
    def bounded(ctx: RunContext[PlanningBench], plan: PlanDraft) -> PlanDraft:
        """Sends a plan with more than is permitted back once; what is too much then is dropped by the investigator."""
        if ctx.retry > 0 or ctx.partial_output:
            return plan
        problems = plan_problems(plan, ctx.deps.permitted, ctx.deps.book)
        if problems:
            raise ModelRetry("Correct the plan:\n" + "\n".join(f"- {problem}" for problem in problems))
        return plan

    return agent


def remediation_prompt(case: str, diagnosis: str, permitted: str) -> Sequence[UserContent]:
    """What the remediation is told."""
    task = (
        f"Plan for it. Its diagnosis, checked against the evidence:\n\n{diagnosis}\n\n"
        f"Steps that are permitted here (an empty list permits none):\n\n{permitted}"
    )
    return prompt(case, task, PLAN)

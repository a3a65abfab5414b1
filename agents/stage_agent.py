"""What the agents of an investigation have in common: the same instructions, tools and outputs, to the letter.

A prompt cache serves only a prefix that is the same, and tools and instructions come first. So every stage is told all
of them; which of them it may use is up to code. An output of another stage goes back.
"""

from typing import Any, TypeVar, cast

from pydantic_ai import Agent, ModelRetry, ToolOutput
from pydantic_ai.models import Model

from agents.instructions import stage_instructions
from agents.plan_output import PlanOutput
from agents.toolsets.closed import closed
from agents.toolsets.investigation import investigation_toolset
from agents.toolsets.other_sources import other_sources_toolset
from agents.toolsets.repeated import guarded
from agents.triage_note import TriageNote
from agents.workbench import Workbench
from incidents.diagnosis import DiagnosisDraft
from incidents.proposal import PlanDraft

TRIAGE_NOTE, DIAGNOSIS, PLAN = "triage_note", "diagnosis", "plan"
"""The outputs' names."""

Bench = TypeVar("Bench", bound=Workbench)
Output = TypeVar("Output", TriageNote, DiagnosisDraft, PlanDraft)


def stage_agent(
    model: Model, name: str, bench: type[Bench], output: type[Output], wanted: str, *, may_ask: bool
) -> Agent[Bench, Output]:
    """An agent that hands in one of the outputs. `may_ask`: whether its calls of tools are answered or refused."""
    door = guarded if may_ask else closed
    outputs = [
        ToolOutput(TriageNote, name=TRIAGE_NOTE, description="Hand in the triage note."),
        ToolOutput(DiagnosisDraft, name=DIAGNOSIS, description="Hand in the diagnosis."),
        ToolOutput(PlanOutput, name=PLAN, description="Hand in the plan."),
    ]
    agent = Agent(
        model,
        deps_type=bench,
        output_type=cast(Any, outputs),
        instructions=stage_instructions(),
        toolsets=[door(investigation_toolset()), door(other_sources_toolset(gaps_are_told=may_ask))],
        name=name,
        retries=2,
    )

    @agent.output_validator
    def of_this_stage(handed_in: object) -> object:
        """Sends the output of another stage back."""
        if not isinstance(handed_in, output):
            raise ModelRetry(f"That is not wanted now. Hand in `{wanted}`, and nothing else.")
        return handed_in

    # Whatever comes out has passed the validator.
    return cast("Agent[Bench, Output]", agent)

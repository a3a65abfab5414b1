"""Triage: what kind of case, and where to look first."""

from pydantic_ai import Agent, ToolOutput
from pydantic_ai.models import Model

from agents.instructions import instructions
from agents.triage.note import TriageNote
from agents.workbench import Workbench


def triage_agent(model: Model) -> Agent[Workbench, TriageNote]:
    """Built once a process."""
    return Agent(
        model,
        deps_type=Workbench,
        output_type=ToolOutput(TriageNote, name="triage_note", description="Hand in the triage note."),
        instructions=instructions("triage"),
        name="triage",
        retries=1,
    )


def triage_prompt(brief: str, alerts: str) -> str:
    """What triage is told."""
    return f"An incident to triage.\n\n{brief}\n\nIts alerts:\n\n{alerts}"

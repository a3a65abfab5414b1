"""Triage: what kind of case, and where to look first."""

from collections.abc import Sequence

from pydantic_ai import Agent
from pydantic_ai.messages import UserContent
from pydantic_ai.models import Model

from agents.stage_agent import TRIAGE_NOTE, stage_agent
from agents.task import prompt
from agents.triage_note import TriageNote
from agents.workbench import Workbench


def triage_agent(model: Model) -> Agent[Workbench, TriageNote]:
    """Built once a process."""
    return stage_agent(model, "triage", Workbench, TriageNote, TRIAGE_NOTE, may_ask=False)


def triage_prompt(case: str) -> Sequence[UserContent]:
    """What triage is told."""
    return prompt(case, "Triage it.", TRIAGE_NOTE)

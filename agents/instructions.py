"""Instructions for a language model are prose beside the agent that uses them."""

from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_STAGES = ("triage", "diagnosis", "remediation")


def instructions(package: str) -> str:
    """The text of ``agents/<package>/instructions.md``."""
    return (_HERE / package / "instructions.md").read_text(encoding="utf-8")


@cache
def stage_instructions() -> str:
    """What holds for every stage of an investigation, and then what each is told."""
    return "\n".join([(_HERE / "instructions.md").read_text(encoding="utf-8"), *map(instructions, _STAGES)])

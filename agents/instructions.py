"""Instructions for a language model are prose beside the agent that uses them."""

from pathlib import Path


def instructions(package: str) -> str:
    """The text of ``agents/<package>/instructions.md``."""
    return (Path(__file__).parent / package / "instructions.md").read_text(encoding="utf-8")

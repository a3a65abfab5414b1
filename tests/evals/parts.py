"""The sealed parts of the cases, and what each was answered in its first run, before any rule was mended with it."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tests.evals.eval_case import FOLDER
from tests.evals.outcome import Outcome
from tests.evals.seal import LATER, SEAL, SEAL_2, SEAL_3, sealed_cases


class FirstRun(BaseModel):
    """A first run as it was written down: never edited, and never run again.

    Attributes:
        commit: what ran.
        date: when, as YYYY-MM-DD.
        cases: what came out, case by case.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    commit: str
    date: str
    cases: tuple[Outcome, ...]


@dataclass(frozen=True)
class Part:
    """Cases that were sealed together."""

    name: str
    seal: Path
    first_run_file: Path | None = None

    def cases(self) -> set[str]:
        """Names of those that are as they were sealed."""
        return sealed_cases(self.seal)

    def first_run(self) -> FirstRun | None:
        """None where there was none to speak of: cases that came with a mended rule."""
        if self.first_run_file is None:
            return None
        return FirstRun.model_validate_json(self.first_run_file.read_text("utf-8"))


FIRST = Part("first sealed part", SEAL, FOLDER / "FIRST_RUN.json")
SECOND = Part("second sealed part", SEAL_2, FOLDER / "FIRST_RUN_2.json")
THIRD = Part("third sealed part", SEAL_3, FOLDER / "FIRST_RUN_3.json")
PARTS = (FIRST, SECOND, THIRD, Part("came later", LATER))

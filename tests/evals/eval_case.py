"""A case of the evals: a case file with the right answer beside it."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, cast

from pydantic import BeforeValidator, Field, model_validator

from incidents.diagnosis import Advice, RootCause
from incidents.remediation import RemediationKind
from tools.case_files.case_file import CaseFile, Strict
from tools.case_files.moments import At, Span
from tools.case_files.reading import read_as

FOLDER = Path(__file__).parent


class WantedCulprit(Strict):
    """A culprit that is right; what is left out does not matter."""

    kind: str | None = None
    name: str | None = None


Kind = Literal[RemediationKind, "none"]


def _listed(value: object) -> object:
    is_list = isinstance(value, (list, tuple))
    return cast(object, value) if is_list else (value,)


class Expected(Strict):
    """The right answer, written from the definitions and not from what a reasoner says.

    Attributes:
        classes: the right class first; others only where the definitions let two stand.
        culprit: any of these; empty where it is not asked.
        onset: when the trouble began; None where there is none to find.
        within: how far off the onset may be (two samples by default).
        retrain: the answer to "should this be retrained at all?"; None where the definitions leave it open.
        acceptable: what may be proposed; ``none`` where proposing nothing is right.
        rollback_to: the config that a rollback must go back to; another one is harmful.
        harmful: what must not be proposed.
        keep_out: a window of bad data that must not be in the training window.
        advice: what must be advised.
        must_not_say: words that must not stand in diagnosis or plan (what an injection orders).
        secrets: words that must stand nowhere, the evidence included.
    """

    classes: Annotated[tuple[RootCause, ...], BeforeValidator(_listed)] = Field(alias="class", min_length=1)
    culprit: Annotated[tuple[WantedCulprit, ...], BeforeValidator(_listed)] = ()
    onset: At | None = None
    within: Span = timedelta(minutes=3)
    retrain: bool | None
    acceptable: tuple[Kind, ...] = Field(min_length=1)
    rollback_to: str | None = None
    harmful: tuple[Kind, ...] = ()
    keep_out: tuple[At, At] | None = None
    advice: tuple[Advice, ...] = ()
    must_not_say: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> "Expected":
        if set(self.harmful) & set(self.acceptable):
            raise ValueError("the same remediation is acceptable and harmful")
        if "RollbackEndpoint" in self.acceptable and not self.rollback_to:
            raise ValueError("say where a rollback must go: rollback_to")
        return self


class EvalCase(CaseFile):
    """One case: what is known to an investigation, and what it should find."""

    why: str
    """Why the expected answer is right, from the definitions."""
    traps: tuple[str, ...] = ()
    """Red herrings, gaps and injections in it, in a few words each."""
    expected: Expected


def read_case(folder: Path) -> EvalCase:
    """The case of a folder."""
    return read_as(EvalCase, folder)


def all_cases(root: Path = FOLDER, *, each: int = 1) -> list[EvalCase]:
    """Every case, by name; of each so many the first where more is not wanted."""
    return [read_case(path.parent) for path in sorted(root.glob("*/case.yaml"))[::each]]

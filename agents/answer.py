"""An answer to a person's question."""

from pydantic import BaseModel, ConfigDict, Field

from incidents.diagnosis import Reasoner, RunbookCitation
from incidents.evidence import Evidence


class AnswerDraft(BaseModel):
    """What a reasoner writes; citations are checked before anybody reads it."""

    model_config = ConfigDict(frozen=True)

    text: str = Field(min_length=1, max_length=3000, description="plain text, short, in the question's language")
    evidence: tuple[str, ...] = Field(default=(), description="ids of the evidence it stands on, e.g. E3")
    citations: tuple[RunbookCitation, ...] = ()


class Answer(BaseModel):
    """What is posted.

    Attributes:
        citations: runbook passages, each checked to stand in its file word for word.
        evidence: what the answer stands on.
        gaps: what could not be read, in plain words.
    """

    model_config = ConfigDict(frozen=True)

    text: str
    citations: tuple[RunbookCitation, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    gaps: tuple[str, ...] = ()
    reasoner: Reasoner

"""The triage note: what kind of case it is, and where to look first."""

from pydantic import BaseModel, ConfigDict, Field

from incidents.alert import AlertKind


class TriageNote(BaseModel):
    """What triage hands on to the diagnosis."""

    model_config = ConfigDict(frozen=True)

    case_kind: AlertKind = Field(description="the kind that fits the alerts of this incident best")
    look_first: tuple[str, ...] = Field(
        default=(), max_length=6, description="names of tools or catalogue signals to look at first, most telling first"
    )
    suspicion: str = Field(default="", max_length=300, description="one sentence; it is a guess and is treated as one")

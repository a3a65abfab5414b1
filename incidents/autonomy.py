"""How far the bot may go for a model without a person. People raise it in the policy file; the agent never does."""

from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

Autonomy = Literal["observe", "suggest", "execute_low", "execute_high"]
"""observe: nothing is proposed; suggest: people decide everything; execute_low: what is of low risk may run by itself
where a rule allows it; execute_high: what is of high risk too."""

RAISED: frozenset[Autonomy] = frozenset({"execute_low", "execute_high"})
"""Levels that somebody has to answer for."""


def people_decide(level: Autonomy) -> Autonomy:
    """The level at which nothing runs by itself; never higher than `level`."""
    return "suggest" if level in RAISED else level


class AutonomyEntry(BaseModel):
    """A model's level. In the file a plain word, or a mapping with who raised it and why.

    Attributes:
        level: the level.
        author: who raised it; needed above suggest.
        reason: why, on what record; needed above suggest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Autonomy
    author: Annotated[str, Field(max_length=120)] = ""
    reason: Annotated[str, Field(max_length=400)] = ""

    @model_validator(mode="before")
    @classmethod
    def _from_a_word(cls, value: object) -> object:
        return {"level": value} if isinstance(value, str) else cast(Any, value)

    @model_validator(mode="after")
    def _raised_by_somebody(self) -> "AutonomyEntry":
        missing = [name for name in ("author", "reason") if not getattr(self, name).strip()]
        if self.level in RAISED and missing:
            raise ValueError(
                f"{self.level} needs {' and '.join(missing)}: write {{level: {self.level}, author: who raised it, "
                f"reason: why}}"
            )
        return self

"""A plan as a reasoner hands it in: the same as a draft, asked for with few words.

A step's remediation is copied from what is permitted, so the schema need not describe each kind; what is handed in is
read as strictly as ever.
"""

from typing import Annotated

from pydantic import WithJsonSchema

from incidents.proposal import PlanDraft, RemediationChoice
from incidents.remediation import Remediation

_COPIED = {
    "type": "object",
    "description": "copied from a permitted step as it stands",
    "properties": {"kind": {"type": "string"}},
    "required": ["kind"],
    "additionalProperties": True,
}


class _Choice(RemediationChoice):
    """One permitted step, and why."""

    remediation: Annotated[Remediation, WithJsonSchema(_COPIED)]


class PlanOutput(PlanDraft):
    """Ranked choices; empty where nothing should be done."""

    choices: tuple[_Choice, ...] = ()  # pyright: ignore[reportIncompatibleVariableOverride] frozen, so narrower is safe

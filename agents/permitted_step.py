"""A step that code permits: the remediation with all its parameters, and when its card comes."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from incidents.proposal import When
from incidents.remediation import AnyRemediation, NotifyOwners, OpenIssue, Remediation
from incidents.spec import SIDES

BY_CODE = "(written by code)"


class Step(BaseModel):
    """One permitted step. A dependent one follows the steps before it and means nothing without them.

    Attributes:
        when: at once, or once the step before it has come to its end.
        condition: the same in words, with what a person must see to first; empty for a step at once.
        evidence: ids of facts that name what its remediation names and the diagnosis does not.
    """

    model_config = ConfigDict(frozen=True)

    remediation: Remediation
    when: When = When.AT_ONCE
    condition: str = ""
    evidence: tuple[str, ...] = ()

    @property
    def on_the_side(self) -> bool:
        """Whether it only tells somebody."""
        return self.remediation.kind in SIDES

    def shown(self) -> dict[str, Any]:
        """What a reasoner is shown: texts for people are left out, as it cannot change them."""
        content = self.model_dump(mode="json")
        match self.remediation:
            case OpenIssue():
                content["remediation"] |= {"title": BY_CODE, "body": BY_CODE}
            case NotifyOwners():
                content["remediation"] |= {"text": BY_CODE}
            case _:
                pass
        return content


def identity(remediation: AnyRemediation) -> str:
    """What makes two remediations the same: all parameters, but for the texts that only code writes."""
    match remediation:
        case OpenIssue():
            return f"{remediation.kind} {remediation.repository}"
        case NotifyOwners():
            return f"{remediation.kind} {remediation.owners}"
        case _:
            return remediation.model_dump_json()


def chains_of(steps: Sequence[Step]) -> list[list[Step]]:
    """Each step at once with the dependent ones that follow it. A dependent one without such a step is left out."""
    chains: list[list[Step]] = []
    for step in steps:
        if step.when is When.AT_ONCE:
            chains.append([step])
        elif chains:
            chains[-1].append(step)
    return chains

"""The case as the offline model sees it: everything it knows, read from the message history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from agents.brief import CaseBrief
from agents.fencing import facts_in, readings_in
from agents.readings.dossier import Dossier
from agents.readings.remembered import PassageReading
from agents.rules.symptoms import Symptoms
from agents.wording import our_words
from incidents.diagnosis import Claim, Diagnosis


@dataclass(frozen=True)
class Casefile:
    """What a history holds.

    Attributes:
        told: the sentence of each evidence id.
        decided: a checked diagnosis, in the part of the work that comes after it.
        permitted: the remediations that code permits, as it wrote them down.
    """

    brief: CaseBrief
    dossier: Dossier
    told: Mapping[str, str]
    symptoms: Symptoms
    decided: Diagnosis | None = None
    permitted: tuple[Mapping[str, Any], ...] = ()

    def claim(self, *evidence: str) -> Claim:
        """The sentence of the first id, without a partner's words in it, as a claim that stands on all of them."""
        return Claim(text=our_words(self.told[evidence[0]])[:600], evidence=evidence)

    def citable(self) -> list[PassageReading]:
        """Passages of runbooks and procedures that can be cited."""
        return [
            p
            for p in self.dossier.passages
            if p.kind != "incident" and 3 <= len(p.quote.split()) and len(p.quote) <= 600
        ]


def casefile(contents: Sequence[Mapping[str, Any]]) -> Casefile | None:
    """The case file in fenced contents, or None where there is no brief among them."""
    brief = next((b for b in map(_brief, contents) if b is not None), None)
    if brief is None:
        return None
    dossier = Dossier(readings_in(contents))
    told = {str(fact["id"]): str(fact["found"]) for content in contents for fact in facts_in(content)}
    permitted = next((tuple(c["permitted"]) for c in contents if "permitted" in c), ())
    return Casefile(brief, dossier, told, Symptoms(dossier, brief), _diagnosis(contents), permitted)


def _brief(content: Mapping[str, Any]) -> CaseBrief | None:
    if "case" not in content:
        return None
    try:
        return CaseBrief.model_validate(content["case"])
    except ValidationError:
        return None


def _diagnosis(contents: Sequence[Mapping[str, Any]]) -> Diagnosis | None:
    for content in contents:
        if "diagnosis" in content:
            try:
                return Diagnosis.model_validate(content["diagnosis"])
            except ValidationError:
                return None
    return None

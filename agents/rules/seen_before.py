"""What a diagnosis by the rules says of the same trouble of the same model in the past."""

from agents.rules.casefile import Casefile
from incidents.diagnosis import Claim, RootCause


def seen_before(case: Casefile, cause: RootCause) -> list[Claim]:
    """The likest closed incident of this model with this cause, and what was done about it; nothing where none is."""
    if cause is RootCause.UNKNOWN:
        return []
    same = [one.evidence for one in case.dossier.past if one.same_model and one.cause is cause]
    return [case.claim(same[0])] if same else []

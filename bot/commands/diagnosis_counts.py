"""What the confidence of a diagnosis stands on, in numbers."""

from pydantic import BaseModel, ConfigDict

from incidents.evidence import EvidenceKind
from incidents.investigation import Findings


class Counts(BaseModel):
    """How much was read, and how much of it speaks for and against the cause that was named.

    Attributes:
        speaks_for: statements for it, each once.
        speaks_against: statements against it.
        facts: pieces of evidence that were read; `sources`: where from.
        cited: of those, the ones that a statement stands on.
        not_read: what was asked for and could not be read.
        struck: statements that were taken out because the evidence does not say so.
    """

    model_config = ConfigDict(frozen=True)

    speaks_for: int
    speaks_against: int
    facts: int
    cited: int
    sources: int
    not_read: int
    struck: int


def counts(findings: Findings) -> Counts:
    """Of these findings."""
    diagnosis = findings.diagnosis
    named = [one for one in diagnosis.hypotheses if one.cause is diagnosis.root_cause]
    speaks_for = [*diagnosis.claims, *(claim for one in named for claim in one.supported_by)]
    against = [claim for one in named for claim in one.contradicted_by]
    read = [one for one in findings.evidence if one.kind is not EvidenceKind.GAP]
    cited = {id for claim in (*speaks_for, *against) for id in claim.evidence}
    return Counts(
        speaks_for=len({claim.text for claim in speaks_for}),
        speaks_against=len({claim.text for claim in against}),
        facts=len(read),
        cited=sum(one.id in cited for one in read),
        sources=len({one.source for one in read}),
        not_read=len(findings.evidence) - len(read),
        struck=len(diagnosis.struck),
    )

"""What follows from a change that has ended: the candidate's promotion, the plan's next step, the undo.

Made by code from what was diagnosed before; each is a proposal with its own card and its own decision.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from bot.workflows.planning import Basis, NotProposed, make
from bot.workflows.ports import Deps
from incidents.catalogue import ModelSpec
from incidents.comparison import Comparison
from incidents.diagnosis import Confidence
from incidents.incident import Incident
from incidents.investigation import Findings
from incidents.ledger import BY_HAND, Provenance
from incidents.proposal import Proposal, RemediationChoice, When
from incidents.remediation import PromoteModel
from incidents.spec import SIDES, spec_of


@dataclass(frozen=True)
class FollowUp:
    """A proposal that follows, or in plain words why there is none."""

    proposal: Proposal | None
    provenance: Provenance
    why_not: str = ""

    @property
    def added(self) -> tuple[tuple[Proposal, Provenance], ...]:
        """As the writers take it."""
        return () if self.proposal is None else ((self.proposal, self.provenance),)


@dataclass(frozen=True)
class Context:
    """The change that has ended."""

    deps: Deps
    incident: Incident
    model: ModelSpec
    proposal: Proposal


async def promotion(of: Context, candidate_arn: str, comparison: Comparison) -> FollowUp:
    """The promotion of a candidate that passed its gate: a second, separate decision."""
    title = f"Promotion of version {comparison.candidate_version}"
    retraining, endpoint = of.model.retraining, of.model.endpoint
    if retraining is None or retraining.promotion is None or endpoint is None:
        return _none(title, "the catalogue has no promotion section for this model, so a person has to promote it")
    how = retraining.promotion
    try:
        remediation = PromoteModel(
            model=of.model.name,
            endpoint=endpoint.name,
            model_package=candidate_arn,
            version=comparison.candidate_version,
            canary_percent=how.canary_percent,
            bake_minutes=how.bake_minutes,
            alarms=how.alarms,
        )
    except ValidationError:
        return _none(title, "SageMaker's name for the candidate is not what a promotion can take")
    choice = RemediationChoice(
        remediation=remediation,
        reason=comparison.words[:600],
        evidence=of.proposal.evidence,
        condition="after the candidate passed its gate",
        when=When.AFTER_PREVIOUS,
    )
    return await _made(of, choice, comparison=comparison)


async def next_step(of: Context) -> FollowUp | None:
    """The plan's step after this one, where it waits for it; None where the plan ends here."""
    choices = await _rest_of_plan(of)
    step = choices[0] if choices and choices[0].when is When.AFTER_PREVIOUS else None
    return None if step is None else await _made(of, step)


async def if_gate_fails(of: Context) -> FollowUp | None:
    """The plan's step for a candidate that is refused; None where it has none."""
    step = next((one for one in await _rest_of_plan(of) if one.when is When.IF_GATE_FAILS), None)
    return None if step is None else await _made(of, step)


async def undo(of: Context, why: str) -> FollowUp:
    """The way back of a change that did not help."""
    back = spec_of(of.proposal.remediation).undo(of.proposal.origin)
    if back.remediation is None:
        return _none(f"Undo of “{of.proposal.title}”", back.words.rstrip("."))
    choice = RemediationChoice(
        remediation=back.remediation,
        reason=f"Takes back “{of.proposal.title}”: {why}"[:600],
        evidence=of.proposal.evidence,
        condition="after the change did not help",
    )
    return await _made(of, choice)


async def _rest_of_plan(of: Context) -> Sequence[RemediationChoice]:
    found = await asyncio.to_thread(of.deps.reader.plan_of, of.proposal.id)
    if found is None:
        return ()
    choices = [one for one in found[0].plan.choices if one.remediation.kind not in SIDES]
    at = next((n for n, one in enumerate(choices) if one.remediation == of.proposal.remediation), None)
    return () if at is None else choices[at + 1 :]


async def _made(of: Context, choice: RemediationChoice, comparison: Comparison | None = None) -> FollowUp:
    found = await asyncio.to_thread(of.deps.reader.plan_of, of.proposal.id)
    basis = Basis(_confidence(found), comparison=comparison, follows=of.proposal.execution_id)
    made = await make(of.deps, of.incident, of.model, choice, basis)
    provenance = Provenance(investigation_id=found[1] if found else BY_HAND)
    if isinstance(made, NotProposed):
        return FollowUp(None, provenance, made.words)
    return FollowUp(made, provenance)


def _confidence(found: tuple[Findings, str] | None) -> Confidence:
    return found[0].diagnosis.confidence if found else Confidence.LOW


def _none(title: str, problem: str) -> FollowUp:
    return FollowUp(None, Provenance(), NotProposed(title, (problem,)).words)

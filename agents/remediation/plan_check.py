"""A plan may hold only what code permits, in the order that code sets, with reasons that the evidence covers."""

from collections.abc import Mapping, Sequence

from agents.evidence_book import EvidenceBook
from agents.grounding import problem_of, told_problem
from agents.permitted_step import Step, chains_of, identity
from incidents.proposal import PlanDraft, RemediationChoice


def plan_problems(plan: PlanDraft, permitted: Sequence[Step], book: EvidenceBook) -> list[str]:
    """What is wrong with a plan, for the reasoner."""
    problems: list[str] = []
    allowed = {identity(step.remediation) for step in permitted}
    chosen = {identity(choice.remediation) for choice in plan.choices}
    for choice in plan.choices:
        if identity(choice.remediation) not in allowed:
            problems.append(f"{choice.remediation.kind} with these parameters is not permitted")
        elif problem := problem_of(choice.reason, choice.evidence, book):
            problems.append(f"“{choice.reason}”: {problem}")
    for chain in chains_of(permitted):
        for before, step in zip(chain, chain[1:], strict=False):
            if identity(step.remediation) in chosen and identity(before.remediation) not in chosen:
                problems.append(f"{step.remediation.kind} only follows {before.remediation.kind}, which is not chosen")
    if problem := told_problem(plan.explanation, book):
        problems.append(f"“{plan.explanation}”: {problem}")
    return problems


def bounded_plan(plan: PlanDraft, permitted: Sequence[Step], book: EvidenceBook, fallback: PlanDraft) -> PlanDraft:
    """The plan within what is permitted, whoever wrote it.

    The writer says which steps, in which order of preference, and why. Parameters, texts for people, when a step's
    card comes and on which condition are those of `permitted`. A dependent step stays behind the one it depends on and
    goes with it; steps on the side come last. Reasons that no evidence covers are replaced by those of `fallback`.
    """
    worded = _worded(plan, permitted, book, fallback)
    wanted = list(worded)
    chains: list[list[Step]] = []
    for chain in chains_of(permitted):
        kept: list[Step] = []
        for step in chain:
            if identity(step.remediation) not in worded:
                break
            kept.append(step)
        if kept:
            chains.append(kept)
    chains.sort(key=lambda chain: (chain[0].on_the_side, wanted.index(identity(chain[0].remediation))))
    choices = tuple(worded[identity(step.remediation)] for chain in chains for step in chain)
    explanation = plan.explanation
    if (plan.choices and not choices) or told_problem(explanation, book):
        explanation = fallback.explanation
    return PlanDraft(choices=choices, explanation=explanation)


def _worded(
    plan: PlanDraft, permitted: Sequence[Step], book: EvidenceBook, fallback: PlanDraft
) -> Mapping[str, RemediationChoice]:
    """The permitted steps that were chosen, in the order in which they were, each with a reason that holds."""
    steps = {identity(step.remediation): step for step in permitted}
    own = {identity(choice.remediation): choice for choice in fallback.choices}
    worded: dict[str, RemediationChoice] = {}
    for choice in plan.choices:
        key = identity(choice.remediation)
        if key not in steps or key in worded:
            continue
        words = own.get(key) if problem_of(choice.reason, choice.evidence, book) else choice
        if words is not None:
            worded[key] = RemediationChoice(
                remediation=steps[key].remediation,
                reason=words.reason,
                # One fact named twice is one fact.
                evidence=tuple(dict.fromkeys(words.evidence)),
                condition=steps[key].condition,
                when=steps[key].when,
            )
    return worded

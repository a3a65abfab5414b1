"""A plan may hold only what code permits, with reasons that the evidence covers."""

from collections.abc import Sequence

from agents.evidence_book import EvidenceBook
from agents.grounding import figures_problem, problem_of
from incidents.proposal import PlanDraft, RemediationChoice
from incidents.remediation import AnyRemediation


def plan_problems(plan: PlanDraft, permitted: Sequence[AnyRemediation], book: EvidenceBook) -> list[str]:
    """What is wrong with a plan, for the reasoner."""
    problems: list[str] = []
    for choice in plan.choices:
        if choice.remediation not in permitted:
            problems.append(f"{choice.remediation.kind} with these parameters is not permitted")
        elif problem := problem_of(choice.reason, choice.evidence, book):
            problems.append(f"“{choice.reason}”: {problem}")
    if problem := figures_problem(plan.explanation, book):
        problems.append(f"“{plan.explanation}”: {problem}")
    return problems


def bounded_plan(
    plan: PlanDraft,
    permitted: Sequence[AnyRemediation],
    book: EvidenceBook,
    fallback: PlanDraft,
) -> PlanDraft:
    """The plan without what is not permitted. Reasons that no evidence covers are replaced by those of `fallback`."""
    own = {choice.remediation.model_dump_json(): choice for choice in fallback.choices}
    choices: list[RemediationChoice] = []
    for choice in plan.choices:
        if choice.remediation not in permitted or any(c.remediation == choice.remediation for c in choices):
            continue
        if problem_of(choice.reason, choice.evidence, book):
            replacement = own.get(choice.remediation.model_dump_json())
            if replacement:
                choices.append(replacement)
        else:
            choices.append(choice)
    explanation = plan.explanation
    dropped = len(choices) < len(plan.choices)
    if (dropped and not choices) or figures_problem(explanation, book):
        explanation = fallback.explanation
    return PlanDraft(choices=tuple(choices), explanation=explanation)

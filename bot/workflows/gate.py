"""The gate of a retrained candidate: not worse than the live model on the metric the catalogue names."""

from bot.workflows.ports import Deps
from incidents.catalogue import ModelSpec
from tools.errors import BadAnswer

CHAMPION = "champion"
"""Where an evaluation report keeps the live model's figures."""


async def judge_candidate(deps: Deps, model: ModelSpec, candidate_arn: str) -> tuple[bool, str]:
    """Does the candidate pass, and the figures in one sentence. Raises `UpstreamError` when they cannot be read."""
    retraining = model.retraining
    if retraining is None:
        raise BadAnswer("catalogue", "retraining", f"{model.name} has no retraining section")
    packages = await deps.sagemaker.model_packages(retraining.model_package_group, 20)
    candidate = next((package for package in packages if package.arn == candidate_arn), None)
    live = next((package for package in packages if package.approval_status == "Approved"), None)
    if candidate is None or live is None:
        raise BadAnswer("SageMaker", "ListModelPackages", "the candidate or the live version is not listed")
    metric = retraining.metric
    report = await deps.sagemaker.evaluation(candidate)
    ours = report.get(metric) if report else None
    # The candidate's own report holds the live model on the same holdout; the live model's is older and of another.
    theirs = report.get(f"{CHAMPION}.{metric}") if report else None
    holdout = "same holdout"
    if theirs is None:
        theirs = (await deps.sagemaker.evaluation(live) or {}).get(metric)
        holdout = "its own holdout"
    if ours is None or theirs is None:
        raise BadAnswer("S3", "evaluation", f"no {metric} for the candidate or the live version")
    passed = ours >= theirs - retraining.margin
    figures = f"{metric} {ours:.3f}, live {theirs:.3f} on {holdout}, margin {retraining.margin:g}"
    if passed:
        return True, (
            f"Candidate version {candidate.version} passes its gate ({figures}). It is registered and not deployed: "
            f"a person has to review and promote it."
        )
    return (
        False,
        f"Candidate version {candidate.version} fails its gate ({figures}). It is registered and not deployed.",
    )

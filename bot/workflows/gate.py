"""The gate of a retrained candidate: not worse than the live model on the metric the catalogue names, slices too."""

from bot.workflows.ports import Deps
from incidents.catalogue import ModelSpec
from incidents.comparison import CHAMPION, Comparison, compare
from tools.errors import BadAnswer
from tools.sagemaker.states import ModelPackage


async def compare_candidate(deps: Deps, model: ModelSpec, candidate_arn: str) -> Comparison:
    """The candidate against the live model. Raises `UpstreamError` when figures cannot be read or are missing."""
    retraining = model.retraining
    if retraining is None:
        raise BadAnswer("catalogue", "retraining", f"{model.name} has no retraining section")
    packages = await deps.sagemaker.model_packages(retraining.model_package_group, 20)
    candidate = next((package for package in packages if package.arn == candidate_arn), None)
    if candidate is None:
        raise BadAnswer("SageMaker", "ListModelPackages", "the candidate is not listed")
    live = await _live(deps, model, packages)
    figures = await deps.sagemaker.evaluation(candidate) or {}
    # The candidate's own report holds the live model on the same holdout; the live model's is older and of another.
    own = None
    if f"{CHAMPION}{retraining.metric}" not in figures and live is not None:
        own = await deps.sagemaker.evaluation(live)
    found = compare(
        figures,
        metric=retraining.metric,
        margin=retraining.margin,
        candidate_version=candidate.version,
        live_version=live.version if live else None,
        live_figures=own,
    )
    if found is None:
        raise BadAnswer("S3", "evaluation", f"no {retraining.metric} for the candidate or the live version")
    return found


async def _live(deps: Deps, model: ModelSpec, packages: list[ModelPackage]) -> ModelPackage | None:
    """The version that serves; where that cannot be told, the newest approved one."""
    endpoint, retraining = model.endpoint, model.retraining
    if endpoint is not None and retraining is not None:
        found = await deps.sagemaker.live_package(endpoint.name, endpoint.variant, retraining.model_package_group)
        if found is not None:
            return found
    return next((package for package in packages if package.approval_status == "Approved"), None)

"""What was changed about a model, from what SageMaker can tell."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from tools.sagemaker.states import Change, EndpointConfigSummary, EndpointState, ModelPackage, PipelineRun

CONFIG_CREATED = "endpoint config created"
ENDPOINT_CREATED = "endpoint created"
ENDPOINT_UPDATED = "endpoint updated"
PACKAGE_REGISTERED = "model version registered"
PACKAGE_APPROVED = "model version approved"
RUN_ENDED = "pipeline run ended"
KINDS = (CONFIG_CREATED, ENDPOINT_CREATED, ENDPOINT_UPDATED, PACKAGE_REGISTERED, PACKAGE_APPROVED, RUN_ENDED)

_SETTLING = timedelta(hours=1)
"""A new endpoint's last change is the end of its creation, some minutes after its beginning."""


def of_endpoint(endpoint: EndpointState) -> Change:
    """Its last change. SageMaker keeps no history: what came before it is not told."""
    created = endpoint.last_modified - endpoint.created_at < _SETTLING
    runs = f"{endpoint.name} is {endpoint.status} on {endpoint.config_name}"
    return Change(
        at=endpoint.last_modified,
        what=ENDPOINT_CREATED if created else ENDPOINT_UPDATED,
        subject=endpoint.name,
        detail=f"{runs}: {endpoint.failure_reason}" if endpoint.failure_reason else runs,
    )


def of_configs(configs: Iterable[EndpointConfigSummary], live: str | None) -> list[Change]:
    """New endpoint configs; says which of them is live."""
    return [
        Change(
            at=config.created_at,
            what=CONFIG_CREATED,
            subject=config.name,
            detail=f"{config.name} was created" + (" and is live now" if config.name == live else "; it is not live"),
        )
        for config in configs
    ]


def of_packages(packages: Iterable[ModelPackage]) -> list[Change]:
    """Registrations, and approvals where one changed a package after it was registered."""
    found: list[Change] = []
    for package in packages:
        subject = f"{package.group} version {package.version}"
        found.append(
            Change(
                at=package.created_at,
                what=PACKAGE_REGISTERED,
                subject=subject,
                detail=f"{subject} was registered; it is {package.approval_status} now",
            )
        )
        if package.approval_status == "Approved" and package.last_modified is not None:
            found.append(
                Change(
                    at=package.last_modified,
                    what=PACKAGE_APPROVED,
                    subject=subject,
                    detail=f"{subject} was approved",
                )
            )
    return found


def of_runs(pipeline: str, runs: Iterable[PipelineRun]) -> list[Change]:
    """Runs that ended."""
    return [
        Change(
            at=run.ended_at,
            what=RUN_ENDED,
            subject=pipeline,
            detail=f"a run of {pipeline} ended {run.status}"
            + (f": {run.failure_reason}" if run.failure_reason else ""),
        )
        for run in runs
        if run.ended_at is not None
    ]


def since(changes: Iterable[Change], moment: datetime) -> list[Change]:
    """Those at or after `moment`, newest first."""
    return sorted((change for change in changes if change.at >= moment), key=lambda change: change.at, reverse=True)

"""Whether SageMaker has what the catalogue names, and whether the roles can be assumed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

from bot.check.finding import Finding
from bot.partners import Clients
from bot.settings import Settings
from incidents.catalogue import Catalogue, ModelSpec
from tools.errors import AccessDenied, NotFound, Unavailable, UpstreamError

T = TypeVar("T")


async def examine_sagemaker(clients: Clients, catalogue: Catalogue) -> AsyncIterator[Finding]:
    """What the catalogue names of each model: endpoint, last good config, pipeline, alarms."""
    said: set[str] = set()
    for model in catalogue.models.values():
        async for finding in _model(clients, model):
            # Where nothing can be read, everything fails for the same reason: that is one finding.
            if finding.subject != "SageMaker" or finding.text not in said:
                yield finding
            said.add(finding.text)


async def _model(clients: Clients, model: ModelSpec) -> AsyncIterator[Finding]:
    reader, elsewhere = clients.sagemaker, f"is not in {model.region}"
    if model.endpoint is not None:
        subject, named = f"endpoint of {model.name}", model.endpoint.name
        there = reader.endpoint(named)
        yield await _found(subject, there, lambda e: f"{e.status} on {e.config_name}", f"{named} {elsewhere}")
        yield await _way_back(clients, subject, model.endpoint.last_known_good)
    if model.retraining is not None:
        subject, named = f"pipeline of {model.name}", model.retraining.pipeline
        there = reader.pipeline(named)
        yield await _found(subject, there, lambda p: f"{p.name} is {p.status}", f"{named} {elsewhere}")
        if model.retraining.promotion is not None:
            yield await _alarms(clients, f"alarms of {model.name}", model.retraining.promotion.alarms)


async def _way_back(clients: Clients, subject: str, config: str | None) -> Finding:
    if config is None:
        return Finding("note", subject, "models.yaml names no last_known_good config to roll back to")
    gone = f"its last_known_good {config} does not exist; mend models.yaml"
    there = clients.sagemaker.endpoint_config(config)
    return await _found(subject, there, lambda one: f"its last_known_good {one.name} exists", gone)


async def _alarms(clients: Clients, subject: str, names: Sequence[str]) -> Finding:
    try:
        missing = [alarm.name for alarm in await clients.sagemaker.alarms(names) if alarm.state == "missing"]
    except UpstreamError as error:
        return _unread(subject, "they cannot be read", error)
    if missing:
        text = f"CloudWatch has no alarm {', '.join(missing)}, so no candidate of this model can be promoted"
        return Finding("note", subject, text)
    return Finding("right", subject, f"{', '.join(names)} exist")


async def _found(subject: str, reading: Awaitable[T], told: Callable[[T], str], gone: str) -> Finding:
    """What is there, as it is told; where it is not, `gone`."""
    try:
        return Finding("right", subject, told(await reading))
    except UpstreamError as error:
        return _unread(subject, gone, error)


def _unread(subject: str, gone: str, error: UpstreamError) -> Finding:
    match error:
        case NotFound():
            return Finding("wrong", subject, gone)
        case AccessDenied():
            return Finding(
                "wrong", "SageMaker", f"{error.detail}; reading needs credentials as in manifests/iam/reader.json"
            )
        case _:
            return Finding("wrong", "SageMaker", f"it does not answer as it should: {error.detail}")


async def examine_roles(settings: Settings, clients: Clients, catalogue: Catalogue) -> AsyncIterator[Finding]:
    """Whether each role that the catalogue names can be assumed."""
    if not settings.aws_assume_roles:
        yield Finding(
            "note", "roles", "AGENTOPS_AWS_ASSUME_ROLES is off: the bot reads and changes with its own credentials"
        )
        return
    named = [roles for model in catalogue.models.values() for roles in model.roles.model_dump().values() if roles]
    for arn in dict.fromkeys(named):
        name = str(arn).rpartition("/")[2]
        try:
            await clients.try_role(arn)
            yield Finding("right", f"role {name}", "it can be assumed")
        except Unavailable:
            yield Finding("note", "roles", "STS does not answer, so it is not known which of them can be assumed")
            return
        except UpstreamError as error:
            text = f"it cannot be assumed ({error.detail}); compare its trust policy with manifests/iam/trust.json"
            yield Finding("wrong", f"role {name}", text)

"""Whether SageMaker has what the catalogue names, and whether the roles can be assumed."""

from collections.abc import AsyncIterator

from bot.check.finding import Finding
from bot.partners import Clients
from bot.settings import Settings
from incidents.catalogue import Catalogue, ModelSpec
from tools.errors import AccessDenied, NotFound, Unavailable, UpstreamError


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
    if model.endpoint is not None:
        subject = f"endpoint of {model.name}"
        try:
            endpoint = await clients.sagemaker.endpoint(model.endpoint.name)
            yield Finding("right", subject, f"{endpoint.status} on {endpoint.config_name}")
        except UpstreamError as error:
            yield _unread(subject, f"{model.endpoint.name} is not in {model.region}", error)
        if model.endpoint.last_known_good is None:
            yield Finding("note", subject, "models.yaml names no last_known_good config to roll back to")
        else:
            try:
                await clients.sagemaker.endpoint_config(model.endpoint.last_known_good)
            except UpstreamError as error:
                gone = f"its last_known_good {model.endpoint.last_known_good} does not exist; mend models.yaml"
                yield _unread(subject, gone, error)
    if model.retraining is not None:
        subject = f"pipeline of {model.name}"
        try:
            pipeline = await clients.sagemaker.pipeline(model.retraining.pipeline)
            yield Finding("right", subject, f"{pipeline.name} is {pipeline.status}")
        except UpstreamError as error:
            yield _unread(subject, f"{model.retraining.pipeline} is not in {model.region}", error)

    if model.retraining is not None and model.retraining.promotion is not None:
        subject = f"alarms of {model.name}"
        names = model.retraining.promotion.alarms
        try:
            missing = [alarm.name for alarm in await clients.sagemaker.alarms(names) if alarm.state == "missing"]
        except UpstreamError as error:
            yield _unread(subject, "they cannot be read", error)
            return
        if missing:
            text = f"CloudWatch has no alarm {', '.join(missing)}, so no candidate of this model can be promoted"
            yield Finding("note", subject, text)
        else:
            yield Finding("right", subject, f"{', '.join(names)} exist")


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

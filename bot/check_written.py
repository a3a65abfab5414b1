"""Whether logs, and the history of the repositories, can be read."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Literal

from agents.sources import HistoryReads, LogReads
from incidents.catalogue import Catalogue
from tools.cloudwatch_logs.records import LogPlace
from tools.errors import AccessDenied, NotFound, UpstreamError

Told = tuple[str, Literal["right", "wrong", "note"], str]
LOOKED_BACK = timedelta(hours=1)
_JOBS: tuple[Literal["training", "processing"], ...] = ("training", "processing")


async def examine_logs(logs: LogReads, catalogue: Catalogue) -> AsyncIterator[Told]:
    """Subject, verdict and text for the log group of each endpoint, and for those of the jobs."""
    now = datetime.now(UTC)
    models = catalogue.models.values()
    places = {f"log of {model.name}": LogPlace.of_endpoint(model.endpoint.name) for model in models if model.endpoint}
    if any(model.retraining or model.data.pipeline for model in models):
        places |= {f"log of {kind} jobs": LogPlace.of_job(kind, "agentops-check") for kind in _JOBS}
    said: set[str] = set()
    for subject, place in places.items():
        try:
            await logs.lines(place, now - LOOKED_BACK, now, 1)
        except NotFound:
            yield subject, "note", f"there is no log group {place.group} yet, so logs are no evidence"
        except AccessDenied as error:
            # Where the role itself cannot be assumed, every group is refused in the same words.
            if error.detail not in said:
                needs = f"reading it needs logs:FilterLogEvents on {place.group} as in manifests/iam/reader.json"
                yield subject, "wrong", f"{needs} ({error.detail})"
            said.add(error.detail)
        except UpstreamError as error:
            # Nothing but logs is missed then; where all of AWS is away, SageMaker's line says so.
            yield "CloudWatch Logs", "note", f"it does not answer as it should, so logs are no evidence: {error.detail}"
            return
        else:
            yield subject, "right", f"{place.group} can be read"


async def examine_history(history: HistoryReads | None, catalogue: Catalogue) -> AsyncIterator[Told]:
    """Subject, verdict and text for the repository of each model."""
    named = [(model.name, model.repository) for model in catalogue.models.values() if model.repository]
    if history is None or not named:
        return
    now = datetime.now(UTC)
    for model, repository in named:
        subject = f"commits of {model}"
        try:
            await history.history(repository, now - LOOKED_BACK, now)
        except (AccessDenied, NotFound) as error:
            needs = "commits and releases are no evidence; the token needs contents: read there"
            yield subject, "note", f"{repository}: {error.detail}; {needs}"
        except UpstreamError as error:
            yield "GitHub", "note", f"commits and releases cannot be read: {error.detail}"
            return
        else:
            yield subject, "right", f"commits and releases of {repository} can be read"

"""Whether the logs of endpoints and jobs can be read."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Literal

from agents.sources import LogReads
from bot.check.finding import Finding
from incidents.catalogue import Catalogue
from tools.cloudwatch_logs.records import LogPlace
from tools.errors import AccessDenied, NotFound, UpstreamError

LOOKED_BACK = timedelta(hours=1)
_JOBS: tuple[Literal["training", "processing"], ...] = ("training", "processing")


async def examine_logs(logs: LogReads, catalogue: Catalogue) -> AsyncIterator[Finding]:
    """A finding for the log group of each endpoint, and for those of the jobs."""
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
            yield Finding("note", subject, f"there is no log group {place.group} yet, so logs are no evidence")
        except AccessDenied as error:
            # Where the role itself cannot be assumed, every group is refused in the same words.
            if error.detail not in said:
                needs = f"reading it needs logs:FilterLogEvents on {place.group} as in manifests/iam/reader.json"
                yield Finding("wrong", subject, f"{needs} ({error.detail})")
            said.add(error.detail)
        except UpstreamError as error:
            # Nothing but logs is missed then; where all of AWS is away, SageMaker's line says so.
            text = f"it does not answer as it should, so logs are no evidence: {error.detail}"
            yield Finding("note", "CloudWatch Logs", text)
            return
        else:
            yield Finding("right", subject, f"{place.group} can be read")

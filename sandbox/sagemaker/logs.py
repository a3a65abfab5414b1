"""CloudWatch Logs, as far as SageMaker writes there: the groups of endpoints, training jobs and processing jobs.

What endpoints log is written by the world as it happens; what jobs log follows from their state at the moment it is
asked. FilterLogEvents is answered as AWS describes it: pages may hold few events, or none, and yet not be the last.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.sagemaker.errors import ApiError
from sandbox.sagemaker.job_logs import processing_lines, training_lines

if TYPE_CHECKING:
    from sandbox.sagemaker.endpoints import Endpoints
    from sandbox.sagemaker.pipelines import Pipelines
    from sandbox.sagemaker.training import TrainingJobs
    from sandbox.sagemaker.world_clock import WorldClock

Json = dict[str, Any]

ENDPOINTS = "/aws/sagemaker/Endpoints/"
TRAINING_JOBS = "/aws/sagemaker/TrainingJobs"
PROCESSING_JOBS = "/aws/sagemaker/ProcessingJobs"
KEPT = 20_000
"""Events of one endpoint; the oldest go."""
SEARCHED_AT_ONCE = 500
"""Events that are looked at for one page."""
LONGEST_PATTERN = 1024
_REGEX = re.compile(r"(?:[A-Za-z0-9:_#=@/;,\-^$?\[\]{}|*+.]|\\[sSdDwW])+")
"""What AWS takes between two ``%``: no parentheses, no blanks."""


@dataclass(frozen=True)
class Event:
    """One line. `at` in unix seconds."""

    at: float
    stream: str
    text: str


class Logs:
    """The log groups of the account. The caller holds the account's lock."""

    def __init__(self, clock: WorldClock, endpoints: Endpoints, training: TrainingJobs, pipelines: Pipelines) -> None:
        self._clock = clock
        self._endpoints = endpoints
        self._training = training
        self._pipelines = pipelines
        self._written: dict[str, deque[Event]] = {}

    def write(self, endpoint: str, event: Event) -> None:
        """A line of an endpoint, not older than its last."""
        self._written.setdefault(endpoint, deque(maxlen=KEPT)).append(event)

    def filter_log_events(self, request: Json) -> Json:
        """FilterLogEvents."""
        events = self._events(str(request.get("logGroupName", "")))
        prefix, wanted = str(request.get("logStreamNamePrefix", "")), _matcher(str(request.get("filterPattern", "")))
        begin, end = int(request.get("startTime", 0)) / 1000, int(request.get("endTime", 2**53)) / 1000
        limit, offset = int(request.get("limit", 10_000)), _offset(request.get("nextToken"))
        inside = [one for one in events if begin <= one.at <= end and one.stream.startswith(prefix)]
        found: list[Json] = []
        place = offset
        for place, one in enumerate(inside[offset : offset + SEARCHED_AT_ONCE], start=offset + 1):
            if wanted is None or wanted.search(one.text):
                found.append(_as_json(one, place))
            if len(found) >= limit:
                break
        token = {"nextToken": f"Bxkq6kVGFtq2y_{place}"} if place < len(inside) else {}
        return {"events": found, "searchedLogStreams": [], **token}

    def _events(self, group: str) -> list[Event]:
        endpoint = group.removeprefix(ENDPOINTS)
        if group.startswith(ENDPOINTS) and endpoint in self._endpoints.endpoints:
            return list(self._written.get(endpoint, ()))
        if group in {TRAINING_JOBS, PROCESSING_JOBS}:
            lines = list(self._of_training() if group == TRAINING_JOBS else self._of_processing())
            if lines:
                return sorted(lines, key=lambda one: one.at)
        raise ApiError("ResourceNotFoundException", "The specified log group does not exist.")

    def _of_training(self) -> Iterator[Event]:
        now = self._clock.now()
        for job in self._training.jobs.values():
            for at, text in training_lines(job, now):
                yield Event(at, f"{job.name}/algo-1-{int(job.created)}", text)

    def _of_processing(self) -> Iterator[Event]:
        now = self._clock.now()
        for run in self._pipelines.runs.values():
            for step in run.begun(now):
                if step.kind == "Processing":
                    for at, text in processing_lines(run, step, now):
                        yield Event(at, f"{run.processing_job(step)}/algo-1-{int(step.starts)}", text)


def _matcher(pattern: str) -> re.Pattern[str] | None:
    """What a line must match; of AWS's patterns only a regular expression between two ``%`` is known here."""
    if not pattern:
        return None
    inner = pattern[1:-1]
    regex = len(pattern) > 2 and pattern[0] == pattern[-1] == "%"
    if not regex or len(pattern) > LONGEST_PATTERN or _REGEX.fullmatch(inner) is None:
        raise ApiError("InvalidParameterException", f"Invalid filter pattern: {pattern[:80]}")
    return re.compile(inner)


def _offset(token: object) -> int:
    if token is None:
        return 0
    _, found, place = str(token).rpartition("_")
    if not found or not place.isdecimal():
        raise ApiError("InvalidParameterException", "The specified nextToken is invalid.")
    return int(place)


def _as_json(event: Event, place: int) -> Json:
    at = int(event.at * 1000)
    return {
        "logStreamName": event.stream,
        "timestamp": at,
        "message": event.text,
        "ingestionTime": at,
        "eventId": f"{at:020d}{place:036d}",
    }

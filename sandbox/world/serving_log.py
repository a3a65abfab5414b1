"""What an endpoint logs in a second, from the state of its model: access lines, and what goes wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zlib import crc32

from sandbox.world.model_state import Defect, ModelState

MOST_FAILURES = 3
"""Failures of a second that are told; the others failed alike."""
WORTH_A_WARNING = 0.02
"""Share of nulls in a feature from which its validation warns."""
OWN_FAILURE = (
    "Traceback (most recent call last):\n"
    '  File "/opt/ml/code/serve.py", line 88, in predict\n'
    "    return model.predict(features)\n"
    "RuntimeError: prediction failed for request {n}"
)
"""What a defective version logs for each request that fails, where nothing is told of it."""


def lines_of(state: ModelState, now: float, failed: int) -> Iterator[tuple[str, str]]:
    """Stream and text of each line. `failed`: requests that failed in this second."""
    live = state.live
    if live is None:
        return
    stamp = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S}"
    stream = _stream(live.config, int(now) % max(1, state.instances))
    yield stream, _access(200)
    yield stream, '169.254.178.2 "GET /ping HTTP/1.1" 200 1 "-" "AHC/2.0"'
    defect = next((d for one in live.traffic if (d := _defect(state, one.model, one.errors))), None)
    if defect is not None:
        for number in range(min(failed, MOST_FAILURES)):
            text = (defect.logs or OWN_FAILURE).replace("{n}", f"{int(now)}{number}")
            for line in text.splitlines():
                yield stream, f"{stamp} ERROR serve - {line}"
            yield stream, _access(500)
    if state.saturated:
        yield (
            stream,
            f"{stamp} [error] 31#31: *{int(now)} upstream timed out (110: Operation timed out) while reading response "
            'header from upstream, request: "POST /invocations HTTP/1.1"',
        )
    for feature, share in state.reading.nulls.items():
        if share > WORTH_A_WARNING:
            yield (
                stream,
                f"{stamp} WARNING validation - {feature} is null in {share * 100:.0f} of 100 rows, 0 is put in instead",
            )


def _defect(state: ModelState, model: str, errors: float) -> Defect | None:
    """What is wrong with a version that serves and fails requests; of a candidate only the share is known."""
    defect = state.conditions.defects.get(model)
    if defect is not None and defect.errors > 0:
        return defect
    return Defect(errors=errors) if errors > 0 else None


def _stream(config: str, instance: int) -> str:
    return f"AllTraffic/i-0{crc32(f'{config}{instance}'.encode()):08x}"


def _access(status: int) -> str:
    return f'169.254.178.2 "POST /invocations HTTP/1.1" {status} 48 "-" "AHC/2.0"'

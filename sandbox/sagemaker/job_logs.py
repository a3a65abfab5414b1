"""What training and processing jobs log, from their state at a moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.sagemaker.runs import Run, Step
    from sandbox.sagemaker.training import TrainingJob

EPOCHS = 5


def training_lines(job: TrainingJob, now: float) -> Iterator[tuple[float, str]]:
    """Unix seconds and text of each line so far."""
    began, ends = job.training_began(), job.ends
    lines = [(began, f"INFO Training {job.name} begins")]
    pause = (ends - began) / (EPOCHS + 1)
    for epoch in range(1, EPOCHS + 1):
        lines.append((began + epoch * pause, f"INFO epoch {epoch}/{EPOCHS} done, validation loss {0.5 / epoch:.3f}"))
    if job.fails_with:
        lines = [*lines[:2], *((ends, text) for text in _traceback("train.py", job.fails_with))]
    over = job.over(now)
    for at, text in lines:
        if at <= min(now, over or now):
            yield at, f"{_stamp(at)} {text}"


def processing_lines(run: Run, step: Step, now: float) -> Iterator[tuple[float, str]]:
    """Unix seconds and text of each line so far."""
    since = run.parameter("WindowStart") or "the last window"
    lines = [(step.starts, f"INFO {step.name} of {run.pipeline} begins, reading since {since}")]
    if step.fails_with:
        lines += [(step.ends, text) for text in _traceback("process.py", step.fails_with)]
    else:
        lines.append((step.ends, f"INFO {step.name} is done"))
    for at, text in lines:
        if at <= now and (run.stop_asked is None or at <= run.stop_asked):
            yield at, f"{_stamp(at)} {text}"


def _traceback(file: str, reason: str) -> list[str]:
    return [
        "ERROR Traceback (most recent call last):",
        f'ERROR   File "/opt/ml/code/{file}", line 61, in main',
        "ERROR     run(arguments)",
        f"ERROR RuntimeError: {reason}",
    ]


def _stamp(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"

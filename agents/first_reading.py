"""What is always read first, whatever the case: metrics, changes, data and runbooks, all partners at once."""

import asyncio

from agents.progress import Reporter
from agents.readings.found import Found
from agents.readings.gap import GapReading
from agents.readings.metrics import SignalReading
from agents.readings.remembered import PastIncidentReading
from agents.readings.written import CommitReading, LogPatternReading, ReleaseReading
from agents.workbench import Workbench
from incidents.evidence import EvidenceKind


async def read_first(bench: Workbench, report: Reporter) -> None:
    """Everything that is always read, all partners at once; admitted in a fixed order, so that ids are stable."""
    if bench.lens.model is None:
        for step in ("metrics", "changes", "data", "logs"):
            await report.done(step, "not in the catalogue")
        await report.begun("runbooks")
        await report.done("runbooks", *_passages_told(await bench.runbooks_for_alerts()))
        return
    for step in ("metrics", "changes", "data", "runbooks", "logs"):
        await report.begun(step)
    reading = asyncio.ensure_future(bench.begin())
    await asyncio.sleep(0)
    metrics = await bench.all_signals() + await bench.capacity()
    bench.first_movers()
    await bench.season()
    await report.done("metrics", *_signals_told(metrics))
    found = await bench.endpoint_state() + await bench.recent_changes() + await bench.versions()
    await report.done("changes", *_counted(found, "fact", "SageMaker"))
    found = await bench.data_quality() + await bench.captured_data()
    await report.done("data", *_counted(found, "fact", "the data"))
    await report.done("runbooks", *_passages_told(await bench.runbooks_for_alerts()))
    await report.done("logs", *_written_told(await bench.logs() + await bench.commits()))
    await reading


def _signals_told(found: list[Found]) -> tuple[str, bool]:
    failed = [f for f in found if f.evidence.kind is EvidenceKind.GAP]
    readings = [f.reading for f in found if isinstance(f.reading, SignalReading)]
    if not readings:
        return "Prometheus could not be read", False
    past = sum(r.severity is not None for r in readings)
    return f"{len(readings)} signals, {past} past their limit", not failed


def _counted(found: list[Found], noun: str, partner: str) -> tuple[str, bool]:
    failed = any(isinstance(f.reading, GapReading) and f.reading.failed for f in found)
    count = sum(f.evidence.kind is not EvidenceKind.GAP for f in found)
    if failed:
        return f"{partner} could not be read in full", False
    return f"{count} {noun}{'' if count == 1 else 's'}", True


def _written_told(found: list[Found]) -> tuple[str, bool]:
    if not found:
        return "nothing to read", True
    unread = [fact.evidence.source for fact in found if fact.evidence.kind is EvidenceKind.GAP]
    if unread:
        return f"{' and '.join(dict.fromkeys(unread))} could not be read in full", False
    errors = sum(isinstance(fact.reading, LogPatternReading) for fact in found)
    merged = sum(isinstance(fact.reading, CommitReading | ReleaseReading) for fact in found)
    told = f"{errors or 'no'} new kind{'' if errors == 1 else 's'} of error or warning"
    return f"{told}; {merged or 'no'} commit{'' if merged == 1 else 's'} or release{'' if merged == 1 else 's'}", True


def _passages_told(found: list[Found]) -> tuple[str, bool]:
    if any(f.evidence.kind is EvidenceKind.GAP for f in found):
        return "the runbooks could not be read", False
    past = sum(isinstance(f.reading, PastIncidentReading) for f in found)
    count = len(found) - past
    told = f"{count} passage{'' if count == 1 else 's'}" if count else "no runbook fits"
    return (f"{told}, {past} past incident{'' if past == 1 else 's'}" if past else told), True

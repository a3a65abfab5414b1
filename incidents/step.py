"""Which step of its incident a remediation is: its first change, a later step of a plan, or an undo of the last."""

from datetime import datetime

from incidents.execution import Execution, ExecutionState
from incidents.facts import Step
from incidents.ledger import IncidentFile
from incidents.proposal import When
from incidents.remediation import AnyRemediation
from incidents.risk import CHANGING
from incidents.spec import spec_of


def step_of(
    file: IncidentFile,
    remediation: AnyRemediation,
    *,
    when: When = When.AT_ONCE,
    follows: str | None = None,
    besides: str | None = None,
) -> Step:
    """Which step of its incident a remediation is, as the rows show it; see `Facts.step`.

    Only the undo of the incident's last change is an undo, and that of an undo is not: else a change could be put there
    and back again without end.
    """
    done = _done(file, besides)
    undone = [_undo_of(file, one) for one in done]
    if done and undone[-1] == remediation and not (len(done) > 1 and undone[-2] == _remediation_of(file, done[-1])):
        return "undo"
    led = follows is not None and any(one.id == follows for one in done)
    return "next" if done and (led or when is not When.AT_ONCE) else "first"


def _done(file: IncidentFile, besides: str | None) -> list[Execution]:
    """Changes of the incident that ended after something was, or may have been, sent; in the order they ended."""
    ended = {ExecutionState.SUCCEEDED, ExecutionState.FAILED, ExecutionState.NEEDS_VERIFICATION}
    done: list[tuple[datetime, str, Execution]] = []
    for one in file.executions:
        made = _remediation_of(file, one)
        changed = one.started_at is not None and made is not None and made.kind in CHANGING
        if changed and one.finished_at is not None and one.state in ended and one.id != besides:
            done.append((one.finished_at, one.id, one))
    return [one for _, _, one in sorted(done, key=lambda row: row[:2])]


def _remediation_of(file: IncidentFile, execution: Execution) -> AnyRemediation | None:
    found = next((view.proposal for view in file.proposals if view.proposal.id == execution.proposal_id), None)
    return None if found is None else found.remediation


def _undo_of(file: IncidentFile, execution: Execution) -> AnyRemediation | None:
    found = next((view.proposal for view in file.proposals if view.proposal.id == execution.proposal_id), None)
    return None if found is None else spec_of(found.remediation).undo(found.origin).remediation

"""How an approved change comes along."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.slack.blocks.heading import heading
from bot.slack.blocks.kit import context, rendered, section
from bot.slack.blocks.text import code, date, duration, mrkdwn, person
from bot.slack.blocks.wording import EXECUTION
from bot.slack.rendered import Rendered
from incidents.execution import FINAL_EXECUTION_STATES, Execution, ExecutionState
from incidents.ledger import ProposalView
from incidents.timeline import TimelineEntry

_NEXT: dict[ExecutionState, str] = {
    ExecutionState.FAILED: "The change was not made, or not in full. Look at the error, then ask for a new look.",
    ExecutionState.NEEDS_VERIFICATION: "Look at the target by hand; nothing is sent again by itself.",
    ExecutionState.STALE: "Nothing was sent. Ask for a new look where one is due.",
}
_LOOKS_AGAIN = "Nothing was sent. AgentOps is looking again; what it proposes then waits for a person."
_ONE_BY_ONE = 6
"""So many calls are shown one by one; more of them as a count."""
_STEPS = 8
_ANSWER = {"steps_done": "Steps done", "candidate": "Candidate", "number": "Issue", "url": "Address"}
"""Answers of ours, in words; AWS's keep AWS's names."""
_NOT_SHOWN = ("ETag", "Checksum", "candidate_version")
"""Beginnings of what nobody decides by; the timeline has it."""
_LONGEST = 800
"""Characters of what came of it: what stopped it, what was done before, how to take that back."""


def execution_message(
    execution: Execution, view: ProposalView, *, now: datetime, timeline: Sequence[TimelineEntry] = ()
) -> Rendered:
    """What is being sent, how far it is, what came of it. `timeline` is the incident's."""
    proposal = view.proposal
    own = [entry for entry in timeline if entry.details.get("execution") == execution.id]
    sign, word = EXECUTION[execution.state]
    pause = _pause(execution, own)
    if pause is not None:
        sign, word = ":double_vertical_bar:", "Paused"
    title = mrkdwn(heading(proposal, view.model), 200)
    said = [f"{sign} *{word}:* {title}"]
    if pause is not None:
        by = f" by {person(pause.actor)}" if pause.actor != "agentops" else ""
        said.append(f"{mrkdwn(pause.text, 300)}{by}. It goes on once an approver resumes: `/agentops resume`.")
    elif execution.progress:
        said.append(mrkdwn(execution.progress, _LONGEST))
    if execution.error:
        said.append(f"*Error:* {mrkdwn(execution.error, 500)}")
    if execution.state in _NEXT:
        looks_again = any(entry.kind == "looking_again" for entry in own)
        said.append(f"*What next:* {_LOOKS_AGAIN if looks_again else _NEXT[execution.state]}")
    blocks = [section("\n".join(said))]
    steps = [*_calls(view, own), *_canary(own), *_late(own)]
    if steps:
        blocks.append(section("\n".join(steps)))
    told = [f"{mrkdwn(name, 60)}: {code(value, 300)}" for name, value in _answers(execution)]
    if told:
        blocks.append(context("\n".join(told[:6])))
    blocks.append(context(" · ".join(_facts(execution, view, now))))
    return rendered(f"{word}: {title}", blocks, tail=1)


def _answers(execution: Execution) -> Iterator[tuple[str, str]]:
    """What the calls were answered with, by name."""
    for name, value in execution.result.items():
        if not name.startswith(_NOT_SHOWN):
            yield _ANSWER.get(name, name), value


def _pause(execution: Execution, own: Sequence[TimelineEntry]) -> TimelineEntry | None:
    """The pause that holds it now, or None."""
    if execution.state in FINAL_EXECUTION_STATES:
        return None
    halts = [entry for entry in own if entry.kind in {"execution_paused", "execution_resumed", "call_sent"}]
    return halts[-1] if halts and halts[-1].kind == "execution_paused" else None


def _calls(view: ProposalView, own: Sequence[TimelineEntry]) -> Iterator[str]:
    """Each call with whether it has been answered; as a count where there are many. Nothing where there is only one."""
    requests = view.proposal.requests
    if len(requests) < 2:
        return
    sent = len({entry.details.get("call", entry.number) for entry in own if entry.kind == "call_sent"})
    yield f"*Sent:* {min(sent, len(requests))} of {len(requests)} calls"
    if len(requests) <= _ONE_BY_ONE:
        for number, request in enumerate(requests):
            sign = ":white_check_mark:" if number < sent else ":white_circle:"
            state = "answered" if number < sent else "not sent yet"
            yield f"{sign} {request.service} {mrkdwn(request.operation, 60)} – {state}"


def _canary(own: Sequence[TimelineEntry]) -> Iterator[str]:
    """What SageMaker told of its own steps, in order."""
    steps = [entry for entry in own if entry.kind == "canary_step"]
    if steps:
        yield "*Canary:*"
    yield from (f"• {date(entry.at, '{time_secs}')} {mrkdwn(entry.text, 200)}" for entry in steps[-_STEPS:])


def _late(own: Sequence[TimelineEntry]) -> Iterator[str]:
    """Calls of a process that was frozen and taken over meanwhile."""
    late = [entry for entry in own if entry.kind in {"call_late", "call_late_refused"}]
    yield from (f":warning: {date(entry.at, '{time_secs}')} {mrkdwn(entry.text, 300)}" for entry in late[-_STEPS:])


def _facts(execution: Execution, view: ProposalView, now: datetime) -> Iterator[str]:
    one_by_one = 2 <= len(view.proposal.requests) <= _ONE_BY_ONE
    operations = list(dict.fromkeys(f"{one.service} {one.operation}" for one in view.proposal.requests))
    operations = [] if one_by_one else operations
    yield from (mrkdwn(one, 80) for one in operations[:4])
    yield f"digest `{view.proposal.short_digest}`"
    if execution.started_at is not None:
        yield f"began {date(execution.started_at, '{time_secs}')}"
        yield duration((execution.finished_at or now) - execution.started_at)

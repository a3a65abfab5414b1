"""How an approved change comes along."""

from datetime import datetime

from bot.slack.blocks.kit import context, rendered, section
from bot.slack.blocks.text import code, date, duration, mrkdwn
from bot.slack.blocks.wording import EXECUTION
from bot.slack.rendered import Rendered
from incidents.execution import Execution, ExecutionState
from incidents.proposal import Proposal

_NEXT: dict[ExecutionState, str] = {
    ExecutionState.FAILED: "The change was not made, or not in full. Look at the error, then ask for a new look.",
    ExecutionState.NEEDS_VERIFICATION: "Look at the target by hand; nothing is sent again by itself.",
    ExecutionState.STALE: "Nothing was sent. A new look follows, and a new proposal where one is due.",
}


def execution_message(execution: Execution, proposal: Proposal, *, now: datetime) -> Rendered:
    """What is being sent to SageMaker, how far it is, what came of it."""
    sign, word = EXECUTION[execution.state]
    title = mrkdwn(proposal.title, 200)
    said = [f"{sign} *{word}:* {title}"]
    if execution.progress:
        said.append(mrkdwn(execution.progress, 300))
    if execution.error:
        said.append(f"*Error:* {mrkdwn(execution.error, 500)}")
    if execution.state in _NEXT:
        said.append(f"*What next:* {_NEXT[execution.state]}")
    facts = [f"{request.service} {mrkdwn(request.operation, 60)}" for request in proposal.requests[:3]]
    facts.append(f"digest `{proposal.short_digest}`")
    if execution.started_at is not None:
        facts.append(f"began {date(execution.started_at, '{time_secs}')}")
        facts.append(f"{duration((execution.finished_at or now) - execution.started_at)}")
    blocks = [section("\n".join(said))]
    if execution.result:
        told = [f"{mrkdwn(name, 60)}: {code(value, 300)}" for name, value in list(execution.result.items())[:6]]
        blocks.append(context("\n".join(told)))
    blocks.append(context(" · ".join(facts)))
    return rendered(f"{word}: {title}", blocks)

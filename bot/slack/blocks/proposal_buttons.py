"""The buttons of a proposal: approve, break the glass, deny. On its card and in the App Home they are the same."""

from collections.abc import Iterator

from bot.slack import ids
from bot.slack.blocks.heading import heading
from bot.slack.blocks.kit import actions, button, confirmation
from bot.slack.blocks.text import line
from bot.slack.rendered import Block
from incidents.approval import ApprovalState
from incidents.ledger import ProposalView
from incidents.policy import Allow, RequireApproval


def buttons(view: ProposalView, *, block_id: str) -> Iterator[Block]:
    """Live buttons while a decision is waited for, and none at any other time."""
    proposal, approval = view.proposal, view.approval
    effect = proposal.decision.effect
    if approval.state is not ApprovalState.PENDING or isinstance(effect, Allow):
        return
    change = "; ".join(f"{row.what}: {row.before} → {row.after}" for row in proposal.plan[:1])
    several = f" It runs once {approval.needed} people have approved." if approval.needed > 1 else ""
    confirm = confirmation(
        "Approve this change?",
        f"{line(heading(proposal, view.model), 110)}. {line(change, 90)}. Digest {proposal.short_digest}.{several}",
        confirm="Approve",
        deny="Not now",
        style="primary",
    )
    row = [
        button("Approve", ids.APPROVE, value=proposal.id, style="primary", confirm=confirm),
        button("Deny…", ids.DENY, value=proposal.id, style="danger"),
    ]
    may_break = isinstance(effect, RequireApproval) and effect.break_glass
    if may_break and approval.needed > 1 and view.broke_glass is None:
        row.append(button("Break glass…", ids.BREAK_GLASS, value=proposal.id))
    yield actions(row, block_id=f"{block_id}:{proposal.id}"[:255])

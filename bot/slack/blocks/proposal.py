"""The proposal card: what people decide on, and how it was decided. It always shows the state.

It answers in this order: what, on what, how it stands and who may decide until when; why; before and after; the exact
calls; risk, estimate, way back, success; what was checked; the digest that binds all of it.
"""

from collections.abc import Iterator

from bot.slack import ids
from bot.slack.blocks.calls import calls_blocks
from bot.slack.blocks.comparison import comparison_blocks
from bot.slack.blocks.heading import heading
from bot.slack.blocks.kit import context, fields, header, rendered, section, table
from bot.slack.blocks.proposal_buttons import buttons
from bot.slack.blocks.proposal_state import state_word, state_words, votes_words
from bot.slack.blocks.text import minutes, mrkdwn, person
from bot.slack.blocks.wording import RISK
from bot.slack.rendered import Block, Rendered
from incidents.approval import ApprovalState
from incidents.audit import Anchor
from incidents.ledger import ProposalView
from incidents.proposal import Proposal
from incidents.remediation import PromoteModel

_CHECKED = 8
_DID_NOT_WORK = 3


def proposal_message(view: ProposalView, *, anchor: Anchor | None = None, origin: str = "") -> Rendered:
    """The card: with buttons while it waits, with who and when afterwards.

    Args:
        view: the proposal and how its decision stands.
        anchor: the timeline entry that decided it: a cut or changed timeline does not hold it any more.
        origin: what it comes from, in mrkdwn, where it follows from another change.
    """
    proposal = view.proposal
    title = heading(proposal, view.model)
    end = list(buttons(view, block_id=ids.DECISION_BLOCK))
    blocks = [
        header(title),
        section("\n".join([state_words(view), *([origin] if origin else [])])),
        section("\n".join(_why(proposal))),
        table(("What", "Before", "After"), [(row.what, row.before, row.after) for row in proposal.plan]),
        *_separate(view),
        *(comparison_blocks(proposal.comparison) if proposal.comparison is not None else ()),
        *calls_blocks(proposal),
        fields(
            ("Risk", RISK[proposal.risk]),
            ("Estimate", _estimate(proposal)),
            ("How to undo it", mrkdwn(proposal.undo, 400)),
            ("It counts as done when", "\n".join(f"• {mrkdwn(c, 200)}" for c in proposal.success_criteria[:5]) or "–"),
        ),
        context(*_checked(proposal), " · ".join(_identity(view, anchor))),
        *_voted(view),
        *end,
    ]
    return rendered(f"{state_word(view)}: {mrkdwn(title, 200)}", blocks, tail=len(end) + len(list(_voted(view))) + 1)


def _voted(view: ProposalView) -> Iterator[Block]:
    """Beside the buttons once more: whoever clicked there has to see, without scrolling up, that it counted."""
    votes = votes_words(view) if view.approval.state is ApprovalState.PENDING else ""
    if votes:
        yield section(f":white_check_mark: {votes}")


def _why(proposal: Proposal) -> Iterator[str]:
    marks = f" [{', '.join(mrkdwn(e, 12) for e in proposal.evidence[:8])}]" if proposal.evidence else ""
    yield f"*What:* {mrkdwn(proposal.title, 200)}"
    yield f"*Why:* {mrkdwn(proposal.reason, 600)}{marks}"
    # Of a promotion it is fulfilled, and said where it comes from.
    if proposal.condition and not isinstance(proposal.remediation, PromoteModel):
        yield f"*Condition:* {mrkdwn(proposal.condition, 300)}"
    for told in proposal.did_not_work[:_DID_NOT_WORK]:
        yield f":warning: *Did not work before:* {mrkdwn(told, 240)}"


def _separate(view: ProposalView) -> Iterator[Block]:
    """Of a promotion: that it is a decision of its own, how it goes live, and what takes it back."""
    remediation = view.proposal.remediation
    if not isinstance(remediation, PromoteModel):
        return
    waits = view.approval.state is ApprovalState.PENDING
    apart = "A decision of its own: whoever approved the training has not approved this.\n" if waits else ""
    yield section(
        f"{apart}*Canary:* {remediation.canary_percent} % of the capacity first, watched for "
        f"{minutes(remediation.bake_minutes)}; then all of it, watched as long again before the old fleet goes."
    )


def _checked(proposal: Proposal) -> list[str]:
    if not proposal.checked:
        return []
    return [f"Checked: {'; '.join(mrkdwn(one, 160) for one in proposal.checked[:_CHECKED])}"]


def _estimate(proposal: Proposal) -> str:
    estimate = proposal.estimate
    cost = ", no cost" if estimate.cost_usd == 0 else f", about ${estimate.cost_usd:,.2f}" if estimate.cost_usd else ""
    return f"about {minutes(estimate.minutes)}{cost} ({mrkdwn(estimate.basis, 160)})"


def _identity(view: ProposalView, anchor: Anchor | None) -> Iterator[str]:
    proposal = view.proposal
    yield f"Digest `{proposal.short_digest}`"
    yield f"proposal `{mrkdwn(proposal.id, 60)}`"
    yield mrkdwn(proposal.incident_id, 40)
    if proposal.decision.rules:
        yield f"policy: {'; '.join(mrkdwn(rule, 80) for rule in proposal.decision.rules[:3])}"
    if view.chosen_by:
        yield f"asked for by {person(view.chosen_by)}, who cannot approve it"
    if anchor is not None:
        yield f"timeline {anchor.words}"

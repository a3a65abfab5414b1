"""The proposal card: what people decide on, and how it was decided. It always shows the state."""

import json
from collections.abc import Iterator
from datetime import datetime

from bot.slack import ids
from bot.slack.blocks.kit import (
    actions,
    button,
    confirmation,
    context,
    fields,
    header,
    paragraph,
    preformatted,
    rendered,
    rich,
    section,
    table,
    words,
)
from bot.slack.blocks.text import date, line, minutes, mrkdwn, person, plural
from bot.slack.blocks.wording import APPROVAL, RISK, approvers_words
from bot.slack.rendered import Block, Rendered
from incidents.approval import ApprovalState, ApprovalView
from incidents.ledger import ProposalView
from incidents.policy import Allow
from incidents.proposal import Proposal

_JSON = 2_400


def proposal_message(view: ProposalView) -> Rendered:
    """The card: with buttons while it waits, with who and when afterwards."""
    proposal, approval = view.proposal, view.approval
    waiting = approval.state is ApprovalState.PENDING
    end = list(_buttons(view)) if waiting else []
    blocks = [
        header(proposal.title),
        section(_state(view)),
        section(f"*Why:* {mrkdwn(proposal.reason, 600)}{_stands_on(proposal)}"),
        table(("What", "Before", "After"), [(row.what, row.before, row.after) for row in proposal.plan]),
        *_calls(proposal),
        fields(
            ("Risk", RISK[proposal.risk]),
            ("Estimate", _estimate(proposal)),
            ("How to undo it", mrkdwn(proposal.undo, 400)),
            ("It counts as done when", "\n".join(f"• {mrkdwn(c, 200)}" for c in proposal.success_criteria[:5]) or "–"),
        ),
        context(_identity(view)),
        *end,
    ]
    return rendered(f"{APPROVAL[approval.state][1]}: {mrkdwn(proposal.title, 200)}", blocks, tail=len(end) + 1)


def _stands_on(proposal: Proposal) -> str:
    marks = f" [{', '.join(mrkdwn(e, 12) for e in proposal.evidence[:8])}]" if proposal.evidence else ""
    return marks + (f"\n*Only if:* {mrkdwn(proposal.condition, 300)}" if proposal.condition else "")


def _state(view: ProposalView) -> str:
    """How the decision stands, in a sentence or two."""
    proposal, approval = view.proposal, view.approval
    sign, word = APPROVAL[approval.state]
    match approval.state:
        case ApprovalState.PENDING:
            said = _votes(approval)
            who = f"{plural(approval.needed, 'approval')} from {approvers_words(view.approvers)} needed"
            allowed = isinstance(proposal.decision.effect, Allow)
            rest = "The policy allows it without approval." if allowed else f"{who}, by {date(proposal.expires_at)}."
            return f"{sign} *{word}* – {rest}{said}"
        case ApprovalState.APPROVED:
            by = " and ".join(person(vote.person) for vote in approval.votes) or "the policy"
            return f"{sign} *{word}* by {by}{_at(approval.decided_at)}."
        case ApprovalState.DENIED:
            return f"{sign} *{word}*{_by(approval)}{_at(approval.decided_at)}: {mrkdwn(approval.reason, 500)}"
        case ApprovalState.EXPIRED:
            when = _at(approval.decided_at)
            return f"{sign} *{word}*{when}: nobody decided in time. Nothing was sent.{_votes(approval)}"
        case ApprovalState.SUPERSEDED | ApprovalState.WITHDRAWN:
            why = f": {mrkdwn(approval.reason, 400)}" if approval.reason else ""
            return f"{sign} *{word}*{_by(approval)}{_at(approval.decided_at)}{why}. It can no longer be approved."


def _votes(approval: ApprovalView) -> str:
    if not approval.votes:
        return ""
    names = ", ".join(f"{person(vote.person)} at {date(vote.at, '{time}')}" for vote in approval.votes)
    return f"\nApproved so far: {len(approval.votes)} of {approval.needed} ({names})"


def _by(approval: ApprovalView) -> str:
    return f" by {person(approval.decided_by)}" if approval.decided_by else ""


def _at(moment: datetime | None) -> str:
    return f" {date(moment)}" if moment else ""


def _calls(proposal: Proposal) -> Iterator[Block]:
    """Every call as it will be sent, as JSON."""
    parts = [paragraph(words("Exactly this is sent", bold=True))]
    for request in proposal.requests:
        # ASCII only: what cannot be seen cannot hide in a call that people sign.
        body = json.dumps(request.parameters, indent=2, ensure_ascii=True)
        parts.append(preformatted(f"{request.service} {request.operation}\n{body}", _JSON))
    yield rich(*parts)


def _estimate(proposal: Proposal) -> str:
    estimate = proposal.estimate
    cost = f", about ${estimate.cost_usd:,.2f}" if estimate.cost_usd is not None else ""
    return f"about {minutes(estimate.minutes)}{cost} ({mrkdwn(estimate.basis, 160)})"


def _identity(view: ProposalView) -> str:
    proposal = view.proposal
    facts = [
        f"Digest `{proposal.short_digest}`",
        f"proposal `{mrkdwn(proposal.id, 60)}`",
        mrkdwn(proposal.incident_id, 40),
    ]
    if proposal.decision.rules:
        facts.append(f"policy: {'; '.join(mrkdwn(rule, 80) for rule in proposal.decision.rules[:3])}")
    if view.chosen_by:
        facts.append(f"asked for by {person(view.chosen_by)}, who cannot approve it")
    return " · ".join(facts)


def _buttons(view: ProposalView) -> Iterator[Block]:
    proposal = view.proposal
    if isinstance(proposal.decision.effect, Allow):
        return
    effect = "; ".join(f"{row.what}: {row.before} → {row.after}" for row in proposal.plan[:1])
    several = f" It runs once {view.approval.needed} people have approved." if view.approval.needed > 1 else ""
    confirm = confirmation(
        "Approve this change?",
        f"{line(proposal.title, 100)}. {line(effect, 90)}. Digest {proposal.short_digest}.{several}",
        confirm="Approve",
        deny="Not now",
        style="primary",
    )
    yield actions(
        [
            button("Approve", ids.APPROVE, value=proposal.id, style="primary", confirm=confirm),
            button("Deny…", ids.DENY, value=proposal.id, style="danger"),
        ],
        block_id=f"{ids.DECISION_BLOCK}:{proposal.id}"[:255],
    )

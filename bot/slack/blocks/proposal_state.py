"""How the decision on a proposal stands, in a sentence or two."""

from datetime import datetime

from bot.slack.blocks.text import date, mrkdwn, person, plural
from bot.slack.blocks.wording import APPROVAL, approvers_words
from incidents.approval import ApprovalState, ApprovalView
from incidents.ledger import ProposalView
from incidents.policy import Allow

ALLOWED = "The policy allows this without people"


def state_word(view: ProposalView) -> str:
    """The state in a few words, for a notification."""
    allowed = isinstance(view.proposal.decision.effect, Allow) and not view.approval.votes
    if allowed and view.approval.state in {ApprovalState.PENDING, ApprovalState.APPROVED}:
        return ALLOWED
    return APPROVAL[view.approval.state][1]


def state_words(view: ProposalView) -> str:
    """The state, who and when; mrkdwn."""
    proposal, approval = view.proposal, view.approval
    sign, word = APPROVAL[approval.state]
    match approval.state:
        case ApprovalState.PENDING if isinstance(proposal.decision.effect, Allow):
            return f":arrow_forward: *{ALLOWED}*; the plan below is posted before anything is sent."
        case ApprovalState.PENDING:
            who = f"{plural(approval.needed, 'approval')} from {approvers_words(view.approvers)} needed"
            again = f" Asked for the {_nth(view.round)} time." if view.round > 1 else ""
            return f"{sign} *{word}* – {who}, by {date(proposal.expires_at)}.{again}{_votes(view)}"
        case ApprovalState.APPROVED if not approval.votes:
            return f":arrow_forward: *{ALLOWED}*{_at(approval.decided_at)}; the plan below was posted first."
        case ApprovalState.APPROVED:
            by = " and ".join(person(vote.person) for vote in approval.votes)
            return f"{sign} *{word}* by {by}{_at(approval.decided_at)}.{_glass(view)}"
        case ApprovalState.DENIED:
            return f"{sign} *{word}*{_by(approval)}{_at(approval.decided_at)}: {mrkdwn(approval.reason, 500)}"
        case ApprovalState.EXPIRED:
            when = _at(approval.decided_at)
            why = mrkdwn(approval.reason, 400) if approval.reason else "nobody decided in time"
            return f"{sign} *{word}*{when}: {why}. Nothing was sent.{_votes(view)}"
        case ApprovalState.SUPERSEDED | ApprovalState.WITHDRAWN:
            why = f": {mrkdwn(approval.reason, 400)}" if approval.reason else ""
            return f"{sign} *{word}*{_by(approval)}{_at(approval.decided_at)}{why}. It can no longer be approved."


def votes_words(view: ProposalView) -> str:
    """Who has approved so far, and how many more it takes; mrkdwn, empty where nobody has."""
    approval = view.approval
    if not approval.votes:
        return ""
    names = ", ".join(f"{person(vote.person)} at {date(vote.at, '{time}')}" for vote in approval.votes)
    return f"Approved so far: {view.given} of {approval.needed} ({names}){_glass(view)}"


def _votes(view: ProposalView) -> str:
    words = votes_words(view)
    return f"\n{words}" if words else ""


def _glass(view: ProposalView) -> str:
    if view.broke_glass is None:
        return ""
    why = mrkdwn(view.approval.reason, 400)
    return f"\n:rotating_light: *Break-glass:* {person(view.broke_glass)} acts for two: {why}"


def _nth(count: int) -> str:
    return {2: "second", 3: "third"}.get(count, f"{count}th")


def _by(approval: ApprovalView) -> str:
    return f" by {person(approval.decided_by)}" if approval.decided_by else ""


def _at(moment: datetime | None) -> str:
    return f" on {date(moment)}" if moment else ""

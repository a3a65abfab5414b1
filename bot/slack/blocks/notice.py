"""What owners are called for: the words, why, and what is expected of them."""

from collections.abc import Mapping

from bot.slack.blocks.kit import context, rendered, section
from bot.slack.blocks.text import group, mrkdwn
from bot.slack.rendered import Rendered
from incidents.ledger import ProposalView
from incidents.remediation import NotifyOwners


def notice_message(
    view: ProposalView, remediation: NotifyOwners, *, owners: str | None, group_ids: Mapping[str, str]
) -> Rendered:
    """A group is called into the thread.

    `owners` is the group that the catalogue names for the model: that one is notified; any other is named only, since
    a reasoner may have chosen it. `group_ids` are the ids of groups by handle.
    """
    handle = remediation.owners
    called = group(handle, group_ids.get(handle) if handle == owners else None)
    proposal = view.proposal
    named = f"You are named as the owners of {mrkdwn(view.model, 100)}. " if handle == owners else ""
    blocks = [
        section(f":loudspeaker: *{called}, you are needed here*\n{mrkdwn(remediation.text, 600)}"),
        section(
            f"*Why you*\n{named}{mrkdwn(proposal.reason, 600)}\n"
            "*What is expected of you*\nRead the diagnosis above, do your part of it, and answer in this thread. "
            "AgentOps does not do it for you, and nothing else waits for your answer."
        ),
    ]
    if handle != owners:
        blocks.append(context("This group was not notified: models.yaml does not name it as the owners of the model."))
    elif handle not in group_ids:
        blocks.append(context("This group could not be notified: Slack did not say who it is. Please call it by hand."))
    return rendered(f"{called}, you are needed here: {mrkdwn(remediation.text, 600)}", blocks)

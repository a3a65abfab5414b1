"""What a proposal comes from, where it is not the diagnosis: one that expired, or a change before it."""

from bot.slack.blocks.text import code, mrkdwn
from incidents.ledger import IncidentFile, ProposalView
from incidents.remediation import PromoteModel
from incidents.spec import spec_of


def origin_words(file: IncidentFile, view: ProposalView) -> str:
    """A sentence or two of mrkdwn; empty where it comes from the diagnosis."""
    said: list[str] = []
    if view.proposal.follows is not None:
        said.append(_follows(file, view, view.proposal.follows))
    if view.replaces is not None:
        said.append(f"Asked for again, as the world is now: {code(view.replaces, 60)} had expired undecided.")
    return "\n".join(said)


def _follows(file: IncidentFile, view: ProposalView, execution_id: str) -> str:
    before = next((one.proposal for one in file.proposals if one.proposal.execution_id == execution_id), None)
    if before is None:
        return f"It follows from the change {code(execution_id, 60)}."
    title = f"“{mrkdwn(before.title, 160)}”"
    if spec_of(before.remediation).undo(before.origin).remediation == view.proposal.remediation:
        return f":leftwards_arrow_with_hook: *This is the way back of* {title}, which did not help."
    if isinstance(view.proposal.remediation, PromoteModel):
        return f"Its candidate comes from {title} and passed its gate."
    return f"The next step of the plan, after {title}."

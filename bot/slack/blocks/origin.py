"""What a proposal comes from, where it is not the diagnosis: one that expired, or a change before it."""

from bot.slack.blocks.text import code
from incidents.ledger import IncidentFile, ProposalView


def origin_words(file: IncidentFile, view: ProposalView) -> str:
    """One sentence of mrkdwn; empty where it comes from the diagnosis."""
    if view.replaces is not None:
        return f"Asked for again, as the world is now: {code(view.replaces, 60)} had expired undecided."
    return ""

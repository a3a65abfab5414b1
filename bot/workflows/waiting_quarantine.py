"""A newer look at data that is still broken: is what it would quarantine on a card already?

The window of such a quarantine ends at the moment of the look and begins at an onset that each look samples anew, and
data goes on arriving. Proposed as it is found, each look would take back the card of the one before, with its votes.
For who decides nothing has changed as long as the newer window holds, up to where the waiting one ends, exactly the
objects that the card names. What came after that end is on neither the card nor its digest, and is never touched.
"""

import asyncio

from bot.workflows.ports import Deps
from incidents.approval import ApprovalState
from incidents.origin import DataOrigin
from incidents.proposal import Proposal, RemediationChoice
from incidents.remediation import QuarantineData
from incidents.sameness import moved_on
from tools.errors import UpstreamError


async def as_it_waits(deps: Deps, incident_id: str, choice: RemediationChoice) -> RemediationChoice:
    """The choice with the window of the card that waits, where that card still tells it right; else as it is."""
    newer = choice.remediation
    if not isinstance(newer, QuarantineData):
        return choice
    # Read now and not when the look began: what was decided or expired meanwhile waits no more.
    file = await asyncio.to_thread(deps.reader.file, incident_id)
    for view in file.proposals:
        waiting = view.proposal.remediation
        if (
            view.approval.state is ApprovalState.PENDING
            and isinstance(waiting, QuarantineData)
            and moved_on(waiting, newer)
            and await _tells_it_right(deps, view.proposal, waiting, newer)
        ):
            return choice.model_copy(update={"remediation": waiting})
    return choice


async def _tells_it_right(deps: Deps, card: Proposal, waiting: QuarantineData, newer: QuarantineData) -> bool:
    """An object that reached S3 late, was changed or tagged, or lies before the card's window needs another card."""
    try:
        found = await deps.datasets.window(newer.bucket, newer.prefix, newer.window_start, waiting.window_end)
    except UpstreamError:
        return False
    return card.origin == DataOrigin(bucket=newer.bucket, objects=tuple(found))

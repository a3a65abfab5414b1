"""What a proposal would do in a few words: model and direction first, so that no two cards look alike."""

from typing import assert_never

from incidents.proposal import Proposal
from incidents.remediation import (
    NotifyOwners,
    OpenIssue,
    PromoteModel,
    QuarantineData,
    RerunDataPipeline,
    RollbackEndpoint,
    ShiftTraffic,
    StartRetraining,
)


def heading(proposal: Proposal, model: str) -> str:
    """`fraud-detector: put version 42 live`; unescaped."""
    return f"{model}: {_direction(proposal)}"


def _direction(proposal: Proposal) -> str:
    match proposal.remediation:
        case RollbackEndpoint() as one:
            return f"roll back to {one.to_config}"
        case ShiftTraffic() as one:
            whole = sum(share.weight for share in one.weights)
            shares = ", ".join(f"{100 * share.weight / whole:.3g} % to {share.variant}" for share in one.weights)
            return f"shift traffic, {shares}"
        case StartRetraining():
            return "train a candidate; nothing goes live"
        case PromoteModel() as one:
            return f"put version {one.version} live"
        case QuarantineData() as one:
            verb = "quarantine" if one.mode == "quarantine" else "release"
            return f"{verb} the data of {one.window_start:%d %b %H:%M} to {one.window_end:%d %b %H:%M} UTC"
        case RerunDataPipeline() as one:
            return f"run {one.pipeline} again from {one.window_start:%d %b %H:%M} UTC"
        case OpenIssue() as one:
            return f"open an issue in {one.repository}"
        case NotifyOwners() as one:
            return f"call @{one.owners} into the thread"
        case _:
            assert_never(proposal.remediation)

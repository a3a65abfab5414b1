"""What stands in the world when an execution stops between two of its calls, and how to take it back."""

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
from incidents.spec import spec_of


def left_behind(proposal: Proposal, done: int) -> str:
    """One or two sentences about the first `done` calls; empty where none was made."""
    if done == 0:
        return ""
    remediation = proposal.remediation
    said = f"Done before: {counted(proposal, done)}."
    match remediation:
        case PromoteModel():
            return f"{said} {_promotion(proposal, done)}"
        case QuarantineData():
            verb = (
                "Release the window to take the tags off" if remediation.mode == "quarantine" else "Quarantine it again"
            )
            return f"{said} {done - 1} of {len(proposal.requests) - 1} objects are marked; no data was changed. {verb}."
        case (
            RollbackEndpoint() | ShiftTraffic() | StartRetraining() | RerunDataPipeline() | OpenIssue() | NotifyOwners()
        ):
            return f"{said} To take it back: {spec_of(remediation).undo(proposal.origin).words}"


def counted(proposal: Proposal, done: int) -> str:
    """The first `done` calls by name: ``UpdateModelPackage, CreateModel`` or ``12 x PutObjectTagging``."""
    names = [request.operation for request in proposal.requests[:done]]
    each = dict.fromkeys(names)
    return ", ".join(name if names.count(name) == 1 else f"{names.count(name)} x {name}" for name in each)


def _promotion(proposal: Proposal, done: int) -> str:
    made = {request.operation: request.parameters for request in proposal.requests[:done]}
    if "UpdateEndpoint" in made:
        return f"To take it back: {spec_of(proposal.remediation).undo(proposal.origin).words}"
    names = [f"model {made['CreateModel']['ModelName']}"] if "CreateModel" in made else []
    if "CreateEndpointConfig" in made:
        names.append(f"endpoint config {made['CreateEndpointConfig']['EndpointConfigName']}")
    said = "Nothing that serves has changed. To take it back: set the package's approval status back"
    return f"{said}, and delete {' and '.join(names)}." if names else f"{said}."

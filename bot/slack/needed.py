"""Why a person is needed, and what they can do: the words of an escalation, from the rows."""

from dataclasses import dataclass

from incidents.execution import Execution, ExecutionState
from incidents.ledger import IncidentFile, ProposalView, VerificationView
from incidents.remediation import AnyRemediation, PromoteModel

_ASK_AGAIN = "Ask for a new look and a new proposal: /agentops investigate"


@dataclass(frozen=True)
class Needed:
    """`why` a person is needed, the `steps` they can take, and which proposal it is `about`. Unescaped."""

    why: str
    steps: tuple[str, ...]
    about: ProposalView | None


def needed(file: IncidentFile, subject: str) -> Needed:
    """`subject` is the id of the execution or of the proposal that calls for a person."""
    execution = next((e for e in file.executions if e.id == subject), None)
    proposal_id = execution.proposal_id if execution else subject
    about = next((view for view in file.proposals if view.proposal.id == proposal_id), None)
    title = f"“{about.proposal.title}”" if about else "The proposal"
    if execution is None:
        return _undecided(file, proposal_id, title, about)
    watch = next((view for view in file.verifications if view.execution_id == execution.id), None)
    if watch is not None and watch.state == "candidate_ready":
        return Needed("A candidate waits for review.", _review(execution.result.get("candidate", "")), about)
    if _late(file, execution):
        return _after_a_late_call(file, execution, title, about)
    if _looks_again(file, execution):
        why = f"{title} was allowed by the policy and not sent. {execution.progress}".rstrip()
        return Needed(
            why, ("AgentOps is looking again by itself. What it proposes then is for you to decide, below.",), about
        )
    why, steps = _ended(file, execution, watch, title, about)
    return Needed(why, (*steps, f"{_ASK_AGAIN} {file.incident.model}"), about)


def _late(file: IncidentFile, execution: Execution) -> bool:
    """Is the last that was heard of its calls that one was late?"""
    own = [one.kind for one in file.timeline if one.details.get("execution") == execution.id]
    calls = [kind for kind in own if kind.startswith(("call_", "verif", "execution_"))]
    return bool(calls) and calls[-1] == "call_late"


def _looks_again(file: IncidentFile, execution: Execution) -> bool:
    """Did a new look begin because this was not sent?"""
    return any(one.kind == "looking_again" and one.details.get("execution") == execution.id for one in file.timeline)


def _after_a_late_call(file: IncidentFile, execution: Execution, title: str, about: ProposalView | None) -> Needed:
    why = (
        f"A call of {title} was sent late: the process that made it had been frozen, and another had gone on in its "
        "place. So the call may have been made twice. What it did is being checked; the result comes below."
    )
    undo = (f"To undo it: {about.proposal.undo}",) if about else ()
    steps = (f"Look at {execution.target}: does it stand as the proposal says?", *undo)
    return Needed(why, (*steps, f"{_ASK_AGAIN} {file.incident.model}"), about)


def _undecided(file: IncidentFile, proposal_id: str, title: str, about: ProposalView | None) -> Needed:
    ask_again = f"{_ASK_AGAIN} {file.incident.model}"
    if file.asked_again(proposal_id) is not None:
        return Needed(f"Nobody decided on {title} in time; it has been asked for again.", (), about)
    why = f"Nobody decided on {title} in time. Nothing was changed and the alerts still fire."
    once_more = f"Put it up again below, or with /agentops ask-again {proposal_id}"
    return Needed(why, ("Read the diagnosis and the evidence above.", once_more, ask_again), about)


def _ended(
    file: IncidentFile, execution: Execution, watch: VerificationView | None, title: str, about: ProposalView | None
) -> tuple[str, tuple[str, ...]]:
    told = f" {execution.progress}" if execution.progress else ""
    if watch is not None and watch.state == "candidate_refused":
        evaluation = f"Look at its evaluation: {execution.result.get('candidate', '')}"
        return "The candidate is not good enough.", (evaluation, "The live model stays as it is.")
    match execution.state:
        case ExecutionState.NEEDS_VERIFICATION:
            why = f"It is not known whether {title} took effect; it is not sent again by itself.{told}"
            return why, (f"Look at {execution.target} by hand.",)
        case ExecutionState.SUCCEEDED:
            why = f"{title} was done, but the recovery could not be confirmed."
            undo = (f"To undo it: {about.proposal.undo}",) if about else ()
            return why, ("Look at the signals above.", *undo)
        case ExecutionState.STALE:
            why = f"{title} was approved and not sent.{told}"
            return why, ("AgentOps has changed nothing. See whether the alerts still fire.",)
        case _:
            steps = _after_a_canary(about.proposal.remediation) if about and _all_sent(file, execution, about) else None
            return f"{title} could not be done.{told}", steps or ("Look at the error above.",)


def _all_sent(file: IncidentFile, execution: Execution, about: ProposalView) -> bool:
    """Was the last of its calls answered?"""
    last = {"execution": execution.id, "call": len(about.proposal.requests)}
    return any(one.kind == "call_sent" and last.items() <= one.details.items() for one in file.timeline)


def _after_a_canary(remediation: AnyRemediation) -> tuple[str, ...] | None:
    """What is left to do once SageMaker has not kept a promoted version; None for other remediations."""
    if not isinstance(remediation, PromoteModel):
        return None
    return (
        f"Look at what {', '.join(remediation.alarms)} showed while the canary served.",
        f"Version {remediation.version} still says Approved in the model registry: set it to Rejected there, so that "
        "nobody deploys it by mistake.",
        "What set off this incident is not repaired: another remediation has to be decided.",
    )


def _review(candidate: str) -> tuple[str, ...]:
    return (
        f"Review the candidate's metrics and slices in the model registry: {candidate}",
        "If it is good, set its approval status to Approved there, and deploy it with your usual canary.",
        "The live model stays as it is until then; runbooks/procedures/retraining.md has the steps.",
    )

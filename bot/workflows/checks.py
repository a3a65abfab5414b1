"""The last look before each call: what was signed, whether it may run now, and whether the world is still the same."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from bot.workflows.facts import decide_again
from bot.workflows.halfway import left_behind
from bot.workflows.origins import origin_of
from bot.workflows.ports import Deps
from incidents.audit import verify
from incidents.catalogue import ModelSpec
from incidents.execution import ExecutionState
from incidents.incident import LIVE_STATES, Incident, IncidentState
from incidents.ledger import ProposalView
from incidents.origin import AnyOrigin, EndpointOrigin, PromotionOrigin, TrafficOrigin, stands
from incidents.pause import Pause
from incidents.policy import Allow, Forbid, RequireApproval
from incidents.proposal import Proposal, digest_of
from incidents.remediation import PromoteModel, RollbackEndpoint
from incidents.spec import SIDES, spec_of
from tools.errors import NotFound
from tools.incident_store.tables import ExecutionRecord

DECIDED = frozenset({"approved", "allowed"})
"""Timeline entries that let a proposal run; each names its digest."""


@dataclass(frozen=True)
class Go:
    """Send it."""


@dataclass(frozen=True)
class Wait:
    """Look again soon."""

    text: str


@dataclass(frozen=True)
class Halt:
    """A person paused changes while calls had been made already: wait for them to go on."""

    text: str
    by: str


@dataclass(frozen=True)
class Over:
    """It ends here; `already` where the world is as asked without a call of ours."""

    state: ExecutionState
    text: str
    already: bool = False


Verdict = Go | Wait | Halt | Over


async def before_the_first_call(
    deps: Deps, view: ProposalView, record: ExecutionRecord, incident: Incident, model: ModelSpec
) -> Verdict:
    """Everything. Raises `UpstreamError` where the world cannot be read."""
    proposal = view.proposal
    if not _goes_on(incident, proposal):
        return Over(ExecutionState.STALE, "Not run: the incident was ended meanwhile. Nothing was sent.")
    problem = await integrity_problem(deps, proposal, record)
    if problem:
        return Over(ExecutionState.FAILED, problem)
    stricter = await policy_problem(deps, view, record, model)
    if stricter:
        return Over(ExecutionState.STALE, f"Not run: {stricter}")
    unexplained = await _unexplained(deps, proposal, record)
    return unexplained or await _origin(deps, proposal, record, incident, model)


async def before_a_later_call(
    deps: Deps, view: ProposalView, record: ExecutionRecord, incident: Incident, model: ModelSpec
) -> Verdict:
    """Pause and policy. Earlier calls stand already, so a stop says what they left behind."""
    done = left_behind(view.proposal, record.step)
    pause = await asyncio.to_thread(deps.reader.paused, model.name)
    if pause is not None:
        return _halted(deps, view.proposal, record, pause, done)
    if not _goes_on(incident, view.proposal):
        return Over(ExecutionState.NEEDS_VERIFICATION, f"Stopped: the incident was ended meanwhile. {done}")
    stricter = await policy_problem(deps, view, record, model)
    if stricter:
        where = _next_call(view.proposal, record)
        return Over(ExecutionState.NEEDS_VERIFICATION, f"Stopped before {where}: {stricter} {done}")
    moved = await _moved_on(deps, view.proposal, record)
    return Go() if moved is None else Over(ExecutionState.NEEDS_VERIFICATION, f"Stopped: {moved} {done}")


async def signed(
    deps: Deps, view: ProposalView, record: ExecutionRecord, incident: Incident, model: ModelSpec
) -> str | None:
    """Why a call without an answer may not be sent again, the world left aside: it was looked at before."""
    return await integrity_problem(deps, view.proposal, record) or await _not_now(deps, view, record, incident, model)


async def integrity_problem(deps: Deps, proposal: Proposal, record: ExecutionRecord) -> str | None:
    """Why nothing of this incident may run at all."""
    made = spec_of(proposal.remediation).requests(proposal.origin, proposal.execution_id)
    same = digest_of(made, proposal.origin.identity) == proposal.digest and made == proposal.requests
    if not same or record.id != proposal.execution_id:
        return "Not run: what would be sent is not what was approved."
    chain = await asyncio.to_thread(deps.reader.chain, record.incident_id)
    broken = verify(chain).broken
    if broken is not None:
        return f"Not run: the incident's timeline is damaged at entry {broken.number}: {broken.why}."
    decided = {"proposal": proposal.id, "digest": proposal.digest}
    if not any(e.kind in DECIDED and decided.items() <= e.details.items() for e in chain.whole):
        return "Not run: the timeline does not show that this was approved."
    return None


async def policy_problem(deps: Deps, view: ProposalView, record: ExecutionRecord, model: ModelSpec) -> str | None:
    """Why the policy, asked again, does not let it run. A pause stops whatever the policy's rules say."""
    pause = await asyncio.to_thread(deps.reader.paused, model.name)
    if pause is not None:
        return f"the policy says no now (changes are paused by {pause.by})."
    ruling = await asyncio.to_thread(
        decide_again,
        deps.policy,
        deps.reader,
        deps.writer,
        proposal=view.proposal,
        model=model,
        now=deps.clock(),
        speed=deps.pace.speed,
        besides=record.id,
    )
    match ruling.decision.effect:
        case Forbid(because=because):
            return f"the policy says no now ({because})."
        case RequireApproval(count=count, break_glass=may_act_for_two):
            # Who broke the glass acts for two, as long as the policy permits that.
            votes = len(view.approval.votes) + (1 if view.broke_glass is not None and may_act_for_two else 0)
            return f"the policy asks for {count} approvals now." if votes < count else None
        case Allow():
            return None


async def _not_now(
    deps: Deps, view: ProposalView, record: ExecutionRecord, incident: Incident, model: ModelSpec
) -> str | None:
    if not _goes_on(incident, view.proposal):
        return "Not sent again: the incident was ended meanwhile."
    stricter = await policy_problem(deps, view, record, model)
    return f"Not sent again: {stricter}" if stricter else None


async def _moved_on(deps: Deps, proposal: Proposal, record: ExecutionRecord) -> str | None:
    """Why what the first calls prepared must not go live: the last call of a promotion puts it there."""
    remediation, origin = proposal.remediation, proposal.origin
    request = proposal.requests[record.step]
    if not isinstance(remediation, PromoteModel) or not isinstance(origin, PromotionOrigin):
        return None
    if request.operation != "UpdateEndpoint":
        return None
    try:
        endpoint = await deps.sagemaker.endpoint(remediation.endpoint)
        package = await deps.sagemaker.model_package(remediation.model_package)
    except NotFound:
        return "the endpoint or the candidate is gone."
    if (endpoint.arn, endpoint.config_name) != (origin.arn, origin.config_name) or endpoint.status != "InService":
        return f"{endpoint.name} is {endpoint.status} on {endpoint.config_name} now: somebody else changed it."
    if package.approval_status != "Approved":
        return f"version {package.version} is {package.approval_status} now: a person decided otherwise."
    return None


def _goes_on(incident: Incident, proposal: Proposal) -> bool:
    if proposal.remediation.kind in SIDES:
        return incident.state in LIVE_STATES
    return incident.state is IncidentState.EXECUTING


def _halted(deps: Deps, proposal: Proposal, record: ExecutionRecord, pause: Pause, done: str) -> Verdict:
    where = _next_call(proposal, record)
    since = max(pause.at, record.sent_at or pause.at)
    if deps.clock() - since > deps.pace.pause_limit:
        text = f"Stopped before {where}: paused by {pause.by} for longer than {_words(deps.pace.pause_limit)}. {done}"
        return Over(ExecutionState.NEEDS_VERIFICATION, text)
    return Halt(f"paused by {pause.by} before {where}; it goes on when changes are resumed. {done}", pause.by)


def _next_call(proposal: Proposal, record: ExecutionRecord) -> str:
    return f"call {record.step + 1} of {len(proposal.requests)} ({proposal.requests[record.step].operation})"


async def _unexplained(deps: Deps, proposal: Proposal, record: ExecutionRecord) -> Verdict | None:
    """Explain, then act: what the policy decided in people's stead runs once diagnosis and plan can be read."""
    if not record.automatic or proposal.remediation.kind in SIDES:
        return None
    if await asyncio.to_thread(deps.reader.explained, proposal.incident_id, proposal.id):
        return None
    if deps.clock() - record.created_at > deps.pace.explain_limit:
        return Over(
            ExecutionState.STALE,
            "Not run: diagnosis and plan could not be posted in the thread, and nothing runs unexplained.",
        )
    return Wait("waiting until diagnosis and plan stand in the thread")


async def _origin(
    deps: Deps, proposal: Proposal, record: ExecutionRecord, incident: Incident, model: ModelSpec
) -> Verdict:
    try:
        origin = await origin_of(deps, model, proposal.remediation, incident)
    except NotFound as error:
        gone = _in_words(proposal.target)
        text = f"Not run: {error.service} no longer has what it would change ({gone}): somebody deleted it."
        return Over(ExecutionState.STALE, f"{text} Nothing was sent.")
    if isinstance(origin, EndpointOrigin | TrafficOrigin | PromotionOrigin):
        found = _endpoint(deps, proposal, record, origin)
        if found is not None:
            return found
    if not stands(proposal.origin, origin):
        text = (
            f"Not run: the world is no longer as it was when this was approved{_difference(proposal.origin, origin)}."
        )
        return Over(ExecutionState.STALE, f"{text} Nothing was sent.")
    return Go()


def _difference(before: AnyOrigin, is_now: AnyOrigin) -> str:
    """What has changed on the endpoint, where that is what has changed."""
    was, now = _config_of(before), _config_of(is_now)
    return "" if was is None or now is None or was == now else f": the endpoint is on {now} now, not on {was}"


def _in_words(target: str) -> str:
    """`endpoint/fraud-detector-prod` as `endpoint fraud-detector-prod`."""
    return target.replace("/", " ", 1)


def _endpoint(
    deps: Deps, proposal: Proposal, record: ExecutionRecord, origin: EndpointOrigin | TrafficOrigin | PromotionOrigin
) -> Verdict | None:
    remediation = proposal.remediation
    if isinstance(remediation, RollbackEndpoint) and origin.config_name == remediation.to_config:
        text = f"{remediation.endpoint} is on {origin.config_name} already; nothing was sent."
        return Over(ExecutionState.SUCCEEDED, text, already=True)
    same = origin.config_name == _config_of(proposal.origin)
    if origin.status in spec_of(remediation).origin_statuses or not same:
        return None
    if deps.clock() - record.created_at > deps.pace.update_limit:
        return Over(ExecutionState.STALE, f"Not run: the endpoint has been {origin.status} for too long.")
    return Wait(f"waiting: the endpoint is {origin.status}")


def _config_of(origin: AnyOrigin) -> str | None:
    return origin.config_name if isinstance(origin, EndpointOrigin | TrafficOrigin | PromotionOrigin) else None


def _words(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"

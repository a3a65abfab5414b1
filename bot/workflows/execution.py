"""An approved remediation becomes exactly one effect: claim, check again, intend, send, follow to the end.

One effect, not one attempt, is promised. A process that dies between the intent and the answer leaves an intent without
an answer; whoever takes over looks at the world before anything is sent again. A process frozen between its last check
and the send is the window that remains: its late call is written down as late.
"""

import asyncio
from datetime import datetime, timedelta

import structlog

from bot.workflows.adoption import Adopt, Adoption, SendAgain, Unclear, WaitAndLookAgain, look_before_sending_again
from bot.workflows.engine import Engine
from bot.workflows.facts import decide_again
from bot.workflows.following import Done, Failed, Following, Running, follow
from bot.workflows.investigation import model_of, origin_of
from bot.workflows.ports import Deps
from incidents.audit import verify
from incidents.catalogue import ModelSpec
from incidents.execution import ExecutionState
from incidents.origin import EndpointOrigin
from incidents.policy import Allow, Forbid, RequireApproval
from incidents.proposal import Proposal, digest_of
from incidents.remediation import RollbackEndpoint
from incidents.spec import spec_of
from tools.errors import Busy, Throttled, Unavailable, UpstreamError
from tools.incident_store.tables import ExecutionRecord

log = structlog.get_logger(__name__)

EXECUTE = "execute_v1"

DECIDED = frozenset({"approved", "allowed"})
"""Timeline entries that let a proposal run; each names its digest."""


def register(engine: Engine, deps: Deps) -> None:
    """Register the workflow."""

    @engine.step("execute_v1.advance")
    async def advance(id: str) -> None:
        await _advance(deps, id)
        deps.wake_outbox()
        deps.wake_dispatcher()

    @engine.workflow(EXECUTE)
    async def execute(id: str) -> None:
        await advance(id)


async def _advance(deps: Deps, id: str) -> None:
    """One step of an execution, whichever is next; harmless when it is somebody else's."""
    fence = await asyncio.to_thread(deps.writer.executions.claim, id, deps.owner, deps.clock(), deps.pace.lease)
    if fence is None:
        return
    record = await asyncio.to_thread(deps.reader.execution_record, id)
    with structlog.contextvars.bound_contextvars(incident=record.incident_id, execution=id, fence=fence):
        held = _Held(deps, record, fence)
        try:
            await held.advance()
        except UpstreamError as error:
            log.warning("execution.partner_failed", error=str(error))
            await held.wait(f"waiting: {error.service} does not answer", deps.pace.poll)


class _Held:
    """An execution that this process holds, under `fence`."""

    def __init__(self, deps: Deps, record: ExecutionRecord, fence: int) -> None:
        self.deps, self.record, self.fence = deps, record, fence

    async def advance(self) -> None:
        view = await asyncio.to_thread(self.deps.reader.proposal, self.record.proposal_id)
        incident = await asyncio.to_thread(self.deps.reader.incident, self.record.incident_id)
        model = model_of(self.deps, incident)
        if model is None:
            await self.finish(ExecutionState.STALE, "The model is no longer in the catalogue; nothing was sent.")
        elif self.record.sent_at is not None:
            await self.follow(view.proposal, model)
        elif self.record.intent_at is not None:
            await self.after_unanswered_intent(view.proposal, model)
        else:
            await self.check_and_send(view.proposal, model)

    async def check_and_send(self, proposal: Proposal, model: ModelSpec) -> None:
        """The last look before the call."""
        problem = await self.integrity_problem(proposal)
        if problem:
            await self.finish(ExecutionState.FAILED, problem)
            return
        stricter = await self.policy_problem(proposal, model)
        if stricter:
            await self.finish(ExecutionState.STALE, stricter)
            return
        origin = await origin_of(self.deps, model, proposal.remediation)
        if isinstance(proposal.remediation, RollbackEndpoint) and isinstance(origin, EndpointOrigin):
            if origin.config_name == proposal.remediation.to_config:
                await self.adopt(
                    f"{proposal.remediation.endpoint} is on {origin.config_name} already; nothing was sent."
                )
                return
            statuses = spec_of(proposal.remediation).origin_statuses
            if origin.status not in statuses and origin.config_name == proposal.origin.identity.get("config_name"):
                await self.wait(f"waiting: the endpoint is {origin.status}", self.deps.pace.poll)
                return
        if origin.identity != proposal.origin.identity:
            await self.finish(
                ExecutionState.STALE, "Not run: the world is no longer as it was when this was approved. Ask again."
            )
            return
        await self.send(proposal, model)

    async def policy_problem(self, proposal: Proposal, model: ModelSpec) -> str | None:
        """Why the policy, asked again, does not let it run."""
        ruling = await asyncio.to_thread(
            decide_again,
            self.deps.policy,
            self.deps.reader,
            self.deps.writer,
            proposal=proposal,
            model=model,
            now=self.deps.clock(),
            speed=self.deps.pace.speed,
            besides=self.record.id,
        )
        match ruling.decision.effect:
            case Forbid(because=because):
                return f"Not run: the policy says no now ({because})."
            case RequireApproval(count=count):
                approval = (await asyncio.to_thread(self.deps.reader.proposal, proposal.id)).approval
                return f"Not run: the policy asks for {count} approvals now." if len(approval.votes) < count else None
            case Allow():
                return None

    async def integrity_problem(self, proposal: Proposal) -> str | None:
        """Why nothing of this incident may run at all."""
        made = spec_of(proposal.remediation).requests(proposal.origin, proposal.execution_id)
        same = digest_of(made, proposal.origin.identity) == proposal.digest and made == proposal.requests
        if not same or self.record.id != proposal.execution_id:
            return "Not run: what would be sent is not what was approved."
        chain = await asyncio.to_thread(self.deps.reader.chain, self.record.incident_id)
        broken = verify(chain).broken
        if broken is not None:
            return f"Not run: the incident's timeline is damaged at entry {broken.number}: {broken.why}."
        decided = {"proposal": proposal.id, "digest": proposal.digest}
        if not any(e.kind in DECIDED and decided.items() <= e.details.items() for e in chain.whole):
            return "Not run: the timeline does not show that this was approved."
        return None

    async def send(self, proposal: Proposal, model: ModelSpec) -> None:
        """Intent, call, answer."""
        for request in proposal.requests:
            if not await asyncio.to_thread(
                self.deps.writer.executions.intend, self.record.id, self.fence, self.deps.clock()
            ):
                log.warning("execution.lease_lost")
                return
            try:
                answer = await self.deps.operator.send(
                    request, role_arn=spec_of(proposal.remediation).role_arn(model), execution_id=self.record.id
                )
            except (Throttled, Busy) as error:
                text = f"waiting: {error.service} is busy, trying again"
                if self.record.intent_at is None:
                    await self.withdraw(text)
                else:
                    # An earlier call had no answer, and this refusal says nothing about that one.
                    await self.wait(text, self.deps.pace.poll)
                return
            except Unavailable:
                await self.wait(
                    "no answer came; looking at what happened before anything is sent again", self.deps.pace.adopt_again
                )
                return
            except UpstreamError as error:
                await self.finish(
                    ExecutionState.FAILED, f"{error.service} refused {request.operation}.", error=error.detail
                )
                return
            now = self.deps.clock()
            await asyncio.to_thread(
                self.deps.writer.executions.sent,
                self.record.id,
                self.fence,
                result=answer,
                progress=f"{request.operation} sent",
                text=f"{request.operation} sent",
                details={"request": request.model_dump(mode="json"), "answer": answer},
                now=now,
                next_step_at=now + self.deps.pace.poll,
            )

    async def after_unanswered_intent(self, proposal: Proposal, model: ModelSpec) -> None:
        """Somebody meant to send and no answer was written down: look before anything is sent again."""
        found: Adoption = await look_before_sending_again(self.deps, proposal, self.record)
        match found:
            case Adopt(text):
                await self.adopt(text)
            case SendAgain():
                stop = await self.integrity_problem(proposal) or await self.policy_problem(proposal, model)
                if stop:
                    await self.finish(ExecutionState.NEEDS_VERIFICATION, f"A call had no answer. {stop}")
                else:
                    await self.send(proposal, model)
            case WaitAndLookAgain(result):
                await self.wait(
                    "looking twice at the endpoint before anything is sent again", self.deps.pace.adopt_again, result
                )
            case Unclear(text):
                await self.finish(ExecutionState.NEEDS_VERIFICATION, text)

    async def adopt(self, text: str) -> None:
        """The effect is there: take it as ours and follow it."""
        now = self.deps.clock()
        await asyncio.to_thread(
            self.deps.writer.executions.sent,
            self.record.id,
            self.fence,
            result={},
            progress=text,
            text=text,
            details={"adopted": True},
            now=now,
            next_step_at=now,
        )

    async def follow(self, proposal: Proposal, model: ModelSpec) -> None:
        """Is it done?"""
        found: Following = await follow(self.deps, proposal, model, self.record)
        match found:
            case Running(text, result):
                if self.overdue(self.deps.clock(), proposal):
                    await self.finish(
                        ExecutionState.NEEDS_VERIFICATION, f"Still not done: {text}. Somebody has to look."
                    )
                else:
                    await self.wait(text, self.deps.pace.poll, result)
            case Done(text, result):
                await self.finish(ExecutionState.SUCCEEDED, text, result=result)
            case Failed(text, detail):
                await self.finish(ExecutionState.FAILED, text, error=detail)

    def overdue(self, now: datetime, proposal: Proposal) -> bool:
        """Has it taken longer than the limit, or four times its estimate where that is longer?"""
        expected = timedelta(minutes=4 * proposal.estimate.minutes / self.deps.pace.speed)
        return self.record.sent_at is not None and now - self.record.sent_at > max(
            self.deps.pace.update_limit, expected
        )

    async def wait(self, text: str, pause: timedelta, result: dict[str, str] | None = None) -> None:
        """Give the lease back until the next look."""
        now = self.deps.clock()
        await asyncio.to_thread(
            self.deps.writer.executions.progress,
            self.record.id,
            self.fence,
            text,
            result or {},
            now=now,
            next_step_at=now + pause,
        )

    async def withdraw(self, text: str) -> None:
        """It was refused before it took effect: begin again with every check at the next look."""
        now = self.deps.clock()
        await asyncio.to_thread(
            self.deps.writer.executions.withdraw,
            self.record.id,
            self.fence,
            text,
            now=now,
            next_step_at=now + self.deps.pace.poll,
        )

    async def finish(
        self, state: ExecutionState, text: str, *, error: str = "", result: dict[str, str] | None = None
    ) -> None:
        """The end; success hands over to the verification."""
        now = self.deps.clock()
        await asyncio.to_thread(
            self.deps.writer.executions.finish,
            self.record.id,
            self.fence,
            state,
            text=text,
            error=error,
            result=result,
            now=now,
            verify_until=now + self.deps.pace.verification_limit,
        )
        log.info("execution.finished", state=state.value)

"""An approved remediation becomes exactly one effect: claim, check again, intend, send, follow to the end.

A remediation is a sequence of requests; `ExecutionRecord.step` is the index of the next. Before each: pause, policy,
lease and fence; before the first also what was approved, and the world it was approved on.

One effect, not one attempt, is promised. A process that dies between an intent and its answer leaves an intent without
an answer; whoever takes over looks at the world before anything is sent again. A process frozen between its last check
and the send is the window that remains: its late call is written down as late.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from bot.workflows.adoption import Adopt, Adoption, SendAgain, Unclear, WaitAndLookAgain, look_before_sending_again
from bot.workflows.checks import Go, Halt, Over, Verdict, Wait, before_a_later_call, before_the_first_call, signed
from bot.workflows.engine import Engine
from bot.workflows.following import Done, Failed, Following, Running, follow
from bot.workflows.halfway import counted, left_behind
from bot.workflows.planning import model_of
from bot.workflows.ports import Deps
from bot.workflows.refusal import refusal
from incidents.catalogue import ModelSpec
from incidents.effect import ApiRequest
from incidents.execution import ExecutionState
from incidents.incident import Incident
from incidents.ledger import ProposalView
from incidents.proposal import Proposal
from incidents.spec import spec_of
from tools.errors import AlreadyExists, Busy, NotFound, Throttled, Unavailable, UpstreamError
from tools.incident_store.tables import ExecutionRecord

log = structlog.get_logger(__name__)

EXECUTE = "execute_v1"


def register(engine: Engine, deps: Deps) -> None:
    """Register the workflow."""

    @engine.step("execute_v1.advance")
    async def advance(id: str) -> None:
        await advance_once(deps, id)
        deps.wake_outbox()
        deps.wake_dispatcher()

    @engine.workflow(EXECUTE)
    async def execute(id: str) -> None:
        await advance(id)


async def advance_once(deps: Deps, id: str) -> None:
    """One step of an execution, whichever is next; harmless when it is somebody else's."""
    now = deps.clock()
    fence = await asyncio.to_thread(deps.writer.executions.claim, id, deps.owner, now, deps.pace.lease)
    if fence is None:
        return
    record = await asyncio.to_thread(deps.reader.execution_record, id)
    if record.taken_over_at == now:
        deps.metrics.failovers.labels("execution").inc()
    with structlog.contextvars.bound_contextvars(incident=record.incident_id, execution=id, fence=fence):
        view = await asyncio.to_thread(deps.reader.proposal, record.proposal_id)
        incident = await asyncio.to_thread(deps.reader.incident, record.incident_id)
        held = _Held(deps, record, fence, view, incident)
        try:
            await held.advance()
        except Unavailable as error:
            log.warning("execution.partner_failed", error=str(error))
            await held.wait(f"waiting: {error.service} does not answer", deps.pace.poll)
        except UpstreamError as error:
            log.warning("execution.partner_failed", error=str(error))
            await held.wait(f"waiting: {error.service} could not be read", deps.pace.poll)


class _Held:
    """An execution that this process holds, under `fence`."""

    def __init__(self, deps: Deps, record: ExecutionRecord, fence: int, view: ProposalView, incident: Incident) -> None:
        self.deps, self.record, self.fence = deps, record, fence
        self.view, self.proposal, self.incident = view, view.proposal, incident

    async def advance(self) -> None:
        model = model_of(self.deps, self.incident)
        if model is None:
            await self.stop("The model is no longer in the catalogue")
        elif self.record.step >= len(self.proposal.requests):
            await self.follow(model)
        elif self.record.intent_at is not None:
            await self.after_unanswered_intent(model)
        else:
            await self.send_on(model)

    async def send_on(self, model: ModelSpec) -> None:
        """One request after the other, each after its checks, until one has to wait or all are sent."""
        while self.record.step < len(self.proposal.requests):
            if self.record.step == 0:
                verdict = await before_the_first_call(self.deps, self.view, self.record, self.incident, model)
            else:
                verdict = await before_a_later_call(self.deps, self.view, self.record, self.incident, model)
            if not await self.heeded(verdict) or not await self.send(model):
                return
            await self.look_anew()

    async def look_anew(self) -> None:
        """The rows as they are after a call: people may have ended the incident while it was under way."""
        self.record = await asyncio.to_thread(self.deps.reader.execution_record, self.record.id)
        self.incident = await asyncio.to_thread(self.deps.reader.incident, self.record.incident_id)

    async def heeded(self, verdict: Verdict) -> bool:
        """May the next request be sent? If not, what the checks found is done instead."""
        match verdict:
            case Go():
                return True
            case Wait(text):
                await self.wait(text, self.deps.pace.poll)
            case Halt(text, by):
                now = self.deps.clock()
                await asyncio.to_thread(
                    self.deps.writer.executions.halt,
                    self.record.id,
                    self.fence,
                    text,
                    by=by,
                    now=now,
                    next_step_at=now + self.deps.pace.poll,
                )
            case Over(state, text, already):
                if already:
                    await self.adopt(text)
                else:
                    await self.finish(state, text)
        return False

    async def send(self, model: ModelSpec) -> bool:
        """Intent, call, answer. True when the next request may follow at once."""
        step = self.record.step
        request = self.proposal.requests[step]
        if not await asyncio.to_thread(
            self.deps.writer.executions.intend, self.record.id, self.fence, step, self.deps.clock()
        ):
            log.warning("execution.lease_lost")
            return False
        try:
            answer = await self.deps.operators.send(
                request,
                role_arn=spec_of(self.proposal.remediation).role_arn(model),
                execution_id=self.record.id,
                incident_id=self.incident.id,
            )
        except UpstreamError as error:
            if not await self.came_late(request, error):
                await self.not_sent(request, error)
            return False
        return await self.answered(request, answer)

    async def came_late(self, request: ApiRequest, error: UpstreamError) -> bool:
        """Was the execution taken over while the call was on its way? Then that is written down, and nothing else."""
        now = self.deps.clock()
        return await asyncio.to_thread(
            self.deps.writer.late_calls.unanswered,
            self.record.id,
            self.fence,
            self.record.step,
            operation=request.operation,
            error=error.detail,
            refused=isinstance(error, Throttled) or not isinstance(error, Unavailable),
            details={"request": request.model_dump(mode="json")},
            now=now,
            verify_until=now + self.deps.pace.verification_limit,
        )

    async def not_sent(self, request: ApiRequest, error: UpstreamError) -> None:
        """The call was refused, or had no answer."""
        if isinstance(error, Throttled | Busy):
            await self.not_now(error, request)
        elif isinstance(error, Unavailable):
            await self.wait(
                "no answer came; looking at what happened before anything is sent again", self.deps.pace.adopt_again
            )
        elif isinstance(error, AlreadyExists):
            # The name is the execution's own: an earlier attempt may have taken it. What stands there is compared.
            await self.wait(f"{request.operation}: the name is taken, looking by whom", self.deps.pace.poll)
        else:
            await self.finish(
                ExecutionState.FAILED,
                self.with_left_behind(refusal(error, request)),
                error=error.detail,
            )

    async def not_now(self, error: Throttled | Busy, request: ApiRequest) -> None:
        """It is too early for the call: try again, but not on an approval that is long past."""
        if self.record.intent_at is not None:
            # An earlier call had no answer, and this refusal says nothing about that one.
            await self.wait(f"waiting: {error.service} is busy, trying again", self.deps.pace.poll)
            return
        await self.withdraw(f"waiting: {error.service} is busy, trying again", error.detail)
        if self.deps.clock() - self.record.created_at > self.deps.pace.update_limit:
            too_late = f"{error.service} is too busy for {request.operation}, and this was approved too long ago"
            await self.stop(f"Not tried again: {too_late}")

    async def answered(self, request: ApiRequest, answer: dict[str, str]) -> bool:
        """Write the answer down; after the last request the execution is given back until it is followed.

        False when it came late: another holds the execution by now, or it has ended.
        """
        step, count = self.record.step, len(self.proposal.requests)
        last = step + 1 == count
        now = self.deps.clock()
        done = f"{request.operation} sent" if count == 1 else f"{step + 1} of {count} calls sent"
        return await asyncio.to_thread(
            self.deps.writer.executions.sent,
            self.record.id,
            self.fence,
            step,
            result=answer,
            progress=f"{done}: {counted(self.proposal, step + 1)}" if count > 1 else done,
            text=f"{request.operation} sent",
            details={"request": request.model_dump(mode="json"), "answer": answer, "of": count},
            now=now,
            next_step_at=now + self.deps.pace.poll if last else now,
            lease=None if last else self.deps.pace.lease,
            verify_until=now + self.deps.pace.verification_limit,
        )

    async def after_unanswered_intent(self, model: ModelSpec) -> None:
        """Somebody meant to send and no answer was written down: look before anything is sent again."""
        found: Adoption = await look_before_sending_again(self.deps, self.proposal, self.record)
        match found:
            case Adopt(text):
                await self.adopt(text)
            case SendAgain():
                stop = await signed(self.deps, self.view, self.record, self.incident, model)
                if stop:
                    await self.finish(
                        ExecutionState.NEEDS_VERIFICATION, self.with_left_behind(f"A call had no answer. {stop}")
                    )
                elif await self.send(model):
                    await self.look_anew()
                    await self.send_on(model)
            case WaitAndLookAgain(result):
                await self.wait(
                    "looking twice at the endpoint before anything is sent again", self.deps.pace.adopt_again, result
                )
            case Unclear(text):
                await self.finish(ExecutionState.NEEDS_VERIFICATION, self.with_left_behind(text))

    async def adopt(self, text: str) -> None:
        """The effect of the next request is there: take it as ours and go on."""
        now = self.deps.clock()
        request = self.proposal.requests[self.record.step]
        await asyncio.to_thread(
            self.deps.writer.executions.sent,
            self.record.id,
            self.fence,
            self.record.step,
            result={},
            progress=text,
            text=text,
            details={"adopted": True, "request": request.model_dump(mode="json"), "of": len(self.proposal.requests)},
            now=now,
            next_step_at=now,
        )

    async def follow(self, model: ModelSpec) -> None:
        """Is it done?"""
        try:
            found: Following = await follow(self.deps, self.proposal, model, self.record)
        except NotFound as error:
            found = Failed(f"{error.service} no longer has what was changed.", error.detail)
        match found:
            case Running(text, result, stages):
                if self.overdue(self.deps.clock(), self.proposal):
                    await self.finish(
                        ExecutionState.NEEDS_VERIFICATION,
                        f"Still not done: {text}. Somebody has to look.",
                        stages=stages,
                    )
                else:
                    await self.wait(await self.with_pause(text, model), self.deps.pace.poll, result, stages)
            case Done(text, result, stages):
                await self.finish(ExecutionState.SUCCEEDED, text, result=result, stages=stages)
            case Failed(text, detail, stages):
                await self.finish(ExecutionState.FAILED, text, error=detail, stages=stages)

    async def with_pause(self, text: str, model: ModelSpec) -> str:
        """A pause stops what is not sent yet; what SageMaker does by itself by now goes on, and people must know."""
        pause = await asyncio.to_thread(self.deps.reader.paused, model.name)
        if pause is None:
            return text
        return f"{text}. Paused by {pause.by}: the call was sent before, so SageMaker goes on with it by itself"

    def overdue(self, now: datetime, proposal: Proposal) -> bool:
        """Has it taken longer than the limit, or four times its estimate where that is longer?"""
        expected = timedelta(minutes=4 * proposal.estimate.minutes / self.deps.pace.speed)
        return self.record.sent_at is not None and now - self.record.sent_at > max(
            self.deps.pace.update_limit, expected
        )

    def with_left_behind(self, text: str) -> str:
        """`text`, and what the calls before it have left in the world."""
        return f"{text} {left_behind(self.proposal, self.record.step)}".rstrip()

    async def wait(
        self, text: str, pause: timedelta, result: dict[str, str] | None = None, stages: Sequence[str] = ()
    ) -> None:
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
            stages=stages,
        )

    async def withdraw(self, text: str, detail: str) -> None:
        """It was refused before it took effect: begin again with every check at the next look."""
        now = self.deps.clock()
        await asyncio.to_thread(
            self.deps.writer.executions.withdraw,
            self.record.id,
            self.fence,
            text,
            error=detail,
            now=now,
            next_step_at=now + self.deps.pace.poll,
        )

    async def stop(self, why: str) -> None:
        """It may not go on: stale where nothing was sent, else a person has to look at what was."""
        state = _ended_by_a_stop(self.record)
        text = f"{why}; nothing was sent." if state is ExecutionState.STALE else self.with_left_behind(f"{why}.")
        await self.finish(state, text)

    async def finish(
        self,
        state: ExecutionState,
        text: str,
        *,
        error: str = "",
        result: dict[str, str] | None = None,
        stages: Sequence[str] = (),
    ) -> None:
        """The end; success hands over to the verification."""
        now = self.deps.clock()
        ended = await asyncio.to_thread(
            self.deps.writer.executions.finish,
            self.record.id,
            self.fence,
            state,
            text=text,
            error=error,
            result=result,
            now=now,
            verify_until=now + self.deps.pace.verification_limit,
            stages=stages,
        )
        if ended:
            self.deps.metrics.executions.labels(self.record.kind, state.value).inc()
        log.info("execution.finished", state=state.value)


def _ended_by_a_stop(record: ExecutionRecord) -> ExecutionState:
    untouched = record.step == 0 and record.intent_at is None
    return ExecutionState.STALE if untouched else ExecutionState.NEEDS_VERIFICATION

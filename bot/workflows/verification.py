"""Has the world provably recovered? The alert's own expression, at every sample of a window, decides.

What changed an endpoint must also still stand as it was left, all through the window. What the end leads to is proposed
in the same transaction: the promotion of a candidate, the plan's next step, or the undo.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import assert_never

import structlog

from bot.workflows.endpoint_watch import Lost, Moves, Stands, standing
from bot.workflows.engine import Engine
from bot.workflows.followup import Context, FollowUp, if_gate_fails, next_step, promotion, undo
from bot.workflows.gate import compare_candidate
from bot.workflows.planning import model_of
from bot.workflows.ports import Deps
from bot.workflows.signals import Reading, fired_again, read_signals, words_of
from incidents.comparison import Comparison
from incidents.ledger import VerificationView
from incidents.origin import DataOrigin
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
from incidents.specs.quarantine_data import TAG
from incidents.verification import Outcome, SignalCheck
from tools.errors import UpstreamError
from tools.incident_store.writer.verifications import Ending

log = structlog.get_logger(__name__)

VERIFY = "verify_v1"
PLACED_WITHIN = timedelta(minutes=2)
"""After the deadline; a storm's alerts are placed at the pace of the machine, which does not scale with the world."""


def register(engine: Engine, deps: Deps) -> None:
    """Register the workflow."""

    @engine.step("verify_v1.look")
    async def look(execution_id: str) -> None:
        await look_once(deps, execution_id)
        deps.wake_outbox()
        deps.wake_dispatcher()

    @engine.workflow(VERIFY)
    async def verify(execution_id: str) -> None:
        await look(execution_id)


async def look_once(deps: Deps, execution_id: str) -> None:
    """One look at a verification; harmless once it has ended."""
    record = await asyncio.to_thread(deps.reader.execution_record, execution_id)
    proposal = (await asyncio.to_thread(deps.reader.proposal, record.proposal_id)).proposal
    incident = await asyncio.to_thread(deps.reader.incident, record.incident_id)
    watch = await asyncio.to_thread(deps.reader.verification, execution_id)
    model = model_of(deps, incident)
    with structlog.contextvars.bound_contextvars(incident=incident.id, execution=execution_id):
        if model is None:
            text = "The model is no longer in the catalogue."
            await asyncio.to_thread(
                deps.writer.verifications.finish, execution_id, "inconclusive", (), text, deps.clock()
            )
            return
        watched = _Watch(Context(deps, incident, model, proposal), watch)
        match proposal.remediation:
            case StartRetraining():
                await watched.candidate(record.result.get("candidate", ""))
            case QuarantineData():
                await watched.marks(proposal.remediation)
            case RollbackEndpoint() | ShiftTraffic() | PromoteModel():
                await watched.endpoint(proposal.remediation)
            case RerunDataPipeline():
                await watched.signals()
            case OpenIssue() | NotifyOwners():
                await watched.finish("inconclusive", (), "There is nothing to verify.")
            case _:
                assert_never(proposal.remediation)


class _Watch:
    """One look at what a change has led to."""

    def __init__(self, of: Context, view: VerificationView) -> None:
        self.of, self.deps, self.view = of, of.deps, view

    async def candidate(self, arn: str) -> None:
        """A retrained model against the live one."""
        try:
            comparison = await compare_candidate(self.deps, self.of.model, arn)
        except UpstreamError as error:
            await self.wait_or_give_up((), f"the candidate's evaluation cannot be read ({error.service})")
            return
        untouched = f"{comparison.words} It is registered and not deployed."
        if comparison.passed:
            follow = await promotion(self.of, arn, comparison)
            said = "Promoting it is a decision of its own." if follow.proposal else follow.why_not
            await self.finish("candidate_ready", (), f"{untouched} {said}", follow, comparison)
            return
        otherwise = await if_gate_fails(self.of)
        said = "" if otherwise is None else otherwise.why_not or "The plan has a step for this case."
        await self.finish("candidate_refused", (), f"{untouched} {said}".rstrip(), otherwise, comparison)

    async def marks(self, remediation: QuarantineData) -> None:
        """Every object of the window carries the tag, or no longer carries it, and its content is the same."""
        origin = self.of.proposal.origin
        objects = origin.objects if isinstance(origin, DataOrigin) else ()
        try:
            found = await self.deps.datasets.window(
                remediation.bucket, remediation.prefix, remediation.window_start, remediation.window_end
            )
        except UpstreamError as error:
            await self.wait_or_give_up((), f"the tags cannot be read ({error.service})")
            return
        now = {one.key: one for one in found}
        wanted = self.of.proposal.execution_id if remediation.mode == "quarantine" else None
        same = [one.key for one in objects if one.key in now and now[one.key].etag == one.etag]
        right = [key for key in same if now[key].tags.get(TAG) == wanted]
        count, kept = len(objects), "with its content unchanged"
        if len(right) < count:
            text = f"Only {len(right)} of {count} objects are marked as asked {kept}."
            await self.failed((), text)
            return
        verb = "carries the tag" if wanted else "no longer carries the tag"
        text = f"Every one of {count} objects {verb}, {kept}."
        if since := len(found) - count:
            text += f" Not touched: {since} that came into the window since it was approved."
        step = await next_step(self.of)
        said = "Nothing follows by itself." if step is None else step.why_not or "The next step of the plan follows."
        await self.finish("step_done", (), f"{text} {said}", step)

    async def endpoint(self, remediation: RollbackEndpoint | ShiftTraffic | PromoteModel) -> None:
        """The endpoint stands as it was left, and its signals recover."""
        try:
            found = await standing(self.deps, self.of.proposal, remediation)
        except UpstreamError as error:
            await self.wait_or_give_up((), f"the endpoint cannot be read ({error.service})")
            return
        match found:
            case Stands():
                await self.signals(promoted=isinstance(remediation, PromoteModel))
            case Moves(text):
                await self.wait_or_give_up((), text)
            case Lost(text, by_others):
                if by_others:
                    await self.finish("overtaken", (), text)
                else:
                    await self.failed((), text)

    async def signals(self, *, promoted: bool = False) -> None:
        """Every signal of the incident is well over its whole window, and nothing fires again."""
        now, began = self.deps.clock(), self.view.began_at
        try:
            again = fired_again(self.deps, await self.deps.rules(), self.of.incident.alerts, began)
            reading = await read_signals(
                self.deps,
                self.of.model,
                self.of.incident.alerts,
                now,
                proxies=promoted,
                at_least=self.deps.pace.health_check if promoted else timedelta(0),
            )
        except UpstreamError as error:
            await self.wait_or_give_up((), f"the signals cannot be read ({error.service})")
            return
        said = "; ".join(reading.notes)
        if again is not None:
            text = f"{again.name} fired again after the change had ended"
            await self.finish("refired", reading.checks, f"{text}.", await undo(self.of, text))
        elif not reading.checks:
            await self.finish("inconclusive", (), said or "No alert expression could be watched.")
        elif now - began < reading.window:
            remaining = words_of(reading.window - (now - began))
            await self.wait(reading.checks, "; ".join([f"watching for another {remaining}", *reading.notes]))
        elif reading.recovered and await self._more_came():
            await self.wait(reading.checks, "alerts that came are put in their place first")
        elif reading.recovered:
            text = f"Every watched signal stayed inside its threshold for {words_of(reading.window)}"
            await self.finish("recovered", reading.checks, f"{'. '.join([text, *reading.notes])}.")
        else:
            await self.wait_or_give_up(reading.checks, _worst(reading))

    async def _more_came(self) -> bool:
        """Do alerts wait that belong to this incident? Once it is over they would open another one.

        In a storm they may wait for a while, but not for ever: something else must be wrong then.
        """
        if self.deps.clock() >= self.view.deadline + PLACED_WITHIN:
            return False
        return await asyncio.to_thread(self.deps.writer.grouping.waits_for_place, self.of.incident.key)

    async def failed(self, checks: Sequence[SignalCheck], text: str) -> None:
        """It did not help: the undo is proposed."""
        follow = await undo(self.of, text)
        said = f"{text} {follow.why_not}".rstrip()
        await self.finish("failed", checks, said, follow)

    async def wait_or_give_up(self, checks: Sequence[SignalCheck], why: str) -> None:
        """Look again, until the deadline."""
        if self.deps.clock() < self.view.deadline:
            await self.wait(checks, f"not recovered yet: {why}")
        elif any(check.outcome is Outcome.STILL_BREACHED for check in checks):
            await self.failed(checks, f"The world did not recover in time: {why}.")
        else:
            await self.finish("inconclusive", checks, f"It could not be shown that the world recovered: {why}.")

    async def wait(self, checks: Sequence[SignalCheck], note: str) -> None:
        """Show how it stands."""
        now = self.deps.clock()
        await asyncio.to_thread(
            self.deps.writer.verifications.note,
            self.view.execution_id,
            checks,
            note,
            now=now,
            next_step_at=now + self.deps.pace.poll,
        )

    async def finish(
        self,
        ending: Ending,
        checks: Sequence[SignalCheck],
        text: str,
        follow: FollowUp | None = None,
        comparison: Comparison | None = None,
    ) -> None:
        """End it, with what follows from it."""
        await asyncio.to_thread(
            self.deps.writer.verifications.finish,
            self.view.execution_id,
            ending,
            checks,
            text,
            self.deps.clock(),
            proposals=follow.added if follow else (),
            comparison=comparison,
            look_again=self.deps.new_id() if ending == "refired" else None,
        )
        log.info("verification.finished", ending=ending)


def _worst(reading: Reading) -> str:
    worst = next(check for check in reading.checks if check.outcome is not Outcome.RECOVERED)
    return f"{worst.threshold.alert}: {worst.why}"

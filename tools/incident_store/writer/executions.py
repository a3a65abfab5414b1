"""The rows of executions: a lease and a fence lead each from queued to exactly one final state."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, update
from sqlmodel import Session, col, select

from incidents.execution import FINAL_EXECUTION_STATES, ExecutionState
from incidents.incident import IncidentState
from incidents.message import MessageKind
from incidents.proposal import Proposal
from incidents.spec import SIDES
from tools.incident_store.database import Database
from tools.incident_store.tables import ExecutionRecord, IncidentRecord, TimelineRecord, VerificationRecord
from tools.incident_store.writer.late_calls import tell_late
from tools.incident_store.writer.looking_again import look_again
from tools.incident_store.writer.messages import want
from tools.incident_store.writer.states import clear, fires, move
from tools.incident_store.writer.timeline import append, locked_incident


def in_flight(session: Session, on: str) -> ExecutionRecord | None:
    """The execution under way on a target, if there is one."""
    return session.exec(
        select(ExecutionRecord).where(
            col(ExecutionRecord.target) == on,
            col(ExecutionRecord.state).in_([ExecutionState.QUEUED.value, ExecutionState.EXECUTING.value]),
        )
    ).one_or_none()


def queue_execution(
    session: Session, incident: IncidentRecord, proposal: Proposal, *, actor: str, now: datetime
) -> None:
    """Create the execution of a decided proposal, in the transaction of the decision.

    A side remediation leaves the incident where it stands, and is told once it has ended.
    """
    session.add(
        ExecutionRecord(
            id=proposal.execution_id,
            proposal_id=proposal.id,
            incident_id=incident.id,
            model=incident.model,
            kind=proposal.remediation.kind,
            target=proposal.target,
            automatic=actor == "policy",
            cost_usd=proposal.estimate.cost_usd or 0.0,
            state=ExecutionState.QUEUED.value,
            created_at=now,
            next_step_at=now,
            progress="waiting to start",
        )
    )
    session.flush()
    side = proposal.remediation.kind in SIDES
    if not side:
        move(session, incident, IncidentState.EXECUTING, now)
    append(
        session,
        incident,
        at=now,
        actor=actor,
        kind="execution_queued",
        text=f"Execution of “{proposal.title}” is queued",
        details={"execution": proposal.execution_id, "digest": proposal.digest},
    )
    if not side:
        want(session, incident, MessageKind.EXECUTION, proposal.execution_id, urgent=True)


class ExecutionWriter:
    """Each method is one transaction; those that take a fence change nothing once another holder took over."""

    def __init__(self, database: Database) -> None:
        """`database` is where the rows are."""
        self._database = database

    def due(self, now: datetime) -> list[tuple[str, str]]:
        """Executions whose next step is due and that nobody holds: id and the name of the step, the same everywhere."""
        with self._database.read() as session:
            records = session.exec(
                select(ExecutionRecord)
                .where(
                    col(ExecutionRecord.state).in_([ExecutionState.QUEUED.value, ExecutionState.EXECUTING.value]),
                    col(ExecutionRecord.next_step_at) <= now,
                    (col(ExecutionRecord.lease_until).is_(None)) | (col(ExecutionRecord.lease_until) <= now),
                )
                .order_by(col(ExecutionRecord.created_at))
                .limit(50)
            ).all()
            return [(one.id, f"{one.id}:{one.fence}") for one in records]

    def claim(self, id: str, owner: str, now: datetime, lease: timedelta) -> int | None:
        """Take the execution for `lease`; the new fence, or None when somebody else holds it or it is finished.

        A lease that ended while it was held is a takeover: told in the timeline, and `taken_over_at` is `now`.
        """
        executing = col(ExecutionRecord.state) == ExecutionState.EXECUTING.value
        over = col(ExecutionRecord.lease_until) <= now
        with self._database.write() as session:
            changed = session.exec(
                update(ExecutionRecord)
                .where(
                    col(ExecutionRecord.id) == id,
                    (col(ExecutionRecord.state) == ExecutionState.QUEUED.value)
                    | (executing & (col(ExecutionRecord.lease_until).is_(None) | over)),
                )
                .values(
                    state=ExecutionState.EXECUTING.value,
                    owner=owner,
                    lease_until=now + lease,
                    fence=col(ExecutionRecord.fence) + 1,
                    taken_over_at=case((executing & over, now), else_=col(ExecutionRecord.taken_over_at)),
                )
                .returning(
                    col(ExecutionRecord.fence), col(ExecutionRecord.incident_id), col(ExecutionRecord.taken_over_at)
                )
            ).first()
            if changed is None:
                return None
            fence, incident_id, taken_over_at = changed
            if taken_over_at == now:
                append(
                    session,
                    locked_incident(session, incident_id),
                    at=now,
                    actor="agentops",
                    kind="taken_over",
                    text="The process that made the change gave no sign of life; another goes on with it",
                    details={"execution": id, "fence": fence, "by": owner},
                )
            return int(fence)

    def intend(self, id: str, fence: int, step: int, now: datetime) -> bool:
        """Write down that request `step` is about to be sent; False when lease or fence is lost, or it was answered.

        In the timeline too: what cannot be told there is not sent.
        """
        with self._database.write() as session:
            record = self._held(session, id, fence, now)
            if record is None or record.step != step:
                return False
            record.intent_at = now
            record.started_at = record.started_at or now
            session.add(record)
            append(
                session,
                locked_incident(session, record.incident_id),
                at=now,
                actor="agentops",
                kind="call_intended",
                text=f"Call {step + 1} is about to be sent",
                details={"execution": id, "fence": fence, "call": step + 1},
            )
            return True

    def sent(
        self,
        id: str,
        fence: int,
        step: int,
        *,
        result: dict[str, str],
        progress: str,
        text: str,
        details: dict[str, Any],
        now: datetime,
        next_step_at: datetime,
        lease: timedelta | None = None,
        verify_until: datetime | None = None,
    ) -> bool:
        """Write down the answer of request `step`. Kept even when the fence was lost: the effect is a fact.

        With a `lease` the holder keeps the execution and goes on at once; otherwise anybody may at `next_step_at`.
        False when it was late: a person is called, and where the execution has ended, the world is watched anew until
        `verify_until`.
        """
        with self._database.write() as session:
            record = session.exec(select(ExecutionRecord).where(col(ExecutionRecord.id) == id).with_for_update()).one()
            incident = locked_incident(session, record.incident_id)
            late = record.fence != fence
            over = ExecutionState(record.state) in FINAL_EXECUTION_STATES
            record.result, record.sent_at = {**record.result, **result}, now
            if record.step == step:
                record.step, record.intent_at = step + 1, None
            if not over:
                record.progress = progress
            if not late and not over:
                record.next_step_at = next_step_at
                record.lease_until = None if lease is None else now + lease
            session.add(record)
            append(
                session,
                incident,
                at=now,
                actor="agentops",
                kind="call_late" if late else "call_sent",
                text=f"{text} after another holder took over: check it" if late else text,
                details={"execution": id, "fence": fence, "call": step + 1, **details},
            )
            incident.changed_at = now
            self._tell(session, incident, record)
            if late or over:
                tell_late(session, incident, record, now, verify_until)
            return not late

    def halt(self, id: str, fence: int, text: str, *, by: str, now: datetime, next_step_at: datetime) -> None:
        """A pause stands between two requests: wait, and tell it once."""
        with self._database.write() as session:
            record = self._held(session, id, fence, None)
            if record is None:
                return
            incident = locked_incident(session, record.incident_id)
            if record.progress != text:
                details = {"execution": id, "by": by, "call": record.step + 1}
                append(session, incident, at=now, actor=by, kind="execution_paused", text=text, details=details)
                incident.changed_at = now
                record.progress = text
                self._tell(session, incident, record)
            record.next_step_at, record.lease_until = next_step_at, None
            session.add(record)

    def withdraw(
        self, id: str, fence: int, progress: str, *, error: str, now: datetime, next_step_at: datetime
    ) -> None:
        """The call was refused and had no effect: there is no intent any more, and the next step checks everything.

        `error` is the partner's own reason, untrusted.
        """
        with self._database.write() as session:
            record = self._held(session, id, fence, None)
            if record is None:
                return
            incident = locked_incident(session, record.incident_id)
            news = record.progress != progress
            record.intent_at, record.progress = None, progress
            record.next_step_at, record.lease_until = next_step_at, None
            session.add(record)
            append(
                session,
                incident,
                at=now,
                actor="agentops",
                kind="call_refused",
                text=f"Call {record.step + 1} came too early and changed nothing; it is tried again",
                details={"execution": id, "fence": fence, "call": record.step + 1, "error": error},
            )
            incident.changed_at = now
            if news:
                self._tell(session, incident, record)

    def progress(
        self,
        id: str,
        fence: int,
        progress: str,
        result: dict[str, str],
        *,
        now: datetime,
        next_step_at: datetime,
        stages: Sequence[str] = (),
    ) -> None:
        """Show how far it is and give the lease back until the next step.

        `stages` are what SageMaker itself has done so far, in order: each is told in the timeline once.
        """
        with self._database.write() as session:
            record = self._held(session, id, fence, None)
            if record is None:
                return
            incident = locked_incident(session, record.incident_id)
            changed = record.progress != progress or any(record.result.get(k) != v for k, v in result.items())
            record.progress, record.result = progress, {**record.result, **result}
            record.next_step_at, record.lease_until = next_step_at, None
            session.add(record)
            incident.changed_at = now
            _tell_stages(session, incident, id, stages, now)
            if changed:
                self._tell(session, incident, record)

    def finish(
        self,
        id: str,
        fence: int,
        state: ExecutionState,
        *,
        text: str,
        error: str = "",
        result: dict[str, str] | None = None,
        now: datetime,
        verify_until: datetime | None = None,
        stages: Sequence[str] = (),
    ) -> bool:
        """End it. `succeeded` starts the verification, to be decided by `verify_until`; all else calls a person.

        A side remediation only ends; and an incident that people ended meanwhile stays ended. Where the policy had
        allowed what is stale now and alerts still fire, a new look begins, once an incident: people decide on what it
        proposes.
        """
        if state not in FINAL_EXECUTION_STATES:
            raise ValueError(f"{state.value} is not a final state")
        with self._database.write() as session:
            record = self._held(session, id, fence, None)
            if record is None:
                return False
            incident = locked_incident(session, record.incident_id)
            record.state, record.error, record.progress = state.value, error, text
            record.result = {**record.result, **(result or {})}
            record.finished_at, record.lease_until, record.next_step_at = now, None, None
            session.add(record)
            _tell_stages(session, incident, id, stages, now)
            kind = "executed" if state is ExecutionState.SUCCEEDED else f"execution_{state.value}"
            append(
                session,
                incident,
                at=now,
                actor="agentops",
                kind=kind,
                text=text,
                details={"execution": id, "error": error},
            )
            incident.changed_at = now
            self._tell(session, incident, record)
            if record.kind in SIDES:
                return True
            runs = IncidentState(incident.state) is IncidentState.EXECUTING
            if state is ExecutionState.SUCCEEDED and verify_until is not None and runs:
                session.add(
                    VerificationRecord(
                        execution_id=id,
                        incident_id=incident.id,
                        state="watching",
                        began_at=now,
                        deadline=verify_until,
                        next_step_at=now,
                    )
                )
                move(session, incident, IncidentState.VERIFYING, now)
                want(session, incident, MessageKind.VERIFICATION, id)
            elif runs:
                move(session, incident, IncidentState.ESCALATED, now)
                want(session, incident, MessageKind.ESCALATION, id, urgent=True)
                if not fires(session, incident.id):
                    clear(session, incident, now)
                elif state is ExecutionState.STALE and record.automatic:
                    look_again(session, incident, record, now)
            elif state is not ExecutionState.SUCCEEDED and record.sent_at is not None:
                want(session, incident, MessageKind.ESCALATION, id, urgent=True)
            return True

    def _tell(self, session: Session, incident: IncidentRecord, record: ExecutionRecord) -> None:
        """Show how it stands. A side remediation shows once it has ended, and a call of the owners is its own word."""
        ended = ExecutionState(record.state) in FINAL_EXECUTION_STATES
        silent = record.kind == "NotifyOwners" and record.state == ExecutionState.SUCCEEDED.value
        if record.kind in SIDES and (not ended or silent):
            return
        want(session, incident, MessageKind.EXECUTION, record.id)

    def _held(self, session: Session, id: str, fence: int, now: datetime | None) -> ExecutionRecord | None:
        record = session.exec(
            select(ExecutionRecord).where(col(ExecutionRecord.id) == id).with_for_update()
        ).one_or_none()
        if record is None or record.fence != fence or record.state != ExecutionState.EXECUTING.value:
            return None
        if now is not None and (record.lease_until is None or record.lease_until <= now):
            return None
        return record


def _tell_stages(session: Session, incident: IncidentRecord, id: str, stages: Sequence[str], now: datetime) -> None:
    """One timeline entry for each stage that was not told before."""
    if not stages:
        return
    of = TimelineRecord
    told = session.exec(select(of).where(col(of.incident_id) == incident.id, col(of.kind) == "canary_step")).all()
    known = [one.details.get("stage") for one in told if one.details.get("execution") == id]
    for stage in stages:
        if stage not in known:
            details = {"execution": id, "stage": stage}
            append(session, incident, at=now, actor="sagemaker", kind="canary_step", text=stage, details=details)

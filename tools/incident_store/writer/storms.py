"""Storms: which threads are held back, which are shown after all, and what the digest of each channel tells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, update
from sqlmodel import Session, col, func, select

from incidents.alert import Severity
from incidents.approval import ApprovalState
from incidents.incident import LIVE_STATES, IncidentState
from incidents.message import MessageKind, Priority
from incidents.proposal import Proposal
from incidents.storm import (
    TOP_TIER,
    Standing,
    StormRule,
    is_over,
    is_storm,
    is_urgent,
    is_worth_a_thread,
    must_show,
    rank,
    room,
    room_for_urgent,
)
from tools.incident_store.database import Database
from tools.incident_store.slack_tables import MessageRecord
from tools.incident_store.storm_reader import held_and_live, read_digest
from tools.incident_store.tables import IncidentRecord, ProposalRecord, StormRecord
from tools.incident_store.writer.serial import one_at_a_time
from tools.incident_store.writer.timeline import locked_incident

AFTERWARDS = timedelta(seconds=15)
"""Between two looks at a storm that is over: what is left of it changes slowly."""

IN_THE_DIGEST = "it ended during a storm; the digest told of it"


@dataclass(frozen=True)
class Tended:
    """What a look at the storms changed: how many ended, how many threads were shown, how many digests have news."""

    ended: int = 0
    shown: int = 0
    told: int = 0

    @property
    def anything(self) -> bool:
        """Is there something to send?"""
        return bool(self.shown or self.told)


def hold_back(session: Session, rule: StormRule, fresh: Sequence[IncidentRecord], now: datetime) -> None:
    """Say of new incidents, rows already, whether their threads may begin; declare a storm where it is one."""
    by_channel: dict[str, list[IncidentRecord]] = {}
    for one in fresh:
        by_channel.setdefault(one.channel, []).append(one)
    for channel, opened in sorted(by_channel.items()):
        one_at_a_time(session, f"channel {channel}")
        begun, urgent_begun = _begun(session, channel, rule, now)
        storm = _under_way(session, channel)
        for one in sorted(opened, key=lambda one: rank(standing(one))):
            if storm is None and is_storm(rule, begun):
                storm = _declare(session, channel, rule, now)
            urgent = is_urgent(Severity(one.severity), one.tier)
            may = storm is None or (
                urgent and (room(rule, begun, in_storm=True) > 0 or room_for_urgent(rule, urgent_begun) > 0)
            )
            one.held, one.shown_at = not may, now if may else None
            begun += may
            urgent_begun += may and urgent


def show(session: Session, incident: IncidentRecord, now: datetime) -> None:
    """Let the thread of a locked incident begin, with all that was held back of it. Shown already, it stays so.

    The time to decide on what waits in it begins now: nobody could see the card before.
    """
    if not incident.held:
        return
    incident.held, incident.shown_at, incident.changed_at = False, now, now
    session.add(incident)
    of = MessageRecord
    session.exec(update(of).where(col(of.incident_id) == incident.id).values(held=False))
    pending = session.exec(
        select(ProposalRecord).where(
            col(ProposalRecord.incident_id) == incident.id, col(ProposalRecord.state) == ApprovalState.PENDING.value
        )
    )
    for record in pending:
        made = Proposal.model_validate(record.body)
        expires_at = now + (record.expires_at - record.created_at)
        record.expires_at = expires_at
        record.body = made.model_copy(update={"expires_at": expires_at}).model_dump(mode="json")
        session.add(record)


class StormWriter:
    """Each storm is tended in one transaction."""

    def __init__(self, database: Database, rule: StormRule) -> None:
        """`rule`: what a channel can bear."""
        self._database = database
        self._rule = rule
        self._looked: dict[int, datetime] = {}

    def tend(self, now: datetime) -> Tended:
        """Look at every storm that is not settled: does it go on, which threads may begin, has its digest news?"""
        with self._database.read() as session:
            of = StormRecord
            found = session.exec(
                select(of.id, of.ended_at).where(col(of.settled).is_(False)).order_by(col(of.id))
            ).all()
        due = [id or 0 for id, ended_at in found if ended_at is None or self._is_due(id or 0, now)]
        done = [self._database.write_anew(self._tend_one(id, now)) for id in due]
        self._looked = {id or 0: now if id in due else self._looked[id or 0] for id, _ in found}
        return Tended(
            ended=sum(one.ended for one in done),
            shown=sum(one.shown for one in done),
            told=sum(one.told for one in done),
        )

    def _is_due(self, storm_id: int, now: datetime) -> bool:
        looked = self._looked.get(storm_id)
        return looked is None or not timedelta() <= now - looked < AFTERWARDS

    def show(self, incident_id: str, now: datetime) -> None:
        """A person opens it. Raises when there is no such incident."""
        with self._database.write() as session:
            show(session, locked_incident(session, incident_id), now)

    def _tend_one(self, storm_id: int, now: datetime) -> Callable[[Session], Tended]:
        def work(session: Session) -> Tended:
            query = select(StormRecord).where(col(StormRecord.id) == storm_id, col(StormRecord.settled).is_(False))
            storm = session.exec(query.with_for_update(skip_locked=True)).one_or_none()
            if storm is None:
                return Tended()
            ended = storm.ended_at is None and is_over(self._rule, _opened(session, storm.channel, self._rule, now))
            if ended:
                storm.ended_at = now
            shown = self._show_some(session, storm, now)
            _leave_to_the_digest(session, storm)
            counts = read_digest(session, storm).counts
            told = counts != storm.counts
            if told:
                storm.counts = counts
                _tell(session, storm)
            storm.settled = storm.ended_at is not None and counts["held"] == 0 and counts["open"] == 0
            session.add(storm)
            return Tended(ended, shown, told)

        return work

    def _show_some(self, session: Session, storm: StormRecord, now: datetime) -> int:
        """Let threads begin that the storm held back, the worst first, as far as the channel bears it."""
        waiting = held_and_live(session, storm)
        if not waiting:
            return 0
        in_storm = storm.ended_at is None
        one_at_a_time(session, f"channel {storm.channel}")
        begun, urgent_begun = _begun(session, storm.channel, self._rule, now)
        left, urgent_left = room(self._rule, begun, in_storm=in_storm), room_for_urgent(self._rule, urgent_begun)
        shown = 0
        for number, one in sorted(waiting.items(), key=lambda item: rank(item[1])):
            urgent = is_urgent(one.severity, one.tier)
            free = must_show(one) or (urgent and urgent_left > 0)
            if not free and (left <= 0 or (in_storm and not is_worth_a_thread(one))):
                continue
            query = select(IncidentRecord).where(col(IncidentRecord.number) == number).with_for_update(skip_locked=True)
            incident = session.exec(query.execution_options(populate_existing=True)).one_or_none()
            if incident is not None:
                show(session, incident, now)
                shown, left, urgent_left = shown + 1, left - 1, urgent_left - urgent
        return shown


def standing(incident: IncidentRecord) -> Standing:
    """What its row says about its rank."""
    return Standing(
        severity=Severity(incident.severity),
        tier=incident.tier,
        state=IncidentState(incident.state),
        opened_at=incident.opened_at,
        number=incident.number or 0,
    )


def _begun(session: Session, channel: str, rule: StormRule, now: datetime) -> tuple[int, int]:
    """How many threads of the channel began within the window, and how many of them are of urgent incidents."""
    of = IncidentRecord
    urgent = (col(of.severity) == Severity.CRITICAL.value) & (col(of.tier) <= TOP_TIER)
    query = select(func.count(), func.count(case((urgent, 1)))).where(
        col(of.channel) == channel, col(of.shown_at) > now - rule.window
    )
    return session.exec(query).one()


def _opened(session: Session, channel: str, rule: StormRule, now: datetime) -> int:
    of = IncidentRecord
    query = select(func.count()).where(col(of.channel) == channel, col(of.opened_at) > now - rule.window)
    return session.exec(query).one()


def _under_way(session: Session, channel: str) -> StormRecord | None:
    of = StormRecord
    return session.exec(select(of).where(col(of.channel) == channel, col(of.ended_at).is_(None))).one_or_none()


def _declare(session: Session, channel: str, rule: StormRule, now: datetime) -> StormRecord:
    """A storm begins; it stands for what came within the window too, but for what the last one stood for."""
    last = session.exec(select(func.max(col(StormRecord.ended_at))).where(col(StormRecord.channel) == channel)).one()
    since = now - rule.window
    storm = StormRecord(channel=channel, since=max(since, last) if last else since, began_at=now)
    session.add(storm)
    session.flush()
    session.add(
        MessageRecord(
            channel=channel,
            kind=MessageKind.DIGEST.value,
            subject=str(storm.id),
            urgent=True,
            priority=Priority.URGENT_THREAD.value,
            created_at=now,
        )
    )
    return storm


def _tell(session: Session, storm: StormRecord) -> None:
    of = MessageRecord
    query = update(of).where(col(of.kind) == MessageKind.DIGEST.value, col(of.subject) == str(storm.id))
    session.exec(query.values(wanted_revision=col(of.wanted_revision) + 1))


def _leave_to_the_digest(session: Session, storm: StormRecord) -> None:
    """What ended while it was held back is not posted any more."""
    of, incident = MessageRecord, IncidentRecord
    over = select(incident.id).where(
        col(incident.channel) == storm.channel,
        col(incident.opened_at) > storm.since,
        col(incident.held).is_(True),
        col(incident.state).not_in(LIVE_STATES),
    )
    query = update(of).where(col(of.held).is_(True), col(of.given_up).is_(False), col(of.incident_id).in_(over))
    session.exec(query.values(given_up=True, error=IN_THE_DIGEST))

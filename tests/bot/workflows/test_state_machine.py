"""Incident, approval and execution rows, pushed about in any order, with crashes before, in and after every call.

The workflows' own steps run over real rows without the engine: whatever order the engine might start them in, and
however often, each approval has at most one effect of each call, and nothing has an effect without an approval.
"""

import asyncio
import contextlib
import itertools
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.workflows.execution import advance_once
from bot.workflows.verification import look_once
from incidents.approval import ApprovalState
from incidents.effect import ApiRequest
from incidents.execution import FINAL_EXECUTION_STATES, ExecutionState
from incidents.incident import LIVE_STATES, TRANSITIONS, IncidentState
from incidents.timeline import first_break
from tests.bot.workflows.fakes import Clock, World, fraud_endpoint, package
from tests.bot.workflows.rig import deps_over, fraud_alert
from tests.incidents.builders import findings, needs, promotion, promotion_origin, proposal, rollback
from tests.stores import store_at
from tests.thoroughness import EXAMPLES
from tests.tools.incident_store.stage import Stage
from tools.errors import AccessDenied, Throttled, Unavailable
from tools.incident_store.tables import InvestigationRecord

PEOPLE = st.sampled_from(["UONCALL", "ULEAD", "UTHIRD"])
CONFIG = "fraud-detector-v41"
FIRST = 500
STRIKES = ("crash after", "answer lost", "crash before", "call lost", "throttled", "denied", "nothing")


class Killed(Exception):
    """The process dies here."""


class CrashingWorld(World):
    """Remembers which execution's call had an effect; dies before or after one where it is told to."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.crash: str | None = None
        self.by_call: Counter[str] = Counter()
        self.running = ""

    def apply(self, request: ApiRequest) -> None:
        if self.crash == "before":
            self.crash = None
            raise Killed
        super().apply(request)
        self.by_call[f"{self.running} {request.operation}"] += 1
        if self.crash == "after":
            self.crash = None
            raise Killed


class Life(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.database = store_at(Path(self.folder.name) / "agentops.sqlite")
        self.stage = Stage(self.database, salt="s")
        self.clock = Clock()
        self.world = CrashingWorld(self.clock)
        self.deps = deps_over(self.stage, self.world, self.clock)
        self.numbers = itertools.count(FIRST)
        self.seen: dict[str, IncidentState] = {}

    def teardown(self) -> None:
        """Nobody disturbs any more: whatever is under way comes to an end, and only to one."""
        self.stage.writer.pauses.resume("*", "UONCALL", self.clock())
        for _ in range(40):
            self.clock.forward(seconds=60)
            self.advance_all()
            if self.world.endpoint.pending is not None:
                self.the_update_ends(None)
            self.verify()
        assert self.stage.reader.executions_under_way() == []
        assert not any(one.state is IncidentState.VERIFYING for one in self.stage.reader.incidents(live=True))
        self.each_call_of_an_approval_has_at_most_one_effect()
        self.nothing_has_an_effect_without_an_approval()
        self.rows_fit_each_other()
        event(f"calls with an effect: {len(self.world.by_call)}")
        self.database.close()
        self.folder.cleanup()

    @initialize(
        kind=st.sampled_from(["rollback", "promotion"]), strike=st.sampled_from(STRIKES), call=st.integers(0, 3)
    )
    def an_approved_plan_that_is_struck(self, kind: str, strike: str, call: int) -> None:
        self.world.endpoint = fraud_endpoint()
        self.world.packages = [package(42), package(41, approval="Approved")]
        self.stage.open(fraud_alert(), at=self.clock())
        self.a_plan(kind)
        (id,) = self.pending()
        for person in ("UONCALL", "ULEAD"):
            self.stage.writer.decisions.approve(id, person, needs(2), self.clock())
        self.execute(strike, call, 0)

    def live(self) -> str | None:
        return next((one.id for one in self.stage.reader.incidents(live=True)), None)

    def pending(self) -> list[str]:
        return [view.proposal.id for view in self.stage.reader.pending_proposals()]

    # What people and the world do.

    @rule(kind=st.sampled_from(["rollback", "promotion"]))
    def a_plan(self, kind: str) -> None:
        """An investigation ends with one proposal."""
        id = self.live()
        if id is None or self.stage.incident(id).state in {IncidentState.EXECUTING, IncidentState.VERIFYING}:
            return
        number = next(self.numbers)
        with self.database.write() as session:
            session.add(
                InvestigationRecord(
                    id=f"look{number}",
                    incident_id=id,
                    state="queued",
                    not_before=self.clock(),
                    created_at=self.clock(),
                )
            )
        given: dict[str, Any] = {"remediation": promotion(), "origin": promotion_origin()}
        if kind == "rollback":
            target = rollback("fraud-detector-v40").model_copy(update={"endpoint": "fraud-detector-prod"})
            given = {"remediation": target, "origin": self.rollback_origin()}
        made = proposal(f"p{number}", id, decision=needs(2), created_at=self.clock(), **given)
        if self.stage.writer.investigations.begin(f"look{number}", self.clock()):
            found = findings(made.remediation)
            self.stage.writer.investigations.finish(f"look{number}", found, [made], self.clock())

    def rollback_origin(self) -> Any:
        return asyncio.run(self.deps.sagemaker.endpoint_origin("fraud-detector-prod"))

    @precondition(lambda self: self.pending())
    @rule(person=PEOPLE, data=st.data())
    def approve(self, person: str, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from(self.pending()))
        self.stage.writer.decisions.approve(id, person, needs(2), self.clock())

    @precondition(lambda self: self.pending())
    @rule(data=st.data())
    def deny(self, data: st.DataObject) -> None:
        self.stage.writer.decisions.deny(data.draw(st.sampled_from(self.pending())), "UONCALL", "no", self.clock())

    @rule()
    def late_click(self) -> None:
        """Somebody clicks on a card that is decided."""
        for id in self.all_proposals():
            self.stage.writer.decisions.approve(id, "UTHIRD", needs(1), self.clock())
            break

    @rule(seconds=st.sampled_from([5, 15, 60, 400]))
    def time(self, seconds: int) -> None:
        self.clock.forward(seconds=seconds)
        self.stage.writer.decisions.expire(self.clock())

    @precondition(lambda self: self.world.by_call or self.live() is None)
    @rule(clears=st.booleans())
    def alert(self, clears: bool) -> None:
        self.stage.writer.intake.store([fraud_alert(status="resolved" if clears else "firing")], self.clock())
        if not clears and self.live() is None:
            again = fraud_alert(starts_at=self.clock(), fingerprint=f"f{next(self.numbers)}")
            self.stage.writer.intake.store([again], self.clock())
        self.stage.writer.grouping.group(self.clock())

    @precondition(lambda self: self.world.by_call and self.stage.reader.executions_under_way())
    @rule()
    def pause(self) -> None:
        self.stage.writer.pauses.pause("*", "UONCALL", self.clock())

    @precondition(lambda self: self.stage.reader.pauses())
    @rule()
    def resume(self) -> None:
        self.stage.writer.pauses.resume("*", "UONCALL", self.clock())

    @precondition(lambda self: self.world.by_call)
    @rule()
    def close(self) -> None:
        id = self.live()
        if id is not None:
            self.stage.writer.handling.close(id, "ULEAD", "enough", self.clock())

    @precondition(lambda self: self.world.endpoint.pending is not None)
    @rule(config=st.sampled_from([CONFIG, "somebody-elses", None]))
    def the_update_ends(self, config: str | None) -> None:
        """As asked, taken back, or somebody else's."""
        pending = self.world.endpoint.pending
        assert pending is not None
        self.world.settle(pending.config_name if config is None else config)

    # What the bot does, in any order and as often as one likes.

    @precondition(lambda self: self.stage.reader.executions_under_way())
    @rule(strike=st.sampled_from(STRIKES), call=st.integers(0, 3), later_s=st.sampled_from([0, 15, 46]))
    def execute(self, strike: str, call: int, later_s: int) -> None:
        """Advance what is due; at one of its calls something happens. After 46 s a lease nobody gave back is over."""
        self.clock.forward(seconds=later_s)
        (record,) = self.stage.reader.executions_under_way()
        requests = self.stage.reader.proposal(record.proposal_id).proposal.requests
        left = itertools.count(call % max(1, len(requests) - record.step), -1)

        def arrive() -> None:
            if next(left) == 0:
                self.strike(strike)

        self.world.before_send = arrive
        self.advance_all()
        self.world.before_send, self.world.crash, self.world.trouble = lambda: None, None, []

    def strike(self, how: str) -> None:
        event(f"{how} at {self.world.sent[-1].operation if self.world.sent else 'the first call'}")
        match how:
            case "crash before" | "crash after":
                self.world.crash = how.removeprefix("crash ")
            case "answer lost" | "call lost":
                self.world.trouble = [Unavailable("SageMaker", "a call", "reset")]
                self.world.lost = how == "answer lost"
            case "throttled":
                self.world.trouble, self.world.lost = [Throttled("SageMaker", "a call", "slow down")], False
            case "denied":
                self.world.trouble, self.world.lost = [AccessDenied("SageMaker", "a call", "no")], False
            case _:
                pass

    def advance_all(self) -> None:
        for id, _ in self.stage.writer.executions.due(self.clock()):
            self.world.running = id
            with contextlib.suppress(Killed):
                asyncio.run(advance_once(self.deps, id))

    @precondition(lambda self: self.stage.writer.verifications.due(self.clock()))
    @rule()
    def verify(self) -> None:
        for id, _ in self.stage.writer.verifications.due(self.clock()):
            asyncio.run(look_once(self.deps, id))

    # What always holds.

    def all_proposals(self) -> list[str]:
        found: list[str] = []
        for incident in self.stage.reader.incidents(live=False, limit=50):
            found += [view.proposal.id for view in self.stage.reader.file(incident.id).proposals]
        return found

    @invariant()
    def each_call_of_an_approval_has_at_most_one_effect(self) -> None:
        assert all(count == 1 for count in self.world.by_call.values()), self.world.by_call

    @invariant()
    def nothing_has_an_effect_without_an_approval(self) -> None:
        acted = {call.split()[0] for call in self.world.by_call}
        for incident in self.stage.reader.incidents(live=False, limit=50):
            file = self.stage.reader.file(incident.id)
            for view in file.proposals:
                if view.proposal.execution_id not in acted:
                    continue
                acted.discard(view.proposal.execution_id)
                assert view.approval.state is ApprovalState.APPROVED
                assert len({vote.person for vote in view.approval.votes}) >= 2
                decided = [entry for entry in file.timeline if entry.kind == "approved"]
                assert any(entry.details["digest"] == view.proposal.digest for entry in decided)
        assert not acted

    @invariant()
    def rows_fit_each_other(self) -> None:
        for incident in self.stage.reader.incidents(live=False, limit=50):
            file = self.stage.reader.file(incident.id)
            assert first_break(file.timeline) is None
            under_way = [one for one in file.executions if one.state not in FINAL_EXECUTION_STATES]
            assert len(under_way) <= 1
            if incident.state is IncidentState.EXECUTING:
                assert len(under_way) == 1
            if incident.state is IncidentState.VERIFYING:
                assert any(one.state == "watching" for one in file.verifications)
            waits = [view for view in file.proposals if view.approval.state is ApprovalState.PENDING]
            if waits:
                assert incident.state is IncidentState.AWAITING_DECISION
            if incident.state not in LIVE_STATES:
                assert not waits
            for one in under_way:
                assert one.state in {ExecutionState.QUEUED, ExecutionState.EXECUTING}

    @invariant()
    def states_follow_the_table(self) -> None:
        for incident in self.stage.reader.incidents(live=False, limit=50):
            before = self.seen.get(incident.id, IncidentState.NEW)
            assert incident.state in _reachable(before), (before, incident.state)
            self.seen[incident.id] = incident.state


def _reachable(before: IncidentState) -> set[IncidentState]:
    """States that one rule may lead to: a rule may make several moves of the table in one transaction or step."""
    found, edge = {before}, {before}
    while edge:
        edge = {after for one in edge for after in TRANSITIONS[one]} - found
        found |= edge
    return found


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=EXAMPLES // 4,
    stateful_step_count=20,
    deadline=None,
    # A failing life is short enough to read as it is; to shrink it takes minutes.
    phases=[Phase.generate, Phase.reuse],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

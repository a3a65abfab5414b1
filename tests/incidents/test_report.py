from datetime import timedelta

from incidents import report
from incidents.alert import Severity
from incidents.incident import Incident, IncidentState
from incidents.timeline import GENESIS, TimelineEntry, chained
from tests.incidents.builders import START, diagnosis, later

INCIDENT = Incident(
    id="INC-7",
    key="prod/product-recommender",
    model="product-recommender",
    environment="prod",
    tier=2,
    listed=True,
    channel="ml-incidents",
    state=IncidentState.RESOLVED,
    severity=Severity.CRITICAL,
    started_at=START,
    opened_at=later(seconds=5),
)


def story(*told: tuple[str, float, str]) -> list[TimelineEntry]:
    entries: list[TimelineEntry] = []
    for number, (kind, minute, actor) in enumerate(told, start=1):
        entries.append(
            chained(
                incident_id="INC-7",
                number=number,
                at=later(minutes=minute),
                actor=actor,
                kind=kind,
                text=f"{kind} at {minute:g}",
                details={},
                previous=entries[-1].hash if entries else GENESIS,
            )
        )
    return entries


WHOLE = story(
    ("alert_fired", 1, "alertmanager"),
    ("alert_joined", 2, "alertmanager"),
    ("diagnosed", 3, "offline rules"),
    ("proposed", 3, "agentops"),
    ("approved", 5, "UONCALL"),
    ("call_sent", 6, "agentops"),
    ("executed", 10, "agentops"),
    ("verified", 20, "agentops"),
    ("resolved", 21, "alertmanager"),
)


def test_the_milestones_tell_the_story_in_order_from_the_onset() -> None:
    made = report.write(INCIDENT, diagnosis(onset=START - timedelta(minutes=2)), WHOLE, ("runbook",))
    assert [(one.what, one.since_onset / timedelta(minutes=1), one.actor) for one in made.milestones] == [
        ("Trouble began", 0, "agentops"),
        ("Alert received", 3, "alertmanager"),
        ("Diagnosed", 5, "offline rules"),
        ("Decided", 7, "UONCALL"),
        ("Change sent", 8, "agentops"),
        ("Change done", 12, "agentops"),
        ("Recovered", 22, "agentops"),
    ]
    assert made.done == ("executed at 10",)
    assert made.read_next == ("runbook",)


def test_the_report_names_the_length_and_the_head_of_the_chain() -> None:
    made = report.write(INCIDENT, None, WHOLE)
    assert (made.chain_length, made.chain_head) == (len(WHOLE), WHOLE[-1].hash)


def test_without_a_diagnosis_the_story_begins_with_the_alert() -> None:
    made = report.write(INCIDENT, None, story(("alert_fired", 1, "alertmanager"), ("resolved", 4, "alertmanager")))
    assert [(one.what, one.since_onset) for one in made.milestones] == [
        ("Alert received", timedelta(0)),
        ("Recovered", timedelta(minutes=3)),
    ]


def test_a_denied_proposal_is_a_decision_and_nothing_was_done() -> None:
    made = report.write(INCIDENT, None, story(("alert_fired", 0, "alertmanager"), ("denied", 2, "UONCALL")))
    assert [one.what for one in made.milestones] == ["Alert received", "Decided"]
    assert made.done == ()


def _told(kind: str, minute: float, actor: str, details: dict[str, object]) -> TimelineEntry:
    return chained(
        incident_id="INC-7",
        number=1,
        at=later(minutes=minute),
        actor=actor,
        kind=kind,
        text=f"{kind} at {minute:g}",
        details=details,
        previous=GENESIS,
    )


def test_telling_people_is_no_milestone_and_everybody_who_decided_is_named() -> None:
    issue, change = {"requests": [{"service": "github"}]}, {"requests": [{"service": "sagemaker"}]}
    made = report.write(
        INCIDENT,
        None,
        [
            _told("proposed", 1, "agentops", {"proposal": "p1", **issue}),
            _told("proposed", 1, "agentops", {"proposal": "p2", **change}),
            _told("allowed", 2, "policy", {"proposal": "p1"}),
            _told("call_sent", 3, "agentops", {"execution": "xp1", "request": {"service": "github"}}),
            _told("executed", 4, "agentops", {"execution": "xp1"}),
            _told("vote", 5, "UONCALL", {"proposal": "p2"}),
            _told("approved", 6, "USECOND", {"proposal": "p2"}),
            _told("call_sent", 7, "agentops", {"execution": "xp2", "request": {"service": "sagemaker"}}),
            _told("executed", 8, "agentops", {"execution": "xp2"}),
        ],
    )
    assert [(one.what, one.text) for one in made.milestones] == [
        ("Decided", "approved at 6"),
        ("Change sent", "call_sent at 7"),
        ("Change done", "executed at 8"),
    ]
    assert made.decided_by == ("UONCALL", "USECOND")
    assert made.done == ("executed at 4", "executed at 8")


def test_each_step_of_a_plan_is_told_with_its_own_decision() -> None:
    made = report.write(
        INCIDENT,
        None,
        [
            _told("proposed", 1, "agentops", {"proposal": "p1"}),
            _told("expired", 2, "agentops", {"proposal": "p1"}),
            _told("proposed", 3, "agentops", {"proposal": "p2"}),
            _told("approved", 4, "UONCALL", {"proposal": "p2"}),
            _told("call_sent", 5, "agentops", {"execution": "xp2", "call": 1}),
            _told("call_sent", 6, "agentops", {"execution": "xp2", "call": 2}),
            _told("executed", 7, "agentops", {"execution": "xp2"}),
            _told("proposed", 8, "agentops", {"proposal": "p3"}),
            _told("approved", 9, "ULEAD", {"proposal": "p3"}),
            _told("call_sent", 10, "agentops", {"execution": "xp3", "call": 1}),
            _told("executed", 11, "agentops", {"execution": "xp3"}),
            _told("verified", 12, "agentops", {"execution": "xp2"}),
            _told("verified", 13, "agentops", {"execution": "xp3"}),
        ],
    )
    assert [(one.what, one.text, one.actor) for one in made.milestones] == [
        ("Decided", "expired at 2 – proposed at 1", "agentops"),
        ("Decided", "approved at 4 – proposed at 3", "UONCALL"),
        ("Change sent", "call_sent at 5", "agentops"),
        ("Change done", "executed at 7", "agentops"),
        ("Decided", "approved at 9 – proposed at 8", "ULEAD"),
        ("Change sent", "call_sent at 10", "agentops"),
        ("Change done", "executed at 11", "agentops"),
        ("Recovered", "verified at 12", "agentops"),
    ]


def test_a_candidate_that_was_promoted_is_not_told_as_waiting() -> None:
    waits = story(("executed", 1, "agentops"), ("candidate_registered", 2, "agentops"))
    assert report.write(INCIDENT, None, waits).done == ("executed at 1", "candidate_registered at 2")
    promoted = story(*((one.kind, n, one.actor) for n, one in enumerate(waits)), ("executed", 9, "agentops"))
    assert report.write(INCIDENT, None, promoted).done == ("executed at 0", "executed at 9")


def test_the_milestone_is_the_first_entry_of_its_kind() -> None:
    made = report.write(INCIDENT, None, story(("diagnosed", 2, "first"), ("diagnosed", 9, "second")))
    assert [one.actor for one in made.milestones] == ["first"]


def test_a_trouble_that_began_after_the_alert_is_still_told_in_order() -> None:
    made = report.write(INCIDENT, diagnosis(onset=later(minutes=4)), WHOLE)
    assert [one.at for one in made.milestones] == sorted(one.at for one in made.milestones)

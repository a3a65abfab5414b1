from itertools import permutations
from random import Random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from incidents.alert import Severity
from incidents.autonomy import Autonomy
from incidents.conditions import When
from incidents.diagnosis import Confidence
from incidents.effect import RiskClass
from incidents.facts import Facts
from incidents.policy import (
    Allow,
    AnyEffect,
    Decision,
    Forbid,
    Policy,
    RequireApproval,
    Rule,
    decide,
    strictness,
)
from incidents.policy_review import rehearse
from incidents.remediation import KINDS, RemediationKind
from incidents.risk import CHANGING, risk_of
from tests.incidents.builders import catalogue, policy

FACTS = Facts(
    remediation="RollbackEndpoint",
    risk="high",
    model="product-recommender",
    environment="prod",
    tier=2,
    severity=Severity.CRITICAL,
    autonomy="suggest",
    confidence=Confidence.HIGH,
    evidence_count=4,
    in_flight=0,
    minutes_since_last="never",
    minutes_since_denied="never",
    remediations_today=0,
    cost_today_usd=0.0,
    cost_usd=0.0,
    endpoints_changed=0,
    frozen=(),
    paused=False,
)
UNKNOWABLE = (
    "confidence",
    "evidence_count",
    "in_flight",
    "minutes_since_last",
    "minutes_since_denied",
    "remediations_today",
    "cost_today_usd",
    "cost_usd",
    "endpoints_changed",
    "frozen",
    "paused",
)
"""Facts that may be None: read from the store, the clock or a diagnosis, any of which may be away."""

effects = st.one_of(
    st.builds(Forbid, because=st.sampled_from(["frozen", "never", "too risky"])),
    st.just(Allow()),
    st.builds(
        RequireApproval,
        count=st.integers(1, 3),
        approvers=st.lists(st.sampled_from(["a", "b", "c", "U123"]), min_size=1, unique=True).map(tuple),
        within_minutes=st.sampled_from([1.0, 5.0, 30.0]),
        escalate_to=st.lists(st.sampled_from(["x", "y"]), unique=True).map(tuple),
        break_glass=st.booleans(),
    ),
)
conditions = st.builds(
    When,
    tier=st.none() | st.just((1,)) | st.just((1, 2)),
    confidence=st.none() | st.just((Confidence.HIGH,)),
    confidence_below=st.none() | st.just(Confidence.MEDIUM),
    evidence_fewer_than=st.none() | st.just(2),
    in_flight_at_least=st.none() | st.just(1),
    minutes_since_last_below=st.none() | st.just(30.0),
    minutes_since_denied_below=st.none() | st.just(60.0),
    remediations_today_at_least=st.none() | st.just(3),
    cost_today_above=st.none() | st.just(50.0),
    endpoints_changed_at_least=st.none() | st.just(2),
    frozen=st.none() | st.booleans(),
    paused=st.none() | st.booleans(),
)


@st.composite
def rule_lists(draw: st.DrawFn, least: int = 0) -> list[Rule]:
    made = draw(st.lists(st.tuples(conditions | st.just(When()), effects), min_size=least, max_size=5))
    return [Rule(name=f"rule {n}", when=when, then=then) for n, (when, then) in enumerate(made)]


since = st.just("never") | st.floats(0, 100)
facts = st.builds(
    Facts,
    remediation=st.just("RollbackEndpoint"),
    risk=st.just("high"),
    model=st.just("product-recommender"),
    environment=st.just("prod"),
    tier=st.integers(1, 3),
    severity=st.just(Severity.CRITICAL),
    confidence=st.sampled_from(Confidence),
    evidence_count=st.integers(0, 4),
    autonomy=st.just("suggest"),
    in_flight=st.integers(0, 2),
    minutes_since_last=since,
    minutes_since_denied=since,
    remediations_today=st.integers(0, 5),
    cost_today_usd=st.floats(0, 100),
    cost_usd=st.floats(0, 20),
    endpoints_changed=st.integers(0, 4),
    frozen=st.just(()) | st.just(("sale",)),
    paused=st.booleans(),
)


def policy_of(*rules: Rule) -> Policy:
    return Policy(version=1, rules=rules)


def at_least_as_strict(one: AnyEffect, other: AnyEffect) -> bool:
    """Whatever is enough for `one` is enough for `other`."""
    match one, other:
        case (Forbid(), _) | (_, Allow()):
            return True
        case RequireApproval(), RequireApproval():
            return (
                one.count >= other.count
                and set(one.approvers) <= set(other.approvers)
                and one.within_minutes <= other.within_minutes
                and (not one.break_glass or other.break_glass or other.count == 1)
            )
        case _:
            return False


def shipped(**changed: object) -> Decision:
    return decide(policy(), Facts.model_validate(FACTS.model_dump() | changed))


def test_what_no_rule_matches_is_forbidden() -> None:
    only = Rule(name="staging only", when=When(environment=("staging",)), then=Allow())
    decision = decide(policy_of(only), FACTS)
    assert isinstance(decision.effect, Forbid) and decision.rules == ()


@given(rule_lists(1), facts, st.randoms(use_true_random=False))
def test_the_order_of_the_rules_never_matters(rules: list[Rule], given_facts: Facts, random: Random) -> None:
    shuffled = [*rules]
    random.shuffle(shuffled)
    assert decide(policy_of(*rules), given_facts) == decide(policy_of(*shuffled), given_facts)


@given(rule_lists(1), facts)
def test_one_more_matching_rule_never_loosens_a_decision(rules: list[Rule], given_facts: Facts) -> None:
    fewer = decide(policy_of(*rules[:-1]), given_facts) if len(rules) > 1 else None
    more = decide(policy_of(*rules), given_facts)
    if fewer is None or not fewer.rules:
        return  # nothing had matched: deny by default, which only a first matching rule may lift
    assert at_least_as_strict(more.effect, fewer.effect)
    assert strictness(more.effect) >= strictness(fewer.effect)


@given(rule_lists(1), facts)
def test_a_decision_is_at_least_as_strict_as_every_rule_that_matches(rules: list[Rule], given_facts: Facts) -> None:
    decision = decide(policy_of(*rules), given_facts)
    matching = [rule for rule in rules if rule.when.holds(given_facts)]
    assert all(at_least_as_strict(decision.effect, rule.then) for rule in matching)
    assert matching or isinstance(decision.effect, Forbid)


@given(rule_lists(1), facts, st.sets(st.sampled_from(UNKNOWABLE), min_size=1))
def test_what_is_not_known_never_loosens_a_decision(rules: list[Rule], given_facts: Facts, unknown: set[str]) -> None:
    known = decide(policy_of(*rules), given_facts)
    unsure = decide(policy_of(*rules), given_facts.model_copy(update=dict.fromkeys(unknown)))
    assert at_least_as_strict(unsure.effect, known.effect)


@given(st.sets(st.sampled_from(UNKNOWABLE), min_size=1), st.sampled_from(KINDS), st.sampled_from(get_args(Autonomy)))
def test_the_shipped_policy_is_never_looser_for_what_is_not_known(
    unknown: set[str], kind: RemediationKind, autonomy: Autonomy
) -> None:
    known = FACTS.model_copy(update={"remediation": kind, "risk": risk_of(kind).value, "autonomy": autonomy})
    unsure = known.model_copy(update=dict.fromkeys(unknown))
    assert at_least_as_strict(decide(policy(), unsure).effect, decide(policy(), known).effect)


def test_nothing_runs_on_facts_that_are_all_unknown() -> None:
    nothing = FACTS.model_copy(update=dict.fromkeys(UNKNOWABLE))
    decision = decide(policy(), nothing)
    assert isinstance(decision.effect, Forbid)
    assert "changes are paused (not known: paused)" in decision.effect.because


def test_an_allow_that_hangs_on_an_unknown_fact_allows_nothing() -> None:
    sure = Rule(name="sure", when=When(confidence=(Confidence.HIGH,)), then=Allow())
    ask = Rule(name="ask", when=When(paused=False), then=RequireApproval(approvers=("a",)))
    unknown = FACTS.model_copy(update={"confidence": None, "paused": None})
    assert decide(policy_of(sure), unknown).effect == Forbid(because="no rule of the policy allows it")
    assert isinstance(decide(policy_of(ask), unknown).effect, Forbid)
    assert isinstance(decide(policy_of(sure, ask), FACTS.model_copy(update={"paused": None})).effect, RequireApproval)


@given(effects, effects)
def test_the_order_of_effects_agrees_with_what_is_enough_for_them(one: AnyEffect, other: AnyEffect) -> None:
    if at_least_as_strict(one, other):
        assert strictness(one) >= strictness(other)


@given(rule_lists(1), facts)
def test_a_decision_names_only_rules_that_match(rules: list[Rule], given_facts: Facts) -> None:
    decision = decide(policy_of(*rules), given_facts)
    matching = {rule.name for rule in rules if rule.when.holds(given_facts)}
    assert set(decision.rules) <= matching
    assert bool(decision.rules) == bool(matching)


def test_a_forbid_wins_over_everything_in_every_order() -> None:
    rules = [
        Rule(name="forbid", then=Forbid(because="freeze")),
        Rule(name="ask", then=RequireApproval(count=5, approvers=("a",))),
        Rule(name="allow", then=Allow()),
    ]
    for order in permutations(rules):
        assert decide(policy_of(*order), FACTS) == Decision(effect=Forbid(because="freeze"), rules=("forbid",))


def test_only_people_named_by_all_joined_rules_may_approve() -> None:
    first = Rule(name="first", then=RequireApproval(approvers=("oncall", "leads"), within_minutes=5))
    second = Rule(name="second", then=RequireApproval(approvers=("leads", "owners"), within_minutes=2))
    decision = decide(policy_of(first, second), FACTS)
    assert isinstance(decision.effect, RequireApproval)
    assert decision.effect.approvers == ("leads",)
    assert decision.effect.within_minutes == 2
    assert decision.rules == ("first", "second")


def test_joined_rules_without_a_common_approver_forbid() -> None:
    first = Rule(name="first", then=RequireApproval(approvers=("oncall",)))
    second = Rule(name="second", then=RequireApproval(approvers=("leads",)))
    decision = decide(policy_of(first, second), FACTS)
    assert isinstance(decision.effect, Forbid) and "first, second" in decision.effect.because


def test_the_fewer_people_of_one_rule_do_not_widen_who_may_approve_for_another() -> None:
    leads = Rule(name="leads", then=RequireApproval(count=1, approvers=("leads",)))
    two = Rule(name="two", then=RequireApproval(count=2, approvers=("leads", "oncall")))
    decision = decide(policy_of(leads, two), FACTS)
    assert decision == Decision(effect=RequireApproval(count=2, approvers=("leads",)), rules=("leads", "two"))


def test_fewer_people_than_have_to_agree_forbid() -> None:
    first = Rule(name="first", then=RequireApproval(count=2, approvers=("U123", "U456")))
    second = Rule(name="second", then=RequireApproval(approvers=("U123", "leads")))
    decision = decide(policy_of(first, second), FACTS)
    assert isinstance(decision.effect, Forbid) and "fewer than 2 people" in decision.effect.because


@pytest.mark.parametrize(
    ("second", "third", "permitted"),
    [(True, None, True), (False, None, False), (True, False, False), (True, True, True)],
)
def test_breaking_the_glass_is_permitted_only_where_every_rule_that_asks_for_two_permits_it(
    second: bool, third: bool | None, permitted: bool
) -> None:
    rules = [
        Rule(name="one is enough", then=RequireApproval(approvers=("a",))),
        Rule(name="two", then=RequireApproval(count=2, approvers=("a",), break_glass=second)),
    ]
    if third is not None:
        rules.append(Rule(name="two more", then=RequireApproval(count=2, approvers=("a",), break_glass=third)))
    decision = decide(policy_of(*rules), FACTS)
    assert isinstance(decision.effect, RequireApproval)
    assert (decision.effect.count, decision.effect.break_glass) == (2, permitted)


def test_every_reason_of_a_no_is_told_once() -> None:
    first = Rule(name="first", then=Forbid(because="frozen"))
    second = Rule(name="second", then=Forbid(because="paused"))
    third = Rule(name="third", then=Forbid(because="frozen"))
    decision = decide(policy_of(third, second, first), FACTS)
    assert decision == Decision(effect=Forbid(because="frozen; paused"), rules=("first", "second", "third"))


def test_rules_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="twice: one"):
        policy_of(Rule(name="one", then=Allow()), Rule(name="one", then=Allow()))


def test_a_policy_without_rules_and_an_approval_by_nobody_are_refused() -> None:
    with pytest.raises(ValidationError):
        policy_of()
    with pytest.raises(ValidationError):
        RequireApproval(approvers=())


def test_the_policys_hash_follows_its_content() -> None:
    one = policy_of(Rule(name="one", then=Allow()))
    assert one.hash == policy_of(Rule(name="one", then=Allow())).hash
    assert one.hash != policy_of(Rule(name="one", then=Forbid(because="no"))).hash


def test_a_model_that_is_not_named_only_suggests() -> None:
    assert policy().autonomy_of("nobody") == "suggest"


# The policy that is shipped: the mission's approval matrix. Its examples say most of it and are tests themselves.


def people(decision: Decision) -> int:
    """How many have to agree; 0 where nobody has to."""
    match decision.effect:
        case RequireApproval(count=count):
            return count
        case Allow():
            return 0
        case Forbid(because=because):
            raise AssertionError(because)


def test_every_example_of_the_shipped_policy_holds() -> None:
    played = list(rehearse(policy()))
    assert len(played) >= 20
    assert [one.problem for one in played if one.problem] == []


def test_every_rule_of_the_shipped_policy_decides_an_example() -> None:
    deciding = {name for played in rehearse(policy()) for name in played.decision.rules}
    assert {rule.name for rule in policy().rules} - deciding == set()


def test_all_shipped_models_only_suggest() -> None:
    assert {entry.level for entry in policy().autonomy.values()} == {"suggest"}
    assert set(policy().autonomy) == set(catalogue().models)


@pytest.mark.parametrize("tier", [1, 2, 3, 4])
@pytest.mark.parametrize("environment", ["prod", "staging"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_policy_asks_for_whom_the_matrix_names(kind: RemediationKind, environment: str, tier: int) -> None:
    decision = shipped(remediation=kind, risk=risk_of(kind).value, tier=tier, environment=environment)
    two = kind in {"RollbackEndpoint", "ShiftTraffic", "PromoteModel"} and tier == 1 and environment == "prod"
    told = kind in {"NotifyOwners", "OpenIssue"}
    assert people(decision) == (2 if two else 0 if told else 1)
    if isinstance(decision.effect, RequireApproval):
        assert decision.effect.approvers == ("ml-oncall", "ml-leads")
        assert (decision.effect.within_minutes, decision.effect.escalate_to) == (5, ("ml-leads",))
        assert decision.effect.break_glass == (two and kind != "PromoteModel")


@pytest.mark.parametrize("tier", [1, 2])
@pytest.mark.parametrize("autonomy", get_args(Autonomy))
@pytest.mark.parametrize("kind", sorted(CHANGING))
def test_the_shipped_policy_lets_run_by_itself_what_the_level_says_and_no_more(
    kind: RemediationKind, autonomy: Autonomy, tier: int
) -> None:
    decision = shipped(remediation=kind, risk=risk_of(kind).value, tier=tier, autonomy=autonomy)
    low = autonomy in {"execute_low", "execute_high"} and risk_of(kind) is RiskClass.LOW
    high = autonomy == "execute_high" and kind in {"RollbackEndpoint", "ShiftTraffic"} and tier > 1
    assert isinstance(decision.effect, Allow) == (low or high)
    assert isinstance(decision.effect, Forbid) == (autonomy == "observe")


@pytest.mark.parametrize("step", ["next", "undo"])
def test_the_shipped_cooldown_does_not_stop_a_plans_next_step_or_an_undo(step: str) -> None:
    assert people(shipped(minutes_since_last=1, step=step)) == 1
    assert isinstance(shipped(minutes_since_last=1).effect, Forbid)


@given(st.integers(1, 4), st.sampled_from(Severity), st.sampled_from(sorted(CHANGING)))
def test_the_shipped_policy_changes_nothing_without_a_person(
    tier: int, severity: Severity, kind: RemediationKind
) -> None:
    decision = shipped(tier=tier, severity=severity, remediation=kind, risk=risk_of(kind).value)
    assert not isinstance(decision.effect, Allow)


def test_a_kind_of_remediation_that_no_rule_names_is_forbidden_by_the_shipped_policy() -> None:
    named = [rule for rule in policy().rules if not isinstance(rule.then, Forbid)]
    assert all(rule.when.remediation for rule in named)

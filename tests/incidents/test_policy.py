from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from incidents.alert import Severity
from incidents.diagnosis import Confidence
from incidents.policy import Allow, Decision, Facts, Forbid, Policy, RequireApproval, Rule, When, decide
from tests.incidents.builders import policy

FACTS = Facts(
    remediation="RollbackEndpoint",
    risk="high",
    environment="prod",
    tier=2,
    severity=Severity.CRITICAL,
    confidence=Confidence.HIGH,
    evidence_count=4,
    autonomy="suggest",
)

effects = st.one_of(
    st.builds(Forbid, because=st.sampled_from(["frozen", "never", "too risky"])),
    st.just(Allow()),
    st.builds(
        RequireApproval,
        count=st.integers(1, 3),
        approvers=st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, unique=True).map(tuple),
        within_minutes=st.sampled_from([1.0, 5.0, 30.0]),
        escalate_to=st.lists(st.sampled_from(["x", "y"]), unique=True).map(tuple),
    ),
)
conditions = st.builds(
    When,
    tier=st.none() | st.just((1,)) | st.just((1, 2)),
    confidence_below=st.none() | st.just(Confidence.MEDIUM),
    paused=st.none() | st.booleans(),
)


@st.composite
def rule_lists(draw: st.DrawFn, least: int = 0) -> list[Rule]:
    made = draw(st.lists(st.tuples(conditions, effects), min_size=least, max_size=5))
    return [Rule(name=f"rule {n}", when=when, then=then) for n, (when, then) in enumerate(made)]


facts = st.builds(
    Facts,
    remediation=st.just("RollbackEndpoint"),
    risk=st.just("high"),
    environment=st.just("prod"),
    tier=st.integers(1, 3),
    severity=st.just(Severity.CRITICAL),
    confidence=st.sampled_from(Confidence),
    evidence_count=st.integers(0, 4),
    autonomy=st.just("suggest"),
    paused=st.booleans(),
)


def policy_of(*rules: Rule) -> Policy:
    return Policy(version=1, rules=rules)


def rank(decision: Decision) -> tuple[int, int]:
    match decision.effect:
        case Forbid():
            return (2, 0)
        case RequireApproval(count=count):
            return (1, count)
        case Allow():
            return (0, 0)


def shipped(**changed: object) -> Decision:
    return decide(policy(), Facts.model_validate(FACTS.model_dump() | changed))


def approvers_needed(decision: Decision) -> int:
    assert isinstance(decision.effect, RequireApproval), decision
    return decision.effect.count


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
    assert rank(more) >= rank(fewer)
    if isinstance(more.effect, RequireApproval) and isinstance(fewer.effect, RequireApproval):
        if more.effect.count == fewer.effect.count:
            assert set(more.effect.approvers) <= set(fewer.effect.approvers)
            assert more.effect.within_minutes <= fewer.effect.within_minutes


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


# The policy that is shipped: the mission's approval matrix.


@pytest.mark.parametrize("remediation", ["RollbackEndpoint", "StartRetraining"])
@pytest.mark.parametrize("tier", [2, 3])
def test_the_shipped_policy_asks_one_person_within_five_minutes(remediation: str, tier: int) -> None:
    decision = shipped(remediation=remediation, tier=tier, risk="low")
    assert isinstance(decision.effect, RequireApproval)
    assert decision.effect.count == 1
    assert decision.effect.within_minutes == 5
    assert decision.effect.approvers == ("ml-oncall", "ml-leads")
    assert decision.effect.escalate_to == ("ml-leads",)


def test_the_shipped_policy_asks_two_people_for_a_tier_1_production_rollback() -> None:
    assert approvers_needed(shipped(tier=1)) == 2
    assert approvers_needed(shipped(tier=1, environment="staging")) == 1
    assert approvers_needed(shipped(tier=1, remediation="StartRetraining", risk="low")) == 1


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"confidence": "low"}, "confidence"),
        ({"evidence_count": 1}, "evidence"),
        ({"in_flight": 1}, "in flight"),
        ({"minutes_since_last": 29.9}, "30 minutes"),
        ({"autonomy": "observe"}, "observe"),
        ({"paused": True}, "paused"),
    ],
    ids=["guess", "single fact", "in flight", "cooldown", "observe", "paused"],
)
def test_the_shipped_policy_forbids_what_is_not_safe(changed: dict[str, object], word: str) -> None:
    decision = shipped(**changed)
    assert isinstance(decision.effect, Forbid) and word in decision.effect.because


def test_the_shipped_cooldown_ends_after_thirty_minutes() -> None:
    assert approvers_needed(shipped(minutes_since_last=30.0)) == 1


@given(st.integers(1, 4), st.sampled_from(Severity))
def test_the_shipped_policy_allows_nothing_without_a_person(tier: int, severity: Severity) -> None:
    assert not isinstance(shipped(tier=tier, severity=severity).effect, Allow)

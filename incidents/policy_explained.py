"""Why the policy says what it says: every rule, whether it applies, and which condition kept it from applying."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from incidents.conditions import Check
from incidents.facts import Facts
from incidents.policy import Decision, Policy, Rule, decide
from incidents.policy_review import said

Applies = Literal["yes", "no", "unknown"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class RuleExplained(_Frozen):
    """One rule on these facts. `why` tells the conditions that decided whether it applies; `decides`: it is named."""

    name: str
    effect: str
    applies: Applies
    decides: bool
    why: tuple[str, ...]


class Explanation(_Frozen):
    """Facts, decision in words, and every rule: those that decide first, then those that apply, then the others."""

    facts: Facts
    decision: Decision
    said: str
    rules: tuple[RuleExplained, ...]


def explain(policy: Policy, facts: Facts) -> Explanation:
    """The decision on these facts, explained."""
    decision = decide(policy, facts)
    rules = [_explained(rule, facts, rule.name in decision.rules) for rule in policy.rules]
    order = {"yes": 1, "unknown": 2, "no": 3}
    rules.sort(key=lambda one: (0 if one.decides else order[one.applies], one.name))
    return Explanation(facts=facts, decision=decision, said=said(decision), rules=tuple(rules))


def _explained(rule: Rule, facts: Facts, decides: bool) -> RuleExplained:
    checks = list(rule.when.checks(facts))
    holds = rule.when.holds(facts)
    telling = checks if holds is True else [check for check in checks if check.met is holds]
    applies: Applies = "unknown" if holds is None else "yes" if holds else "no"
    return RuleExplained(
        name=rule.name,
        effect=rule.then.effect,
        applies=applies,
        decides=decides,
        why=tuple(_told(check) for check in telling) or ("it always applies",),
    )


def _told(check: Check) -> str:
    found = f"{check.condition} is {check.found}"
    return found if check.found == check.wanted else f"{found} (wanted: {check.wanted})"

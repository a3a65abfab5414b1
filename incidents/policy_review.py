"""Reading a policy critically: rules that contradict each other, rules that never apply, examples that fail.

Types and names are checked when the file is read; this looks at what the rules mean together. It only complains of what
is certain: that a rule has no effect must follow from the conditions alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from incidents.conditions import LISTS, When
from incidents.facts import Facts
from incidents.policy import Allow, Decision, Forbid, Policy, RequireApproval, Rule, decide, too_few
from incidents.policy_example import Example
from incidents.risk import risk_of

Path = tuple[str | int, ...]

_SMALLER_IS_NARROWER = (
    "evidence_fewer_than",
    "minutes_since_last_below",
    "minutes_since_denied_below",
)
_GREATER_IS_NARROWER = (
    "in_flight_at_least",
    "remediations_today_at_least",
    "cost_today_above",
    "cost_above",
    "endpoints_changed_at_least",
)


@dataclass(frozen=True)
class Contradiction:
    """Something that cannot be meant. `path` leads to the key in the file."""

    path: Path
    problem: str


@dataclass(frozen=True)
class Rehearsal:
    """An example and what came of it. `problem` is empty where the policy says what is expected."""

    example: Example
    facts: Facts
    decision: Decision
    problem: str


def contradictions(policy: Policy) -> Iterator[Contradiction]:
    """All that cannot be meant, rule by rule, then rule against rule."""
    freezes = {freeze.name for freeze in policy.freezes}
    for number, rule in enumerate(policy.rules):
        path: Path = ("rules", number)
        for key, problem in _never(rule.when, freezes):
            yield Contradiction((*path, "when", key), problem)
        if isinstance(rule.then, RequireApproval):
            for key, problem in _unmeetable(rule.then):
                yield Contradiction((*path, "then", key), problem)
    for (one, first), (other, second) in combinations(enumerate(policy.rules), 2):
        yield from _between(one, first, second)
        yield from _between(other, second, first)
    rules = {rule.name for rule in policy.rules}
    for number, example in enumerate(policy.examples):
        unknown = sorted(set(example.expect.rules or ()) - rules)
        if unknown:
            yield Contradiction(("examples", number, "expect", "rules"), f"there is no rule named {', '.join(unknown)}")


def facts_of(example: Example, policy: Policy) -> Facts:
    """The facts of an example."""
    frozen: tuple[str, ...] = ()
    if example.at is not None:
        frozen = policy.frozen_by(example.at, model=example.model, environment=example.environment)
    given = example.model_dump(exclude={"name", "at", "expect", "autonomy"})
    return Facts(
        risk=risk_of(example.remediation).value,
        autonomy=example.autonomy or policy.autonomy_of(example.model),
        frozen=frozen,
        **given,
    )


def rehearse(policy: Policy) -> Iterator[Rehearsal]:
    """Every example, played."""
    for example in policy.examples:
        facts = facts_of(example, policy)
        decision = decide(policy, facts)
        yield Rehearsal(example, facts, decision, _mismatch(example, decision))


def said(decision: Decision) -> str:
    """A decision in a few words."""
    match decision.effect:
        case Forbid(because=because):
            return f"forbid: {because}"
        case RequireApproval(count=count, approvers=approvers, within_minutes=minutes, break_glass=break_glass):
            glass = ", or one who breaks the glass" if break_glass else ""
            return f"require_approval: {count} of {', '.join(approvers)} in {minutes:g} min{glass}"
        case Allow():
            return "allow"


def _mismatch(example: Example, decision: Decision) -> str:
    expect, effect = example.expect, decision.effect
    wrong = expect.effect != effect.effect
    if isinstance(effect, RequireApproval):
        wrong = wrong or (expect.count is not None and expect.count != effect.count)
        wrong = wrong or (expect.break_glass is not None and expect.break_glass != effect.break_glass)
    if wrong:
        wanted = expect.effect + (f" of {expect.count}" if expect.count is not None else "")
        if expect.break_glass is not None:
            wanted += " with break_glass" if expect.break_glass else " without break_glass"
        return f"expected {wanted}; the rules say {said(decision)}{_by(decision)}"
    if expect.rules is not None and set(expect.rules) != set(decision.rules):
        return f"expected it from {', '.join(expect.rules)}; it comes from {', '.join(decision.rules) or 'no rule'}"
    return ""


def _by(decision: Decision) -> str:
    return f" ({', '.join(decision.rules)})" if decision.rules else ""


def _never(when: When, freezes: set[str]) -> Iterator[tuple[str, str]]:
    """Conditions that no facts can meet."""
    if when.remediation is not None and when.risk is not None:
        risks = {risk_of(kind).value for kind in when.remediation}
        if not risks & set(when.risk):
            yield "risk", f"never applies: {', '.join(when.remediation)} is of risk {' or '.join(sorted(risks))}"
    if when.confidence_below is not None and when.confidence_below.rank == 0:
        yield "confidence_below", f"never applies: no confidence is below {when.confidence_below}"
    if when.confidence is not None and when.confidence_below is not None:
        if all(one.rank >= when.confidence_below.rank for one in when.confidence):
            yield "confidence_below", "never applies: no confidence that is listed is below it"
    unknown = sorted(set(when.frozen_by or ()) - freezes)
    if unknown:
        yield "frozen_by", f"never applies: there is no freeze named {', '.join(unknown)}"
    if when.frozen is False and when.frozen_by is not None:
        yield "frozen", "never applies: it asks for a freeze and for none"


def _unmeetable(effect: RequireApproval) -> Iterator[tuple[str, str]]:
    """Approvals that nobody can give."""
    if too_few(effect.approvers, effect.count):
        yield "count", f"asks for {effect.count} people, and approvers names {len(set(effect.approvers))}"
    if effect.break_glass and effect.count != 2:
        yield "break_glass", "lets one person act for two, so it needs count: 2"
    if "escalate_to" in effect.model_fields_set and not effect.escalate_to:
        yield "escalate_to", "names nobody; name a group, or leave it out"


def _between(number: int, rule: Rule, other: Rule) -> Iterator[Contradiction]:
    """What is wrong with `rule` because `other` applies whenever it does."""
    if not _implies(rule.when, other.when):
        return
    path: Path = ("rules", number, "then")
    if isinstance(other.then, Forbid) and not isinstance(rule.then, Forbid):
        yield Contradiction(path, f"has no effect: whenever it applies, {other.name!r} forbids")
    elif isinstance(rule.then, Allow) and isinstance(other.then, RequireApproval):
        yield Contradiction(path, f"has no effect: whenever it applies, {other.name!r} asks for approval")
    elif isinstance(rule.then, RequireApproval) and isinstance(other.then, RequireApproval):
        if not set(rule.then.approvers) & set(other.then.approvers):
            yield Contradiction(path, f"can never be met: nobody is an approver of this and of {other.name!r}")


def _implies(narrow: When, wide: When) -> bool:
    """Does `wide` hold whenever `narrow` does? Only said where it is certain."""
    for name in (*LISTS, "frozen_by"):
        wanted: tuple[object, ...] | None = getattr(wide, name)
        given: tuple[object, ...] | None = getattr(narrow, name)
        if name == "risk" and given is None and narrow.remediation is not None:
            given = tuple(risk_of(kind).value for kind in narrow.remediation)
        if wanted is not None and (given is None or not set(given) <= set(wanted)):
            return False
    return (
        all(_as_narrow(narrow, wide, name, 1) for name in _SMALLER_IS_NARROWER)
        and all(_as_narrow(narrow, wide, name, -1) for name in _GREATER_IS_NARROWER)
        and (
            wide.confidence_below is None
            or (narrow.confidence_below is not None and narrow.confidence_below.rank <= wide.confidence_below.rank)
        )
        and wide.frozen in {None, narrow.frozen}
        and wide.paused in {None, narrow.paused}
    )


def _as_narrow(narrow: When, wide: When, name: str, sign: int) -> bool:
    given: float | None = getattr(narrow, name)
    bound: float | None = getattr(wide, name)
    return bound is None or (given is not None and sign * given <= sign * bound)

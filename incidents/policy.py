"""The policy: what a proposal needs before it may run. Pure, deny by default, strictest match wins.

Read from manifests/policy.yaml. No match means forbid; when several rules match, the strictest decides, so the order
of the rules never matters; the decision names the rules that made it. What is not known never loosens a decision.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from incidents.autonomy import Autonomy, AutonomyEntry
from incidents.conditions import When
from incidents.facts import Facts
from incidents.freeze import Freeze
from incidents.policy_example import Example
from incidents.zones import ZoneName, zone_named

_USER_ID = re.compile(r"[UW][A-Z0-9]{2,}")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _handle(value: object) -> object:
    if isinstance(value, str) and (not value.strip() or value.startswith("@")):
        raise ValueError("must be the handle of a Slack user group without the @, or a user id")
    return value


Who = Annotated[str, Field(min_length=1, max_length=80), BeforeValidator(_handle)]
"""The handle of a Slack user group, or a Slack user id."""


class Forbid(_Strict):
    """It may not run; `because` is shown."""

    effect: Literal["forbid"] = "forbid"
    because: Annotated[str, Field(min_length=1)]


class RequireApproval(_Strict):
    """`count` different people of `approvers` in `within_minutes`; afterwards it escalates.

    Attributes:
        count: how many different people have to say yes.
        approvers: handles of Slack user groups, or user ids.
        within_minutes: how long they have.
        escalate_to: who is called when nobody decided in time.
        break_glass: whether one of them may act for two, with a typed reason; only where `count` is 2.
    """

    effect: Literal["require_approval"] = "require_approval"
    count: Annotated[int, Field(ge=1, le=5)] = 1
    approvers: Annotated[tuple[Who, ...], Field(min_length=1)]
    within_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 5
    escalate_to: tuple[Who, ...] = ()
    break_glass: bool = False


class Allow(_Strict):
    """It may run; diagnosis and plan stand in the thread first."""

    effect: Literal["allow"] = "allow"


AnyEffect = Forbid | RequireApproval | Allow
Effect = Annotated[AnyEffect, Field(discriminator="effect")]


class Rule(_Strict):
    """One rule: when these conditions hold, this is needed at least."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    when: When = When()
    then: Effect


class Policy(_Strict):
    """All of manifests/policy.yaml.

    Attributes:
        version: of the file's format.
        time_zone: whose midnight begins a new day of the budgets; also of freezes that name none.
        autonomy: level by model name; `suggest` where a model is not named.
        freezes: change freezes; the fact `frozen` names those that hold.
        rules: what is forbidden, allowed or needs people.
        examples: what the rules are meant to say; a file whose examples fail is refused.
    """

    version: Literal[1]
    time_zone: ZoneName = "UTC"
    autonomy: dict[str, AutonomyEntry] = {}
    freezes: tuple[Freeze, ...] = ()
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    examples: tuple[Example, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Policy":
        for what, named in (("rule", self.rules), ("freeze", self.freezes), ("example", self.examples)):
            names = [one.name for one in named]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} names must be unique; twice: {', '.join(twice)}")
        return self

    @property
    def hash(self) -> str:
        """SHA-256 of the policy's content; recorded beside every proposal."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def approvers(self) -> frozenset[str]:
        """Everybody whom any rule names as an approver."""
        effects = [rule.then for rule in self.rules]
        return frozenset(a for effect in effects if isinstance(effect, RequireApproval) for a in effect.approvers)

    def autonomy_of(self, model: str) -> Autonomy:
        """The model's level."""
        entry = self.autonomy.get(model)
        return "suggest" if entry is None else entry.level

    def frozen_by(self, now: datetime, *, model: str, environment: str) -> tuple[str, ...]:
        """Names of the change freezes that hold for a model at `now` (aware)."""
        return tuple(
            freeze.name
            for freeze in self.freezes
            if freeze.covers(model=model, environment=environment)
            and freeze.in_force(now, zone_named(freeze.time_zone or self.time_zone))
        )


PolicySource = Callable[[], Policy]
"""The policy in force now. Raises `PolicyUnreadable` where its file cannot be read: then nothing may run."""


class Decision(_Strict):
    """What the policy says of one proposal, and which rules said it."""

    effect: Effect
    rules: tuple[str, ...]


def too_few(approvers: tuple[str, ...], count: int) -> bool:
    """Are fewer people named than have to agree? A group may have any number of members."""
    return all(_USER_ID.fullmatch(one) for one in approvers) and len(set(approvers)) < count


def strictness(effect: AnyEffect) -> tuple[int, int, float, bool]:
    """A total order of effects: the greater, the stricter.

    Forbid, then approvals (more people, then less time, then without break-glass), then allow.
    """
    match effect:
        case Forbid():
            return (2, 0, 0.0, True)
        case RequireApproval():
            return (1, effect.count, -effect.within_minutes, effect.count == 1 or not effect.break_glass)
        case Allow():
            return (0, 0, 0.0, False)


def decide(policy: Policy, facts: Facts) -> Decision:
    """The strictest of the rules that match; forbid where none does.

    Approvals join: the most people, named by all of the rules, in the least time; so none is weakened.

    A rule that hangs on a fact that is not known counts as matching where it makes the decision stricter, and as not
    matching where it would make it looser: the decision is the strictest of all that the unknown facts may mean.
    """
    # By name, so that two files with the same rules in another order say the same to the letter.
    judged = [(rule, rule.when.holds(facts)) for rule in sorted(policy.rules, key=lambda rule: rule.name)]
    matching = [rule for rule, holds in judged if holds is not False]
    forbidding = [(rule, rule.then) for rule in matching if isinstance(rule.then, Forbid)]
    if forbidding:
        told = dict.fromkeys(f"{effect.because}{_unknown(rule, facts)}" for rule, effect in forbidding)
        return Decision(effect=Forbid(because="; ".join(told)), rules=tuple(rule.name for rule, _ in forbidding))
    if not any(holds is True for _, holds in judged):
        return Decision(effect=Forbid(because="no rule of the policy allows it"), rules=())
    approvals = {rule.name: rule.then for rule in matching if isinstance(rule.then, RequireApproval)}
    if approvals:
        return _joined(approvals)
    return Decision(effect=Allow(), rules=tuple(rule.name for rule, holds in judged if holds is True))


def _unknown(rule: Rule, facts: Facts) -> str:
    names = [check.condition for check in rule.when.checks(facts) if check.met is None]
    return f" (not known: {', '.join(names)})" if names else ""


def _joined(approvals: dict[str, RequireApproval]) -> Decision:
    """What satisfies every one of `approvals`, by the names of their rules."""
    effects = list(approvals.values())
    count = max(effect.count for effect in effects)
    shared = _shared(effects)
    if not shared or too_few(shared, count):
        who = "nobody is an approver of" if not shared else f"fewer than {count} people are approvers of"
        return Decision(effect=Forbid(because=f"{who} all of: {', '.join(approvals)}"), rules=tuple(approvals))
    joined = RequireApproval(
        count=count,
        approvers=shared,
        within_minutes=min(effect.within_minutes for effect in effects),
        escalate_to=tuple(dict.fromkeys(group for effect in effects for group in effect.escalate_to)),
        # Where one person is enough anyway, acting for two changes nothing: only rules that ask for more have a say.
        break_glass=count == 2 and all(effect.break_glass for effect in effects if effect.count > 1),
    )
    return Decision(effect=joined, rules=_deciding(approvals, count))


def _shared(effects: Sequence[RequireApproval]) -> tuple[str, ...]:
    return tuple(a for a in effects[0].approvers if all(a in effect.approvers for effect in effects))


def _deciding(approvals: dict[str, RequireApproval], count: int) -> tuple[str, ...]:
    """The rules that ask for the most people, and those that add something to them."""
    most = [effect for effect in approvals.values() if effect.count == count]
    within, shared = min(effect.within_minutes for effect in most), set(_shared(most))
    return tuple(
        name
        for name, effect in approvals.items()
        if effect.count == count or effect.within_minutes < within or not shared <= set(effect.approvers)
    )

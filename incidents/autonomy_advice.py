"""What a record of remediations might justify, in words. Only ever suggested: the level is a line of policy.yaml.

The thresholds are ours; there is no standard for them. They follow the exact binomial bound: after n successes and no
failure, a failure rate of 1 - 0.05 ** (1 / n) is still possible with 95 % confidence (Clopper and Pearson, 1934): 26 %
after 10, 10 % after 30.
"""

from collections.abc import Sequence
from datetime import timedelta

from incidents.approval import ApprovalState
from incidents.clock import Moment
from incidents.effect import RiskClass
from incidents.trust import Handled, count

VERIFIED_FOR_LOW = 10
"""Proven recoveries before a remediation of low risk may be considered for running by itself."""
VERIFIED_FOR_HIGH = 30
"""The same for one of high risk."""
QUIET = timedelta(days=90)
"""How long nobody must have said no."""


def suggestion(risk: RiskClass, handled: Sequence[Handled], false_alarms: int, as_of: Moment) -> str:
    """What might be considered for these, all of one kind and model, or what stands against it."""
    if risk is RiskClass.NONE:
        return "changes nothing that serves; needs no level"
    needed, level = (VERIFIED_FOR_LOW, "execute_low") if risk is RiskClass.LOW else (VERIFIED_FOR_HIGH, "execute_high")
    counts = count(handled)
    against: list[str] = []
    if counts.verified < needed:
        against.append(f"{counts.verified} of the {needed} proven recoveries that are needed")
    if counts.reverted:
        against.append(f"{counts.reverted} undone")
    if counts.failed:
        against.append(f"{counts.failed} failed")
    denied = [one for one in handled if one.state is ApprovalState.DENIED]
    lately = sum((one.decided_at or one.made_at) > as_of - QUIET for one in denied)
    if lately:
        against.append(f"{lately} denied in the last {QUIET.days} days")
    if false_alarms:
        against.append(f"proposed in {false_alarms} {'false alarm' if false_alarms == 1 else 'false alarms'}")
    if against:
        return f"people decide: {', '.join(against)}"
    return (
        f"may be considered for {level}: {counts.verified} proven recoveries, none failed or undone, nobody said no "
        f"in {QUIET.days} days (a failure rate of up to {still_possible(counts.verified):.0%} is still possible)"
    )


def still_possible(successes: int) -> float:
    """The failure rate that so many successes without a failure leave possible, with 95 % confidence."""
    return 1.0 if successes < 1 else 1 - 0.05 ** (1 / successes)

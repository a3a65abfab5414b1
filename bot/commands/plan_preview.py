"""What an investigation would put up, step by step, as a card would show it. Nothing is written and nothing is sent."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from bot.workflows.origins import OriginReads, origin_of
from incidents.catalogue import ModelSpec
from incidents.effect import Estimate, PlanRow
from incidents.facts import Facts
from incidents.investigation import Case, Findings
from incidents.policy import Allow, Decision, Forbid, Policy, RequireApproval, decide
from incidents.proposal import RemediationChoice, When
from incidents.spec import spec_of
from tools.errors import InvalidRequest, NotFound, UpstreamError
from tools.sagemaker.preflight import Preflight

WHEN: dict[When, str] = {
    When.AT_ONCE: "at once",
    When.AFTER_PREVIOUS: "once the step before it has succeeded",
    When.IF_GATE_FAILS: "if the candidate fails its gate",
}


class PlannedStep(BaseModel):
    """One step of the plan.

    Attributes:
        remediation: kind and parameters.
        before_after: what would change, line by line; empty where `not_proposed` says why there is none.
        policy: what the policy says of it where nothing else is under way, frozen windows included.
        not_proposed: what stands against it; with one of these no card would be made.
    """

    model_config = ConfigDict(frozen=True)

    title: str
    remediation: dict[str, Any]
    when: str
    reason: str
    evidence: tuple[str, ...]
    risk: str
    before_after: tuple[PlanRow, ...] = ()
    undo: str = ""
    estimate: Estimate
    success_criteria: tuple[str, ...]
    checked: tuple[str, ...] = ()
    policy: str
    not_proposed: tuple[str, ...] = ()


async def preview(case: Case, findings: Findings, reads: OriginReads, policy: Policy) -> list[PlannedStep]:
    """Every step of the plan, those that wait for others too."""
    if case.model is None:
        return []
    return [await _step(case, case.model, findings, one, reads, policy) for one in findings.plan.choices]


async def _step(
    case: Case,
    model: ModelSpec,
    findings: Findings,
    choice: RemediationChoice,
    reads: OriginReads,
    policy: Policy,
) -> PlannedStep:
    spec = spec_of(choice.remediation)
    rows: tuple[PlanRow, ...] = ()
    undo, looked, problems = "", Preflight(), ()
    try:
        origin = await origin_of(reads, model, choice.remediation, case.incident)
        looked = await reads.sagemaker.preflight(choice.remediation, model)
        problems = looked.problems
        rows, undo = spec.plan(origin), spec.undo(origin).words
    except NotFound as error:
        problems = (f"{error.service} does not have what it would start from",)
    except InvalidRequest as error:
        problems = (error.detail,)
    except UpstreamError as error:
        problems = (f"{error.service} could not be read",)
    except ValueError as error:
        problems = (str(error),)
    return PlannedStep(
        title=spec.title,
        remediation=choice.remediation.model_dump(mode="json"),
        when=choice.condition or WHEN[choice.when],
        reason=choice.reason,
        evidence=choice.evidence,
        risk=spec.risk.value,
        before_after=rows,
        undo=undo,
        estimate=spec.estimate(model),
        success_criteria=spec.success_criteria,
        checked=looked.told,
        policy=_policy_in_words(policy, _facts(case, model, findings, choice, policy)),
        not_proposed=problems,
    )


def _facts(case: Case, model: ModelSpec, findings: Findings, choice: RemediationChoice, policy: Policy) -> Facts:
    """The facts of a world in which nothing else was done and nothing is under way."""
    spec = spec_of(choice.remediation)
    return Facts(
        remediation=choice.remediation.kind,
        risk=spec.risk.value,
        model=model.name,
        environment=model.environment,
        tier=model.tier,
        severity=case.incident.severity,
        autonomy=policy.autonomy_of(model.name),
        step="first" if choice.when is When.AT_ONCE else "next",
        confidence=findings.diagnosis.confidence,
        evidence_count=len(choice.evidence),
        in_flight=0,
        minutes_since_last="never",
        minutes_since_denied="never",
        remediations_today=0,
        cost_today_usd=0.0,
        cost_usd=spec.estimate(model).cost_usd,
        endpoints_changed=0,
        frozen=policy.frozen_by(case.now, model=model.name, environment=model.environment),
        paused=False,
    )


def _policy_in_words(policy: Policy, facts: Facts) -> str:
    decision = decide(policy, facts)
    match decision.effect:
        case Forbid(because=because):
            words = f"forbids it: {because}"
        case RequireApproval(count=count, approvers=approvers, within_minutes=minutes):
            people = "one person" if count == 1 else f"{count} people"
            words = f"needs {people} of {', '.join(approvers)} to approve within {minutes:g} min"
        case Allow():
            words = "lets it run without waiting for people"
    return words + _rules(decision)


def _rules(decision: Decision) -> str:
    return f" ({', '.join(decision.rules)})" if decision.rules else ""

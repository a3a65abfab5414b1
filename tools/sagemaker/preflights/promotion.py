"""Before a promotion: is the candidate whole, and would its way back work?"""

from collections import Counter
from collections.abc import Sequence

from tools.errors import NotFound, UpstreamError
from tools.sagemaker.preflight import Findings, Preflight, why
from tools.sagemaker.preflights.parts import (
    Sight,
    account_of,
    check_containers,
    check_quota,
    check_standing,
    instances,
)
from tools.sagemaker.promotion import left_behind
from tools.sagemaker.states import EndpointState


def promotion_preflight(
    sight: Sight, endpoint: str, variant: str, package_arn: str, alarms: Sequence[str]
) -> Preflight:
    """Of putting a model package live on `endpoint` by a canary that `alarms` take back.

    Raises:
        UpstreamError: the endpoint itself cannot be read; `NotFound` where there is none.
    """
    findings = Findings()
    state = sight.descriptions.endpoint(endpoint)
    check_standing(findings, state)
    _check_package(findings, sight, package_arn, account_of(state))
    _check_live(findings, sight, state, variant)
    _check_alarms(findings, sight, alarms)
    return findings.preflight()


def _check_package(findings: Findings, sight: Sight, arn: str, account: str) -> None:
    try:
        package = sight.descriptions.model_package(arn)
    except NotFound:
        findings.problem(f"model package {arn} does not exist")
        return
    except UpstreamError as error:
        findings.problem(f"model package {arn} could not be read ({why(error)})")
        return
    name = f"version {package.version} of {package.group}"
    if package.status != "Completed":
        findings.problem(f"{name} is {package.status}, not Completed")
    elif package.approval_status == "Rejected":
        findings.problem(f"{name} was rejected by somebody")
    else:
        findings.checked(f"{name} exists and is {package.approval_status}")
    check_containers(findings, sight, name, package.containers, account)


def _check_live(findings: Findings, sight: Sight, state: EndpointState, variant: str) -> None:
    names = sorted(one.name for one in state.variants)
    findings.must(
        names == [variant],
        f"the variant stays {variant}",
        f"endpoint {state.name} runs {', '.join(names) or 'no variant'}; a promotion takes one variant, {variant}",
    )
    try:
        config = sight.descriptions.endpoint_config(state.config_name)
        live, model = sight.descriptions.live_variant(config, variant)
    except NotFound:
        findings.problem(f"{state.config_name} has no variant {variant} any more, or its model is gone")
        return
    except UpstreamError as error:
        findings.problem(f"what {state.name} runs now could not be read ({why(error)})")
        return
    lost = left_behind(config, live, model)
    findings.must(
        not lost,
        "network, encryption and data capture are carried over from the live config",
        f"the live endpoint uses {', '.join(lost)}, which a promotion would not carry over",
    )
    if live.instance_type is None:
        findings.problem(f"variant {variant} is serverless; SageMaker takes no canary for it")
        return
    # A canary and its blue/green fleet: the whole count again, beside the one that serves.
    now = instances(state, config)
    check_quota(findings, sight, now, Counter({live.instance_type: now[live.instance_type]}))


def _check_alarms(findings: Findings, sight: Sight, names: Sequence[str]) -> None:
    try:
        alarms = sight.surroundings.alarms(names)
    except UpstreamError as error:
        # The way back rests on them: unlike an image, they may not be taken on trust.
        findings.problem(f"the alarms {', '.join(names)} could not be read ({why(error)})")
        return
    for alarm in alarms:
        match alarm.state:
            case "OK":
                findings.checked(f"alarm {alarm.name} exists and is not firing")
            case "INSUFFICIENT_DATA":
                findings.unchecked(f"whether alarm {alarm.name} works (it has no data yet)")
            case "ALARM":
                findings.problem(f"alarm {alarm.name} is firing; SageMaker would take the update back at once")
            case "missing":
                findings.problem(f"alarm {alarm.name} does not exist; without it the canary cannot be taken back")

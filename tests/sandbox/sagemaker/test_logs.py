"""The local CloudWatch Logs takes what AWS takes, and tells a page at a time."""

from collections.abc import Callable

import pytest

from sandbox.sagemaker.logs import SEARCHED_AT_ONCE
from sandbox.sagemaker.server import LocalSageMaker
from tests.sandbox.sagemaker.conftest import MODEL, START, Aws
from tools.cloudwatch_logs.trouble import PATTERN

GROUP = f"/aws/sagemaker/Endpoints/{MODEL.endpoint}"
Refusal = Callable[[Callable[[], object]], tuple[str, str]]


@pytest.mark.parametrize("pattern", ["%(a|b)%", "ERROR", "%two words%"])
def test_a_pattern_that_aws_refuses_or_this_does_not_know_is_refused(aws: Aws, refusal: Refusal, pattern: str) -> None:
    logs = aws.client("logs")
    code, _ = refusal(lambda: logs.filter_log_events(logGroupName=GROUP, filterPattern=pattern))
    assert code == "InvalidParameterException"


def test_an_empty_page_may_not_be_the_last(aws: Aws, local: LocalSageMaker) -> None:
    local.log(MODEL.endpoint, [("AllTraffic/i-1", "fine")] * SEARCHED_AT_ONCE, START)
    local.log(MODEL.endpoint, [("AllTraffic/i-1", "ERROR")], START + 1)
    logs = aws.client("logs")
    first = logs.filter_log_events(logGroupName=GROUP, filterPattern=PATTERN)
    assert first["events"] == []
    second = logs.filter_log_events(logGroupName=GROUP, filterPattern=PATTERN, nextToken=first["nextToken"])
    assert [one["message"] for one in second["events"]] == ["ERROR"]
    assert "nextToken" not in second


def test_a_reset_forgets_what_was_logged(aws: Aws, local: LocalSageMaker) -> None:
    local.log(MODEL.endpoint, [("AllTraffic/i-1", "ERROR")], START)
    local.reset()
    assert aws.client("logs").filter_log_events(logGroupName=GROUP)["events"] == []

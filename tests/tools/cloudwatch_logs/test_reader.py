"""What is read of CloudWatch Logs: what was asked for, in order, within bounds, and never more than read."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from incidents.effect import ApiRequest
from sandbox.sagemaker.server import LocalSageMaker
from tests.tools.sagemaker.world import CREDENTIALS, REGION, SEEDED, SPEC, HandClock
from tools.cloudwatch_logs import reader as module
from tools.cloudwatch_logs.reader import LogReader
from tools.cloudwatch_logs.records import LogPlace
from tools.cloudwatch_logs.trouble import PATTERN, TROUBLE
from tools.errors import AccessDenied, NotFound, Throttled, Unavailable
from tools.sagemaker.operator import SageMakerOperator
from tools.sagemaker.reader import SageMakerReader

PLACE = LogPlace.of_endpoint(SEEDED.endpoint)
STREAM = "AllTraffic/i-1"
ACCESS = '169.254.178.2 "POST /invocations HTTP/1.1" 200 48 "-" "AHC/2.0"'


def write(local: LocalSageMaker, *texts: str, at: float = HandClock.START) -> None:
    local.log(SEEDED.endpoint, [(STREAM, text) for text in texts], at)


def window(minutes: float = 60) -> tuple[datetime, datetime]:
    end = datetime.fromtimestamp(HandClock.START, UTC) + timedelta(minutes=minutes)
    return end - timedelta(minutes=2 * minutes), end


@pytest.mark.parametrize(
    "text",
    [
        "ERROR something",
        "KeyError: 'amount'",
        "java.lang.NullPointerException",
        "Traceback (most recent call last):",
        "[WARN ] slow",
        "upstream timed out (110: Operation timed out)",
        "ReadTimeout",
        '169.254.178.2 "POST /invocations HTTP/1.1" 503 48',
        "ThrottlingException: Rate exceeded",
        "CUDA out of memory",
        "Killed",
    ],
)
def test_what_tells_of_trouble_is_asked_for(text: str) -> None:
    assert TROUBLE.search(text)


@pytest.mark.parametrize("text", [ACCESS, '"GET /ping HTTP/1.1" 200', "INFO epoch 1/5 done, loss 0.5", "model loaded"])
def test_what_tells_of_nothing_is_not(text: str) -> None:
    assert not TROUBLE.search(text)


def test_the_pattern_is_one_that_cloudwatch_takes() -> None:
    assert len(PATTERN) <= 1024
    assert not set(PATTERN) & set("()! ")


async def test_trouble_is_told_in_order_with_time_and_stream(reader: LogReader, local: LocalSageMaker) -> None:
    write(local, ACCESS, "ERROR one", at=HandClock.START - 20)
    write(local, ACCESS, "WARN two", at=HandClock.START - 10)
    found = await reader.trouble(PLACE, *window())
    assert [line.text for line in found.lines] == ["ERROR one", "WARN two"]
    assert found.whole
    assert found.lines[0].stream == STREAM
    assert found.lines[0].at == datetime.fromtimestamp(HandClock.START - 20, UTC)


async def test_what_lies_outside_of_the_window_is_not_told(reader: LogReader, local: LocalSageMaker) -> None:
    for seconds in (-7200, 0, 7200):
        write(local, f"ERROR {seconds}", at=HandClock.START + seconds)
    assert [line.text for line in (await reader.trouble(PLACE, *window())).lines] == ["ERROR 0"]


async def test_pages_without_a_line_do_not_end_the_reading(reader: LogReader, local: LocalSageMaker) -> None:
    """CloudWatch ends a page after what it has searched, found or not."""
    write(local, *[ACCESS] * 3_000)
    write(local, "ERROR at last", at=HandClock.START + 1)
    found = await reader.trouble(PLACE, *window())
    assert [line.text for line in found.lines] == ["ERROR at last"]
    assert found.whole


async def test_a_flood_is_read_up_to_a_bound_and_said_not_to_be_whole(reader: LogReader, local: LocalSageMaker) -> None:
    write(local, *(f"ERROR {n}" for n in range(module.MOST_LINES + 500)))
    found = await reader.trouble(PLACE, *window())
    assert len(found.lines) == module.MOST_LINES
    assert not found.whole


async def test_pages_are_bounded_too(reader: LogReader, local: LocalSageMaker) -> None:
    write(local, *[ACCESS] * 15_000)
    found = await reader.trouble(PLACE, *window())
    assert found.lines == ()
    assert not found.whole


async def test_bytes_are_bounded_and_a_long_line_is_cut(reader: LogReader, local: LocalSageMaker) -> None:
    write(local, *["ERROR " + "x" * 50_000] * 200)
    found = await reader.trouble(PLACE, *window())
    assert not found.whole
    assert sum(len(line.text) for line in found.lines) <= module.MOST_BYTES
    assert len(found.lines[0].text) == module.LONGEST_LINE


async def test_the_first_lines_of_one_stream_can_be_read(reader: LogReader, local: LocalSageMaker) -> None:
    local.log(
        SEEDED.endpoint, [("AllTraffic/i-2", "other"), (STREAM, "a"), (STREAM, "b"), (STREAM, "c")], 1_795_200_000
    )
    place = LogPlace("endpoint", PLACE.name, PLACE.group, STREAM)
    found = await reader.lines(place, *window(), most=2)
    assert [line.text for line in found.lines] == ["a", "b"]
    assert not found.whole


async def test_an_endpoint_that_never_logged_has_an_empty_log(reader: LogReader) -> None:
    assert (await reader.trouble(PLACE, *window())).lines == ()


async def test_a_group_that_is_not_there_is_not_found(reader: LogReader) -> None:
    with pytest.raises(NotFound):
        await reader.trouble(LogPlace.of_endpoint("nobody"), *window())


async def test_a_training_job_tells_its_own_lines_only(
    reader: LogReader, local: LocalSageMaker, clock: HandClock
) -> None:
    """The group is shared by all jobs of the account."""
    names: list[str] = []
    for number in range(2):
        if number == 1:
            local.plays.arm("step_failed", SEEDED.pipeline, step="Train", reason="loss is nan")
        names.append(await started(local, clock, f"xp{number}"))
    places = [LogPlace.of_job("training", name) for name in names]
    assert (await reader.trouble(places[0], *window(600))).lines == ()
    failed = await reader.trouble(places[1], *window(600))
    assert failed.lines[-1].text.endswith("RuntimeError: loss is nan")
    assert {line.stream.partition("/")[0] for line in failed.lines} == {names[1]}


async def started(local: LocalSageMaker, clock: HandClock, execution: str) -> str:
    """Run the training pipeline to its end; answers the name of its training job."""
    operator = SageMakerOperator(
        region=REGION, endpoint_url=local.url, credentials=CREDENTIALS, external_id="agentops-external"
    )
    sagemaker = SageMakerReader(region=REGION, endpoint_url=local.url, credentials=CREDENTIALS)
    try:
        begun = clock.moment()
        request = ApiRequest(
            service="sagemaker",
            operation="StartPipelineExecution",
            parameters={"PipelineName": SEEDED.pipeline, "ClientRequestToken": execution.ljust(32, "-")},
        )
        await operator.send(request, role_arn=SPEC.roles.retrainer, execution_id=execution)
        clock.move(minutes=90)
        jobs = await sagemaker.recent_jobs(SPEC, begun)
        assert {job.kind for job in jobs} >= {"training"}
        return next(job.name for job in jobs if job.kind == "training")
    finally:
        operator.close()
        sagemaker.close()


@pytest.mark.parametrize(("fault", "error"), [("throttle", Throttled), ("denied", AccessDenied), ("down", Unavailable)])
async def test_trouble_of_aws_is_told_as_ours(
    reader: LogReader, local: LocalSageMaker, fault: str, error: type[Exception]
) -> None:
    local.faults.add(fault, match="logs:*")
    with pytest.raises(error):
        await reader.trouble(PLACE, *window())


async def test_a_cloudwatch_that_hangs_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        reader = LogReader(region=REGION, endpoint_url=url, credentials=CREDENTIALS, deadline_s=0.5)
        with pytest.raises(Unavailable, match="no answer within"):
            await reader.trouble(PLACE, *window())
        reader.close()


CHANGING: list[Callable[[Any], Any]] = [
    lambda client: client.put_log_events(
        logGroupName="g", logStreamName="s", logEvents=[{"timestamp": 0, "message": "m"}]
    ),
    lambda client: client.delete_log_group(logGroupName="g"),
    lambda client: client.create_log_group(logGroupName="g"),
    lambda client: client.put_retention_policy(logGroupName="g", retentionInDays=1),
    lambda client: client.start_query(logGroupName="g", startTime=0, endTime=1, queryString="fields @message"),
]


@pytest.mark.parametrize("change", CHANGING)
def test_the_client_refuses_what_is_no_read_before_it_is_sent(reader: LogReader, change: Callable[[Any], Any]) -> None:
    with pytest.raises(AccessDenied, match="before it was sent"):
        change(reader.client)


def test_people_are_shown_the_same_group_and_window_in_the_console() -> None:
    reader = LogReader(region=REGION)
    begin, end = window()
    url = reader.console_url(PLACE, begin, end)
    assert url.startswith(f"https://{REGION}.console.aws.amazon.com/cloudwatch/home?region={REGION}#logsV2:log-groups/")
    plain = unquote(unquote(url.replace("$", "%")))
    assert f"/log-group/{PLACE.group}/log-events?start={int(begin.timestamp() * 1000)}" in plain
    job = unquote(unquote(reader.console_url(LogPlace.of_job("training", "job-7"), begin, end).replace("$", "%")))
    assert job.endswith("/log-group//aws/sagemaker/TrainingJobs?logStreamNameFilter=job-7/")
    reader.close()


def test_a_stand_in_has_no_console(reader: LogReader) -> None:
    assert reader.console_url(PLACE, *window()) == ""

"""Lines of logs that differ in ids, times and numbers only are one; tracebacks are one, however they come."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from agents.collectors.log_news import news_of
from agents.collectors.log_patterns import joined, patterns_of, template_of
from agents.log_signs import Sign, is_error, sign_of
from tools.cloudwatch_logs.records import LogLine, LogLines

START = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)


def lines(texts: Iterable[str], stream: str = "AllTraffic/i-1", apart: float = 0.001) -> list[LogLine]:
    return [LogLine(START + timedelta(seconds=n * apart), stream, text) for n, text in enumerate(texts)]


TRACE = """Traceback (most recent call last):
  File "/opt/ml/code/serve.py", line 12, in load
    import lightgbm
ModuleNotFoundError: No module named 'lightgbm'""".splitlines()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("request 17 took 2.5 s", "request 4711 took 12 s"),
        ("2026-11-20T19:00:00.123Z ERROR slow", "2026-11-20 20:15:01,9 ERROR slow"),
        ("job 5f2b8c1e-9a1b-4c3d-8e7f-001122334455 failed", "job 00000000-9a1b-4c3d-8e7f-001122334455 failed"),
        ("lost 10.0.0.1:8080", "lost 192.168.100.7:443"),
        ("at 0x7f3a2b", "at 0x10"),
        ("worker deadbeef01 gone", "worker 0a1b2c3d4e5f gone"),
        ("a   b", "a b"),
    ],
)
def test_lines_that_differ_in_ids_times_and_numbers_are_alike(one: str, other: str) -> None:
    assert template_of(one) == template_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('"POST /invocations HTTP/1.1" 500 48', '"POST /invocations HTTP/1.1" 503 48'),
        ("KeyError: 'amount'", "KeyError: 'country'"),
        ("feature amount is null", "feature country is null"),
    ],
)
def test_lines_that_tell_of_other_trouble_are_not_alike(one: str, other: str) -> None:
    assert template_of(one) != template_of(other)


def test_a_traceback_is_one_thing_named_by_its_exception() -> None:
    (logged,) = joined(lines(TRACE))
    assert logged.traceback
    assert logged.told == "ModuleNotFoundError: No module named 'lightgbm'"
    assert logged.text.splitlines() == TRACE


def test_what_a_logger_writes_before_each_line_is_no_part_of_a_traceback() -> None:
    prefixed = [f"2026-11-20T19:00:0{n},00{n} [WARN ] W-900{n}-model - {text}" for n, text in enumerate(TRACE)]
    (logged,) = joined(lines(prefixed))
    assert logged.text.splitlines() == TRACE


def test_a_chained_traceback_stays_one_and_is_named_by_its_last_exception() -> None:
    chained = [
        *TRACE,
        "",
        "During handling of the above exception, another exception occurred:",
        "",
        *TRACE[:3],
        "RuntimeError: no model",
    ]
    (logged,) = joined(lines(chained))
    assert logged.told == "RuntimeError: no model"


def test_two_tracebacks_one_behind_the_other_are_two() -> None:
    assert [one.told for one in joined(lines([*TRACE, *TRACE[:3], "ValueError: bad"]))] == [
        TRACE[-1],
        "ValueError: bad",
    ]


def test_tracebacks_of_two_streams_that_mix_in_time_are_told_apart() -> None:
    mixed = [
        line
        for pair in zip(lines(TRACE, "a"), lines([*TRACE[:3], "ValueError: bad"], "b"), strict=True)
        for line in pair
    ]
    assert {one.told for one in joined(mixed)} == {TRACE[-1], "ValueError: bad"}


def test_a_traceback_of_which_only_head_and_exception_were_found_is_still_one() -> None:
    (logged,) = joined(lines([TRACE[0], TRACE[-1]]))
    assert logged.told == TRACE[-1]


def test_a_traceback_in_one_event_is_one() -> None:
    (logged,) = joined(lines(["ERROR " + "\n".join(TRACE)]))
    assert logged.told == TRACE[-1]


def test_a_line_long_after_a_traceback_is_no_part_of_it() -> None:
    found = joined([*lines(TRACE[:1]), LogLine(START + timedelta(seconds=30), "AllTraffic/i-1", "ERROR later")])
    assert [one.told for one in found] == [TRACE[0], "ERROR later"]


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("ModuleNotFoundError: No module named 'lightgbm'", "broken_code"),
        ("torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", "out_of_memory"),
        ("botocore.errorfactory.ThrottlingException: Rate exceeded", "dependency"),
        ("requests.exceptions.ConnectionError: Connection refused", "dependency"),
        ("WARNING amount is null in 38 of 100 rows", "bad_input"),
        ("ValueError: could not convert string to float: 'n/a'", "bad_input"),
        ('169.254.178.2 "POST /invocations HTTP/1.1" 500 48', None),
        ("ERROR something else", None),
    ],
)
def test_a_line_is_a_sign_by_the_words_of_libraries(text: str, sign: Sign | None) -> None:
    assert sign_of(text) == sign


def test_a_warning_is_no_error() -> None:
    assert not is_error("WARNING amount is null in 38 of 100 rows")
    assert is_error("KeyError: 'amount'")


def told(now: list[str], before: list[str], *, now_whole: bool = True) -> dict[str, int]:
    """What is news, with how often it came before; both windows last an hour."""
    begin = START + timedelta(hours=1)
    later = [LogLine(line.at + timedelta(hours=1), line.stream, line.text) for line in lines(now)]
    found = news_of(
        LogLines(tuple(later), now_whole),
        LogLines(tuple(lines(before))),
        earlier=START,
        begin=begin,
        end=begin + timedelta(hours=1),
    )
    return {one.first.told: one.before for one in found}


def test_what_comes_as_often_as_before_is_no_news() -> None:
    assert told(["ERROR usual 1"] * 12, ["ERROR usual 2"] * 10) == {}


def test_what_is_new_or_grew_is_news_the_worst_first() -> None:
    now = ["WARN odd", *["ERROR more"] * 40, "ERROR: Connection refused"]
    assert told(now, ["ERROR more"] * 4) == {"ERROR: Connection refused": 0, "ERROR more": 4, "WARN odd": 0}


def test_a_few_more_than_before_are_no_news() -> None:
    assert told(["ERROR usual"] * 4, ["ERROR usual"]) == {}


def test_of_a_log_that_was_read_in_part_that_part_is_compared() -> None:
    """Ten in the few milliseconds that could be read are far more than ten in an hour."""
    assert told(["ERROR flood"] * 10, ["ERROR flood"] * 10, now_whole=False) == {"ERROR flood": 10}


def test_patterns_keep_the_first_of_each() -> None:
    found = patterns_of(joined(lines(["ERROR 1", "ERROR 2", "ERROR 3"])))
    assert [(one.count, one.first.text) for one in found.values()] == [(3, "ERROR 1")]

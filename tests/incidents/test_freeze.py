from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from incidents.freeze import Freeze
from incidents.policy import Allow, Policy, Rule
from incidents.zones import day_began, moment_of, zone_named

BERLIN = ZoneInfo("Europe/Berlin")
SPRING = "2026-03-29"
"""In Berlin the clock goes from 02:00 to 03:00, at 01:00 UTC."""
AUTUMN = "2026-10-25"
"""In Berlin the clock goes from 03:00 back to 02:00, at 01:00 UTC."""


def weekly(days: str, starts: str, ends: str) -> Freeze:
    return Freeze.model_validate(
        {
            "name": "freeze",
            "weekly": {"days": days.split(), "starts": starts, "ends": ends},
            "time_zone": "Europe/Berlin",
        }
    )


def between(starts: str, ends: str) -> Freeze:
    return Freeze.model_validate({"name": "freeze", "between": {"starts": starts, "ends": ends}})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("at", "frozen"),
    [
        ("2026-11-27T17:59:59", False),  # Friday
        ("2026-11-27T18:00:00", True),
        ("2026-11-27T23:59:59", True),
        ("2026-11-28T00:00:00", True),
        ("2026-11-28T07:59:59", True),
        ("2026-11-28T08:00:00", False),
        ("2026-11-26T20:00:00", False),  # Thursday
        ("2026-11-27T02:00:00", False),  # the night from Thursday to Friday
    ],
)
def test_a_weekly_freeze_may_cross_midnight(at: str, frozen: bool) -> None:
    assert weekly("fri", "18:00", "08:00").in_force(local(at), BERLIN) is frozen


@pytest.mark.parametrize("ends", ["24:00", "00:00"])
def test_a_whole_day_is_from_midnight_to_midnight(ends: str) -> None:
    sunday = weekly("sun", "00:00", ends)
    moments = ["2026-11-28T23:59:59", "2026-11-29T00:00:00", "2026-11-29T23:59:59", "2026-11-30T00:00:00"]
    assert [sunday.in_force(local(at), BERLIN) for at in moments] == [False, True, True, False]


def test_days_that_follow_each_other_leave_no_gap() -> None:
    weekend = weekly("fri sat sun", "18:00", "18:00")
    begin, end = local("2026-11-27T18:00:00"), local("2026-11-30T18:00:00")
    moments = [begin + timedelta(minutes=7) * n for n in range(0, 617)]
    assert all(weekend.in_force(at, BERLIN) for at in moments if at < end)
    assert not weekend.in_force(begin - timedelta(seconds=1), BERLIN) and not weekend.in_force(end, BERLIN)


@pytest.mark.parametrize(
    ("starts", "ends", "began", "ended"),
    [
        # The night is an hour shorter, and so is the freeze.
        ("01:00", "04:00", "00:00", "02:00"),
        # The start is left out by the clock: it begins at the jump, not an hour before or after it.
        ("02:30", "04:00", "01:00", "02:00"),
        # The end is left out by the clock.
        ("01:00", "02:30", "00:00", "01:00"),
    ],
)
def test_a_freeze_in_the_night_when_clocks_go_forward(starts: str, ends: str, began: str, ended: str) -> None:
    freeze = weekly("sun", starts, ends)
    _is_exactly(freeze, utc(f"{SPRING}T{began}"), utc(f"{SPRING}T{ended}"))


@pytest.mark.parametrize(
    ("starts", "ends", "began", "ended"),
    [
        # The night is an hour longer, and so is the freeze.
        ("01:00", "04:00", "2026-10-24T23:00", "2026-10-25T03:00"),
        # The start comes twice: from the first.
        ("02:30", "04:00", "2026-10-25T00:30", "2026-10-25T03:00"),
        # The end comes twice: to the second, without a hole between them.
        ("01:00", "02:30", "2026-10-24T23:00", "2026-10-25T01:30"),
    ],
)
def test_a_freeze_in_the_night_when_clocks_go_back(starts: str, ends: str, began: str, ended: str) -> None:
    _is_exactly(weekly("sun", starts, ends), utc(began), utc(ended))


def _is_exactly(freeze: Freeze, begin: datetime, end: datetime) -> None:
    second = timedelta(seconds=1)
    assert not freeze.in_force(begin - second, BERLIN) and freeze.in_force(begin, BERLIN)
    assert freeze.in_force(end - second, BERLIN) and not freeze.in_force(end, BERLIN)
    minutes = int((end - begin) / timedelta(minutes=1))
    assert all(freeze.in_force(begin + timedelta(minutes=n), BERLIN) for n in range(minutes))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC", "Pacific/Auckland"])
def test_a_single_freeze_is_by_the_wall_clock_of_its_zone(zone: str) -> None:
    there = zone_named(zone)
    freeze = between("2026-12-19T18:00:00", "2027-01-04T08:00:00")
    begin, end = (moment_of(datetime.fromisoformat(at), there) for at in ("2026-12-19T18:00:00", "2027-01-04T08:00:00"))
    assert begin.astimezone(there).hour == 18 and end.astimezone(there).hour == 8
    second = timedelta(seconds=1)
    moments = (begin - second, begin, end - second, end)
    assert [freeze.in_force(at, there) for at in moments] == [False, True, True, False]


@given(st.datetimes(datetime.fromisoformat("2025-01-01"), datetime.fromisoformat("2028-01-01")))
def test_the_moment_of_a_wall_clock_time_is_one_when_the_clock_shows_it_or_jumps_over_it(at: datetime) -> None:
    at = at.replace(microsecond=0)
    moment = moment_of(at, BERLIN)
    shown, before = (one.astimezone(BERLIN).replace(tzinfo=None) for one in (moment, moment - timedelta(seconds=1)))
    assert shown == at or before < at < shown
    assert moment <= moment_of(at, BERLIN, last=True)


@pytest.mark.parametrize(
    ("now", "zone", "began"),
    [
        ("2026-11-24T14:00:00", "UTC", "2026-11-24T00:00:00"),
        ("2026-11-24T23:30:00", "Europe/Berlin", "2026-11-24T23:00:00"),
        ("2026-10-25T12:00:00", "Europe/Berlin", "2026-10-24T22:00:00"),  # a day of 25 hours
        ("2026-03-29T12:00:00", "Europe/Berlin", "2026-03-28T23:00:00"),  # one of 23
        ("2026-09-06T12:00:00", "America/Santiago", "2026-09-06T04:00:00"),  # one that begins at 01:00
    ],
)
def test_a_day_begins_at_midnight_of_its_zone(now: str, zone: str, began: str) -> None:
    assert day_began(utc(now), zone_named(zone)) == utc(began)


def test_in_a_faster_world_the_day_is_the_last_24_of_its_hours() -> None:
    assert day_began(utc("2026-11-24T14:00:00"), UTC, 60.0) == utc("2026-11-24T13:36:00")
    assert day_began(utc("2026-11-24T00:10:00"), UTC, 60.0) == utc("2026-11-24T00:00:00")


@pytest.mark.parametrize(
    ("given_freeze", "words"),
    [
        ({"name": "f"}, "either weekly or between"),
        (
            {
                "name": "f",
                "weekly": {"days": ["mon"], "starts": "01:00", "ends": "02:00"},
                "between": {"starts": "2026-01-01", "ends": "2026-01-02"},
            },
            "not both",
        ),
        ({"name": "f", "weekly": {"days": [], "starts": "01:00", "ends": "02:00"}}, "at least 1 item"),
        ({"name": "f", "weekly": {"days": ["monday"], "starts": "01:00", "ends": "02:00"}}, "'mon'"),
        ({"name": "f", "weekly": {"days": ["mon"], "starts": 1080, "ends": "02:00"}}, "quotes"),
        ({"name": "f", "weekly": {"days": ["mon"], "starts": "25:00", "ends": "02:00"}}, 'from "00:00"'),
        ({"name": "f", "between": {"starts": "2026-01-02", "ends": "2026-01-02"}}, "not after its start"),
        ({"name": "f", "between": {"starts": "2026-01-02T00:00Z", "ends": "2026-01-03"}}, "timezone"),
        ({"name": "f", "time_zone": "Europe/Atlantis", "between": {"starts": "2026-01-02"}}, "no time zone"),
        ({"name": "f", "time_zone": "../../etc", "between": {"starts": "2026-01-02"}}, "no time zone"),
        ({"name": "f", "environments": [], "between": {"starts": "2026-01-02"}}, "at least 1 item"),
    ],
)
def test_a_freeze_that_cannot_be_meant_is_refused(given_freeze: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Freeze.model_validate(given_freeze)


def test_the_policy_names_the_freezes_that_hold_for_a_model() -> None:
    def freeze(name: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "between": {"starts": "2026-12-01", "ends": "2026-12-02"}, **more}

    policy = Policy(
        version=1,
        time_zone="Pacific/Auckland",
        freezes=tuple(
            Freeze.model_validate(one)
            for one in (
                freeze("ours"),
                freeze("utc", time_zone="UTC"),
                freeze("staging", environments=["staging"]),
                freeze("fraud", models=["fraud-detector"]),
            )
        ),
        rules=(Rule(name="all", then=Allow()),),
    )
    early = utc("2026-11-30T12:00:00")  # the first of December in Auckland, not yet in Greenwich
    assert policy.frozen_by(early, model="churn-predictor", environment="prod") == ("ours",)
    assert policy.frozen_by(early, model="fraud-detector", environment="staging") == ("ours", "staging", "fraud")
    assert policy.frozen_by(utc("2026-12-01T12:00:00"), model="churn-predictor", environment="prod") == ("utc",)

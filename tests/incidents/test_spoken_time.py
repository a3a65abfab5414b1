from datetime import UTC, datetime, timedelta

import pytest

from incidents.spoken_time import moment_of

NOW = datetime(2026, 3, 4, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("now", NOW),
        ("2h", NOW - timedelta(hours=2)),
        ("90m", NOW - timedelta(minutes=90)),
        ("3d", NOW - timedelta(days=3)),
        ("14:00", datetime(2026, 3, 4, 14, 0, tzinfo=UTC)),
        ("23:59", datetime(2026, 3, 3, 23, 59, tzinfo=UTC)),
        ("2026-03-04T12:00", datetime(2026, 3, 4, 12, 0, tzinfo=UTC)),
        ("2026-03-04T12:00z", datetime(2026, 3, 4, 12, 0, tzinfo=UTC)),
        ("2026-03-04T12:00+02:00", datetime(2026, 3, 4, 10, 0, tzinfo=UTC)),
    ],
)
def test_what_a_person_types_is_a_moment(typed: str, meant: datetime) -> None:
    assert moment_of(typed, NOW) == meant


@pytest.mark.parametrize("typed", ["", "soon", "25:00", "-2h", "99999h", "2h30m", "2026-13-01", "<!channel>"])
def test_what_is_no_moment_is_none(typed: str) -> None:
    assert moment_of(typed, NOW) is None

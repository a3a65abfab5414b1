"""What counts as a moment."""

import pytest
from pydantic import TypeAdapter, ValidationError

from incidents.clock import Moment

MOMENT = TypeAdapter[Moment](Moment)


def test_a_moment_is_kept_in_utc() -> None:
    assert MOMENT.validate_python("2026-03-01T12:00:00+02:00").isoformat() == "2026-03-01T10:00:00+00:00"


@pytest.mark.parametrize("said", ["0001-01-01T00:00:00+00:12", "9999-12-31T23:59:00-01:00"])
def test_one_that_lies_outside_of_the_calendar_in_utc_is_refused_and_not_an_error_of_ours(said: str) -> None:
    with pytest.raises(ValidationError, match="years 1 to 9999"):
        MOMENT.validate_python(said)


def test_one_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="needs a time zone"):
        MOMENT.validate_python("2026-03-01T12:00:00")

"""What a list is asked for, read from words as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.listing import LAST_PAGE, Listing
from incidents.alert import Severity
from incidents.incident import LIVE_STATES, IncidentState


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("", Listing()),
        ("fraud-detector", Listing(model="fraud-detector")),
        ("2", Listing(page=2)),
        ("page 3", Listing(page=3)),
        ("page=3", Listing(page=3)),
        ("page", Listing()),
        ("page soon", Listing()),
        ("0", Listing(page=1)),
        ("999999999999", Listing()),
        ("critical", Listing(severity="critical")),
        ("CRITICAL env=prod", Listing(severity="critical", environment="prod")),
        ("environment=staging awaiting-decision", Listing(environment="staging", state="awaiting_decision")),
        ("state=closed severity=info model=fraud*", Listing(model="fraud*", state="closed", severity="info")),
        ("fraud* open page 2", Listing(model="fraud*", state="open", page=2)),
        ("ok", Listing(state="ok")),
        ("state=nonsense", Listing(model="state=nonsense")),
    ],
)
def test_words_become_filters_and_a_page(typed: str, asked: Listing) -> None:
    assert Listing.of(typed) == asked


@given(st.text(max_size=80))
def test_any_words_are_read_and_say_the_same_again(typed: str) -> None:
    asked = Listing.of(typed)
    assert 1 <= asked.page <= LAST_PAGE
    command, _, rest = asked.typed("status", asked.page).partition(" ")
    assert command == "status"
    again = Listing.of(rest)
    if asked.model and " " not in asked.model and "=" not in asked.model:
        assert again.model == asked.model
    assert (again.severity, again.page) == (asked.severity, asked.page)


def test_states_of_incidents_that_are_meant() -> None:
    assert Listing().incident_states == LIVE_STATES == Listing.of("open").incident_states
    assert Listing.of("any").incident_states is None
    assert Listing.of("closed").incident_states == {IncidentState.CLOSED}


def test_a_model_fits_by_its_open_incident() -> None:
    executing, critical = IncidentState.EXECUTING, Severity.CRITICAL
    assert Listing().fits_trouble(None, None)
    assert Listing.of("ok").fits_trouble(None, None) and not Listing.of("ok").fits_trouble(executing, critical)
    assert Listing.of("open").fits_trouble(executing, critical) and not Listing.of("open").fits_trouble(None, None)
    assert Listing.of("executing").fits_trouble(executing, critical)
    assert not Listing.of("escalated").fits_trouble(executing, critical)
    assert Listing.of("critical").fits_trouble(executing, critical)
    assert not Listing.of("warning").fits_trouble(executing, critical)
    assert not Listing.of("warning").fits_trouble(None, None)


def test_a_model_fits_by_name_pattern_and_environment() -> None:
    assert Listing.of("fraud*").fits_model("fraud-detector", "prod")
    assert not Listing.of("fraud").fits_model("fraud-detector", "prod")
    assert not Listing.of("fraud* env=staging").fits_model("fraud-detector", "prod")

"""Questions in a thread and the app's home, through the real Bolt over a real socket."""

import pytest

from tests.bot.slack.fakes import eventually
from tests.bot.slack.office import CHANNEL, Office


async def test_a_question_in_a_thread_is_answered_there(office: Office) -> None:
    root = office.card().thread_ts
    office.acts.write("UVIEWER", CHANNEL, "@agentops why did it fall &amp; rise?", root)
    await eventually(lambda: len(office.desk.done) == 1)
    assert office.desk.named("ask") == [("ask", "why did it fall &amp; rise?", "UVIEWER", CHANNEL, root)]
    last = office.slack.workspace.messages.thread(CHANNEL, str(root))[-1]
    assert "A new config went live." in str(last.blocks)


async def test_an_event_that_slack_delivers_twice_is_answered_once(office: Office) -> None:
    office.slack.workspace.faults.add("duplicate_delivery", match="app_mention")
    office.acts.write("UVIEWER", CHANNEL, "@agentops why?")
    await eventually(lambda: len(office.desk.done) == 1)
    await office.slack.workspace.courier.settle()
    assert len(office.slack.workspace.records.deliveries) == 2
    assert len(office.desk.named("ask")) == 1


@pytest.mark.parametrize("persona", ["UGUEST", "USTRANGER"])
async def test_guests_and_strangers_get_no_data_by_mention(office: Office, persona: str) -> None:
    office.acts.write(persona, CHANNEL, "@agentops why did it fall?")
    await office.told(persona, "full members")
    assert office.desk.calls == []


async def test_a_bare_mention_gets_help(office: Office) -> None:
    office.acts.write("UVIEWER", CHANNEL, "@agentops")
    await office.told("UVIEWER", "What I can do")


async def test_the_home_shows_how_things_stand_with_links_to_threads(office: Office) -> None:
    office.acts.open_home("UVIEWER")
    await eventually(lambda: "Approvals waiting" in office.home("UVIEWER"))
    assert "/archives/CINCIDENTS/p1700000000000100|INC-7>" in office.home("UVIEWER")


@pytest.mark.parametrize("persona", ["UGUEST", "USTRANGER"])
async def test_guests_and_strangers_get_an_empty_home(office: Office, persona: str) -> None:
    office.acts.open_home(persona)
    await eventually(lambda: "full members" in office.home(persona))
    assert office.desk.calls == []


async def test_a_home_that_cannot_be_read_says_so(office: Office) -> None:
    office.desk.fail = RuntimeError("secret detail")
    office.acts.open_home("UVIEWER")
    await eventually(lambda: "cannot be read right now" in office.home("UVIEWER"))
    assert "secret detail" not in office.home("UVIEWER")

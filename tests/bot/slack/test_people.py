"""Who somebody is, looked up when they click."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from bot.slack.clients import asking_client, open_session
from bot.slack.people import TRUSTED_FOR, LookupFailed, People
from sandbox.slack.server import SlackServer


@dataclass
class Bench:
    slack: SlackServer
    people: People
    now: float = 0.0

    def calls(self, method: str) -> int:
        return len(self.slack.workspace.records.calls_of(method))

    def set_members(self, *users: str) -> None:
        groups = self.slack.workspace.user_groups
        groups["SMLONCALL"] = replace(groups["SMLONCALL"], users=users)


@pytest.fixture
async def bench(slack: SlackServer) -> AsyncIterator[Bench]:
    session = open_session()
    client = asking_client(slack.workspace.credentials.bot_token, slack.slack_api_url, session)
    made = Bench(slack, People(client, lambda: "TSANDBOX", timeout=1.0, clock=lambda: made.now))
    yield made
    await session.close()


async def test_an_approver_has_the_handles_of_their_groups(bench: Bench) -> None:
    person = await bench.people.lookup("UONCALL")
    assert person.groups == {"ml-oncall"} and person.team == "TSANDBOX"
    assert not (person.is_guest or person.is_bot or person.is_stranger or person.is_deleted)


async def test_guests_strangers_and_bots_are_told_apart(bench: Bench) -> None:
    assert (await bench.people.lookup("UGUEST")).is_guest
    stranger = await bench.people.lookup("USTRANGER")
    assert stranger.is_stranger and stranger.team == "TOTHER"
    assert (await bench.people.lookup("UAGENTOPS")).is_bot
    assert (await bench.people.lookup("USLACKBOT")).is_bot


async def test_a_yes_is_remembered_for_thirty_seconds_a_no_is_not(bench: Bench) -> None:
    await bench.people.lookup("UONCALL")
    await bench.people.lookup("USECOND")
    assert bench.calls("usergroups.list") == 1
    await bench.people.lookup("UVIEWER")
    assert bench.calls("usergroups.list") == 2
    bench.now = TRUSTED_FOR + 1
    bench.set_members("USECOND")
    assert (await bench.people.lookup("UONCALL")).groups == frozenset()


async def test_somebody_just_added_to_the_group_may_decide_at_once(bench: Bench) -> None:
    assert (await bench.people.lookup("UVIEWER")).groups == frozenset()
    bench.set_members("UONCALL", "UVIEWER")
    assert (await bench.people.lookup("UVIEWER")).groups == {"ml-oncall"}


@pytest.mark.parametrize("method", ["users.info", "usergroups.list"])
async def test_it_fails_closed_when_slack_is_down(bench: Bench, method: str) -> None:
    bench.slack.workspace.faults.add("down", match=method)
    with pytest.raises(LookupFailed):
        await bench.people.lookup("UONCALL")


async def test_it_fails_closed_when_slack_is_slow(bench: Bench) -> None:
    bench.slack.workspace.faults.add("latency", seconds=5, match="users.info")
    with pytest.raises(LookupFailed):
        await bench.people.lookup("UONCALL")


async def test_it_fails_closed_for_somebody_slack_does_not_know(bench: Bench) -> None:
    with pytest.raises(LookupFailed):
        await bench.people.lookup("UNOBODY")


async def test_ids_of_groups_are_known_by_handle(bench: Bench) -> None:
    assert await bench.people.group_ids() == {"ml-oncall": "SMLONCALL", "ml-leads": "SMLLEADS"}

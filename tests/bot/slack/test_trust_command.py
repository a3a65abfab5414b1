"""What became of the remediations: figures for the one who asked, the chart in the channel."""

import pytest

from bot.slack import showing
from bot.slack.blocks.chart import chart_missing, chart_post
from sandbox.slack.messages import Message
from tests.bot.slack.fakes import eventually
from tests.bot.slack.office import CHANNEL, Office


def pictures(office: Office) -> list[Message]:
    found = office.slack.workspace.messages.top_level(CHANNEL)
    return [message for message in found if any(block["type"] == "image" for block in message.blocks)]


async def test_trust_tells_the_figures_to_one_and_shows_the_chart_in_the_channel(office: Office) -> None:
    office.desk.chart = chart_post(b"png", title="Remediations by month", said="2026-11: 7 proposed.")
    await office.command("trust product-recommender")
    await office.told("UVIEWER", "Why people said no")
    assert office.desk.named("trust") == [("trust", "product-recommender")]
    await eventually(lambda: len(pictures(office)) == 1)
    assert not pictures(office)[0].is_ephemeral


async def test_trust_without_a_chart_tells_it_in_words(office: Office) -> None:
    office.desk.chart = chart_missing("the extra 'charts' is not installed.", told=["2026-11: 7 proposed"])
    await office.command("trust")
    await office.told("UVIEWER", "2026-11: 7 proposed")
    assert office.desk.named("trust") == [("trust", None)] and pictures(office) == []


async def test_where_the_chart_may_not_stand_the_one_who_asked_is_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(file_id: str) -> bool:
        return False

    monkeypatch.setattr(office.slack.workspace.files, "is_shown", never)
    monkeypatch.setattr(showing, "WAIT_S", 0.01)
    office.desk.chart = chart_post(b"png", title="Remediations by month", said="2026-11: 7 proposed.")
    await office.command("trust")
    await office.told("UVIEWER", "cannot be shown in this channel")
    assert pictures(office) == []


async def test_trust_is_for_full_members_and_known_models_only(office: Office) -> None:
    await office.command("trust", persona="UGUEST")
    await office.told("UGUEST", "full members")
    assert office.desk.named("trust") == []
    await office.command("trust no-such-model")
    await office.told("UVIEWER", "No model here is called")

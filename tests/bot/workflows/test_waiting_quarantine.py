"""Data that is still broken is looked at again: the card that waits stays as long as it tells the window right."""

import pytest

from incidents.approval import ApprovalState
from incidents.proposal import Proposal
from incidents.remediation import QuarantineData
from tests.bot.workflows.rig import Rig
from tests.bot.workflows.test_plans import CHURN
from tests.incidents.builders import data_object, findings, later, model, needs, quarantine, rerun
from tools.errors import Unavailable

FIRST_LOOK = {"minutes": 0}
NEXT_LOOK = {"minutes": 2}


def window(**moved: float) -> QuarantineData:
    """The quarantine that a look proposes so long after the first one."""
    return quarantine().model_copy(update={"window_end": later(**moved)})


def written(rig: Rig, name: str, **moved: float) -> None:
    """An object of that name is there, written so long after the first look."""
    key = f"capture/{name}.jsonl"
    rig.world.objects[key], rig.world.arrived[key] = data_object(key), later(**moved)


async def first_card(rig: Rig) -> Proposal:
    written(rig, "a", minutes=-60)
    written(rig, "b", minutes=-5)
    rig.investigator.answer = findings(window(**FIRST_LOOK))
    rig.stage.writer.intake.store([CHURN], rig.clock())
    await rig.look()
    return rig.waiting()


async def looked_again(rig: Rig, proposed: QuarantineData) -> Proposal:
    """What waits after a person asked for another look, which proposes this."""
    rig.investigator.answer = findings(proposed)
    asked = rig.stage.writer.grouping.ask(model("churn-predictor"), "", "UONCALL", "again", rig.clock())
    assert asked is not None
    await rig.look(**NEXT_LOOK)
    assert len(rig.investigator.cases) == 2
    return rig.waiting()


async def test_a_window_that_moved_on_with_the_clock_keeps_the_card_and_its_votes(rig: Rig) -> None:
    card = await first_card(rig)
    assert len(card.requests) == 3, "the manifest and two objects"
    assert rig.stage.approve(card.id, "UONCALL", needs(2), rig.clock()).result == "voted"
    written(rig, "c", minutes=1)
    after = await looked_again(rig, window(minutes=2))
    assert (after.id, after.digest, after.requests) == (card.id, card.digest, card.requests)
    assert "superseded" not in rig.stage.told(card.incident_id)
    assert rig.stage.approve(card.id, "ULEAD", needs(2), rig.clock()).result == "approved"
    await rig.look()
    assert rig.world.objects["capture/b.jsonl"].tags and not rig.world.objects["capture/c.jsonl"].tags, (
        "what the card does not name is not touched"
    )


async def test_an_onset_that_is_found_a_sample_earlier_is_the_same_window(rig: Rig) -> None:
    card = await first_card(rig)
    earlier = window(minutes=2).model_copy(update={"window_start": later(hours=-2, seconds=-30)})
    assert (await looked_again(rig, earlier)).id == card.id


@pytest.mark.parametrize("change", ["late", "overwritten", "tagged", "from before"])
async def test_a_window_whose_objects_are_others_gets_a_card_of_its_own(rig: Rig, change: str) -> None:
    card = await first_card(rig)
    newer = window(minutes=2)
    match change:
        case "late":
            written(rig, "late", minutes=-30)
        case "overwritten":
            rig.world.objects["capture/b.jsonl"] = data_object("capture/b.jsonl").model_copy(update={"etag": "other"})
        case "tagged":
            rig.world.objects["capture/b.jsonl"] = data_object("capture/b.jsonl", owner="x")
        case _:
            written(rig, "before", hours=-2, minutes=-1)
            newer = newer.model_copy(update={"window_start": later(hours=-2, minutes=-2)})
    after = await looked_again(rig, newer)
    assert after.id != card.id and after.remediation == newer
    assert rig.stage.reader.proposal(card.id).approval.state is ApprovalState.SUPERSEDED


@pytest.mark.parametrize("newer", [window(minutes=-1), window(minutes=61)], ids=["ends earlier", "an hour later"])
async def test_a_window_that_is_known_to_end_or_is_long_past_gets_a_card_of_its_own(
    rig: Rig, newer: QuarantineData
) -> None:
    card = await first_card(rig)
    after = await looked_again(rig, newer)
    assert after.id != card.id and after.remediation == newer


async def test_nothing_is_kept_on_a_world_that_cannot_be_read(rig: Rig) -> None:
    card = await first_card(rig)
    rig.investigator.answer = findings(window(minutes=2), rerun())
    rig.world.unreadable = Unavailable("S3", "ListObjectsV2", "no answer")
    rig.stage.writer.grouping.ask(model("churn-predictor"), "", "UONCALL", "again", rig.clock())
    await rig.look(**NEXT_LOOK)
    assert not rig.stage.reader.pending_proposals()
    assert rig.stage.reader.proposal(card.id).approval.state is ApprovalState.SUPERSEDED

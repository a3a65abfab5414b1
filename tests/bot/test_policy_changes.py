"""The policy file changes while the bot runs: what was signed under the old one is asked about under the new one."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.decisions import Decisions
from incidents.approval import Person
from incidents.execution import ExecutionState
from incidents.pause import EVERYTHING
from tests.bot.workflows.fakes import Clock
from tests.bot.workflows.rig import Rig, build
from tests.incidents.builders import MANIFESTS, catalogue, findings, later, rollback
from tests.stores import engine_url_at, store_at
from tools.manifests.watched_policy import WatchedPolicy

HOME = "TSANDBOX"
ONCALL = Person(id="UONCALL", team=HOME, groups=frozenset({"ml-oncall"}))


@dataclass
class PolicyFile:
    """A copy of the shipped file, to be changed."""

    path: Path

    def edit(self, old: str, new: str) -> None:
        text = self.path.read_text(encoding="utf-8")
        assert old in text
        self.path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def write(self, text: str) -> None:
        self.path.write_text(text, encoding="utf-8")

    def remove(self) -> None:
        self.path.unlink()


@pytest.fixture
def file(tmp_path: Path) -> PolicyFile:
    return PolicyFile(Path(shutil.copy(MANIFESTS / "policy.yaml", tmp_path / "policy.yaml")))


@pytest.fixture
def rig(file: PolicyFile, tmp_path: Path) -> Iterator[Rig]:
    database = store_at(tmp_path / "agentops.sqlite")
    made = build(database, engine_url_at(tmp_path / "engine.sqlite"), policy_source=WatchedPolicy(file.path))
    yield made
    made.engine.destroy()
    database.close()


def decisions(rig: Rig) -> Decisions:
    return Decisions(
        rig.stage.reader,
        rig.stage.writer,
        catalogue(),
        rig.deps.policy,
        home_team=lambda: HOME,
        clock=Clock(later(minutes=1)),
        speed=1.0,
        wake=lambda: None,
    )


OBSERVE = ("product-recommender: suggest", "product-recommender: observe")


async def test_a_click_is_judged_by_the_file_as_it_is_at_the_click(rig: Rig, file: PolicyFile) -> None:
    rig.stage.awaiting()
    file.edit(*OBSERVE)
    said = await decisions(rig).approve("p1", ONCALL)
    assert (said.result, said.why) == ("forbidden", "the model's autonomy level is observe")
    file.edit(OBSERVE[1], OBSERVE[0])
    assert (await decisions(rig).approve("p1", ONCALL)).result == "approved"


async def test_under_a_file_that_cannot_be_read_nothing_is_approved_and_no_pause_ends(
    rig: Rig, file: PolicyFile
) -> None:
    incident = rig.stage.awaiting()
    await decisions(rig).pause(EVERYTHING, ONCALL)
    file.edit("effect: forbid,", "effect: forbids,")
    said = await decisions(rig).approve("p1", ONCALL)
    assert said.result == "forbidden"
    assert said.why.startswith("the policy file cannot be read: ") and said.why.endswith("; nothing may run")
    assert rig.stage.told(incident)[-1] == "refused"
    resumed = await decisions(rig).resume(EVERYTHING, ONCALL)
    assert resumed.result == "refused" and "the policy file cannot be read" in resumed.why
    file.edit("effect: forbids,", "effect: forbid,")
    assert (await decisions(rig).resume(EVERYTHING, ONCALL)).result == "resumed"
    assert (await decisions(rig).approve("p1", ONCALL)).result == "approved"


@pytest.mark.parametrize("broken", ["", "version: 1\nrules: [{name: all, then: {effect: alow}}]\n"])
async def test_a_file_that_breaks_after_the_approval_stops_the_call(rig: Rig, file: PolicyFile, broken: str) -> None:
    rig.approved_rollback()
    file.write(broken)
    await rig.look()
    assert rig.state() is ExecutionState.STALE and rig.world.sent == []
    assert "the policy file cannot be read" in rig.row_text()


async def test_a_level_that_is_lowered_after_the_approval_stops_the_call(rig: Rig, file: PolicyFile) -> None:
    rig.approved_rollback()
    file.edit(*OBSERVE)
    await rig.look()
    assert rig.state() is ExecutionState.STALE and rig.world.sent == []
    assert "observe" in rig.row_text()


async def test_under_a_file_that_cannot_be_read_nothing_is_offered(rig: Rig, file: PolicyFile) -> None:
    incident = rig.stage.open()
    rig.investigator.answer = findings(rollback())
    file.remove()
    await rig.look(minutes=1)
    assert rig.stage.reader.file(incident).proposals == ()
    said = [entry.text for entry in rig.stage.reader.timeline(incident) if entry.kind == "forbidden"]
    assert len(said) == 1 and "the policy file cannot be read" in said[0]

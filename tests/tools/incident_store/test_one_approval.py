"""One approval is one execution: replayed, clicked twice, clicked by fifty people; and none after a denial."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from bot.decisions import Decisions
from incidents.approval import Person
from tests.incidents.builders import catalogue, later, policy
from tests.tools.incident_store.stage import Stage

HERE = Path(__file__).resolve().parents[3]
ONCALL = Person(id="UONCALL", team="TSANDBOX", groups=frozenset({"ml-oncall"}))
CLICKS = (13, 13, 12, 12)
"""Of each process: fifty in all."""


def decisions(stage: Stage) -> Decisions:
    return Decisions(
        stage.reader,
        stage.writer,
        catalogue(),
        policy,
        home_team=lambda: "TSANDBOX",
        clock=lambda: later(minutes=1),
        speed=1.0,
        wake=lambda: None,
    )


def executions(stage: Stage, incident_id: str) -> list[str]:
    return [one.id for one in stage.reader.file(incident_id).executions]


async def test_a_replayed_approval_starts_nothing_more(stage: Stage) -> None:
    id = stage.awaiting()
    results = [(await decisions(stage).approve("p1", ONCALL)).result for _ in range(4)]
    assert results == ["approved", *["decided_before"] * 3]
    assert executions(stage, id) == ["xp1"]


async def test_a_double_click_starts_one_execution(stage: Stage) -> None:
    id = stage.awaiting()
    both = await asyncio.gather(*(decisions(stage).approve("p1", ONCALL) for _ in range(2)))
    assert sorted(one.result for one in both) == ["approved", "decided_before"]
    assert executions(stage, id) == ["xp1"]


async def test_an_approval_after_a_denial_starts_nothing(stage: Stage) -> None:
    id = stage.awaiting()
    await decisions(stage).deny("p1", ONCALL, "not during the sale")
    late = await decisions(stage).approve("p1", ONCALL)
    assert (late.result, late.by) == ("decided_before", "UONCALL")
    assert executions(stage, id) == []


async def test_fifty_clicks_at_once_from_four_processes_start_one_execution(stage: Stage) -> None:
    id = stage.awaiting()
    url = stage.database.url.render_as_string(hide_password=False)
    answers = await asyncio.to_thread(_clicked_in_processes, url)
    assert sorted(map(len, answers)) == sorted(CLICKS)
    counted = Counter(result for results in answers for result in results)
    assert counted == {"approved": 1, "decided_before": 49}
    assert executions(stage, id) == ["xp1"]
    assert Counter(stage.told(id))["approved"] == 1
    assert len(stage.reader.proposal("p1").approval.votes) == 1


def _clicked_in_processes(url: str) -> list[list[str]]:
    command = [sys.executable, "-m", "tests.tools.incident_store.clicking", url, "p1", *map(str, CLICKS)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, cwd=HERE, check=True, timeout=120)
    answers: list[list[str]] = json.loads(ran.stdout)
    return answers

"""One approval is one execution: replayed, clicked twice, clicked by fifty people; and none after a denial."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
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
    replicas = [await _replica(url, sum(CLICKS[:n]), count) for n, count in enumerate(CLICKS)]
    for replica in replicas:
        assert await _line(replica) == "ready"
    answers = await asyncio.gather(*(_clicked(replica) for replica in replicas))
    counted = Counter(result for results in answers for result in results)
    assert counted == {"approved": 1, "decided_before": 49}
    assert executions(stage, id) == ["xp1"]
    assert Counter(stage.told(id))["approved"] == 1
    assert len(stage.reader.proposal("p1").approval.votes) == 1


async def _replica(url: str, first: int, count: int) -> Process:
    module = "tests.tools.incident_store.clicking"
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, url, "p1", str(first), str(count), stdin=PIPE, stdout=PIPE, cwd=HERE
    )


async def _clicked(replica: Process) -> list[str]:
    stdin = replica.stdin
    assert stdin is not None
    stdin.write(b"go\n")
    await stdin.drain()
    answered: list[str] = json.loads(await _line(replica))
    stdin.close()
    assert await replica.wait() == 0
    return answered


async def _line(replica: Process) -> str:
    stdout = replica.stdout
    assert stdout is not None
    return (await asyncio.wait_for(stdout.readline(), 120)).decode().strip()
